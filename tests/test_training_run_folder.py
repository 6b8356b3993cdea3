"""A run's folder: which settings it goes on with, and what of them a person is told."""

import dataclasses

import pytest
import yaml

from lofi_tf.config import load_config
from lofi_tf.data.storage.examples import examples_of_records
from lofi_tf.errors import LofiError
from lofi_tf.hparams import with_hparams
from lofi_tf.training.run_folder import check_run, write_run
from tests.grooves import groove_records

CONFIG = load_config("groovae_2bar_humanize")
TRAINING = ["learning_rate=0.5", "dropout_keep_prob=0.5", "head.given_hits=true"]


@pytest.fixture
def run(tmp_path):
    """A run that has a checkpoint."""
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(CONFIG.to_dict()))
    (tmp_path / "run.yaml").write_text("seed: 0\n")
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "model.ckpt-1.index").touch()
    return tmp_path


@pytest.mark.parametrize("hparams", ["", *TRAINING])
def test_a_run_goes_on_with_other_settings_of_training_and_says_so(run, hparams):
    config, lines = with_hparams(CONFIG, hparams), []
    check_run(run, config)
    examples = examples_of_records(groove_records(), config.data.converter)
    write_run(run, config, examples, {"seed": 0}, lines.append)
    differ = "The training settings differ from those the run began with."
    assert (differ in lines) == bool(hparams)
    assert load_config(run) == config


@pytest.mark.parametrize("hparams", ["z_size=7", "converter.humanize=false"])
def test_other_music_or_another_model_is_refused(run, hparams):
    with pytest.raises(LofiError, match="other model or data settings"):
        check_run(run, with_hparams(CONFIG, hparams))


def test_another_discriminator_is_refused(tmp_path, run):
    config = load_config("multiband_vae")
    (run / "config.yaml").write_text(yaml.safe_dump(config.to_dict()))
    other = dataclasses.replace(config.model, discriminator=None)
    training = dataclasses.replace(CONFIG.training, batch_size=config.training.batch_size)
    with pytest.raises(LofiError, match="other model or data settings"):
        check_run(run, dataclasses.replace(config, model=other, training=training))
