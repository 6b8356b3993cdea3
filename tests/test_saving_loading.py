"""Checkpoints and exports to models: whose settings count, and what is refused."""

import dataclasses

import numpy as np
import pytest

from lofi_tf.errors import LofiError
from lofi_tf.hparams import with_hparams
from lofi_tf.saving.checkpoints import checkpoint_of
from lofi_tf.saving.loading import load_model, same_model
from tests.grooves import scrambled_model
from tests.test_crossmodal_model import write_run


@pytest.fixture(scope="module")
def trained():
    return scrambled_model("groovae_2bar_humanize")


def renamed(config, hparams=""):
    return dataclasses.replace(with_hparams(config, hparams), name="mine")


@pytest.mark.parametrize(
    "hparams",
    [
        "batch_size=7,learning_rate=0.5,free_bits=3,sampling_rate=0.5",
        "dropout_keep_prob=0.5",
        "head.given_hits=true,head.expression_weight=2",
    ],
)
def test_settings_of_training_make_no_other_model(trained, hparams):
    assert same_model(trained[1], renamed(trained[1], hparams))


@pytest.mark.parametrize("hparams", ["z_size=7", "dec_rnn_size=[5]", "converter.humanize=false"])
def test_music_and_sizes_make_another_model(trained, hparams):
    assert not same_model(trained[1], renamed(trained[1], hparams))


def test_a_run_opens_with_a_config_that_trains_in_another_way(trained, tmp_path):
    model, config = trained
    write_run(tmp_path, config)
    checkpoint_of(model).save(str(tmp_path / "train" / "model.ckpt"))
    opened, known = load_model(tmp_path / "train", renamed(config, "dropout_keep_prob=0.5"))
    assert known == config
    for one, other in zip(opened.weights, model.weights, strict=True):
        np.testing.assert_array_equal(one, other)
    with pytest.raises(LofiError, match="other settings than the given mine"):
        load_model(tmp_path / "train", renamed(config, "z_size=7"))


def test_an_export_gives_its_weights_and_its_step_back(trained, groove_export):
    model, config = trained
    opened, known = load_model(groove_export)
    assert (known, opened.steps_trained) == (config, 0)
    for one, other in zip(opened.weights, model.weights, strict=True):
        np.testing.assert_array_equal(one, other)
