"""Training from Python: what it takes, refuses and returns."""

import dataclasses

import pytest

import lofi_tf
from lofi_tf.config import load_config
from lofi_tf.errors import LofiError
from tests.grooves import write_groove_records

SMALL = {"enc_rnn_size": [8], "dec_rnn_size": [8, 8], "z_size": 4, "batch_size": 4}
QUIET = {"validation_split": 0.0, "progress": False, "log": lambda line: None}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A trained model, its run's folder and its music."""
    folder = tmp_path_factory.mktemp("training")
    notes = write_groove_records(folder / "notes.tfrecord")
    said = []
    model = lofi_tf.train(
        "groovae_4bar", notes, folder / "run", num_steps=2, seed=7,
        **SMALL, **{**QUIET, "log": said.append},
    )  # fmt: skip
    return model, folder / "run", notes, said


def test_keywords_are_the_configs_values(run):
    config = load_config(run[1])
    assert (config.model.enc_rnn_size, config.model.dec_rnn_size) == ((8,), (8, 8))
    assert (config.model.z_size, config.training.batch_size) == (4, 4)
    assert run[0].config == config


def test_the_run_opens_as_the_model_that_was_returned(run):
    model, folder, _, _ = run
    again = lofi_tf.load_model(folder)
    ours, theirs = (one.sample(2, seed=3, temperature=1.0) for one in (model, again))
    assert [piece.notes[:] for piece in ours] == [piece.notes[:] for piece in theirs]


def test_a_run_goes_on_with_its_own_config_and_seed(run):
    _, folder, notes, _ = run
    said = []
    lofi_tf.train(None, notes, folder, num_steps=3, **{**QUIET, "log": said.append})
    assert "seed: 7" in (folder / "run.yaml").read_text()
    assert any("step 2" in line for line in said)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_sise": 4}, "unknown option of training. Did you mean 'batch_size'?"),
        ({"num_step": 4}, "unknown option of training."),
        ({"patiense": 4}, "unknown option of training. Did you mean 'patience'?"),
        ({"z_size": "many"}, "hparam z_size must be a whole number. Received: 'many'"),
        ({"validation_split": 2.0}, "validation_split must be from 0 to below 1. Received: 2.0"),
    ],
)
def test_a_wrong_option_is_told(options, message, tmp_path):
    with pytest.raises(LofiError) as error:
        lofi_tf.train("groovae_4bar", "notes.tfrecord", tmp_path, **{**QUIET, **options})
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("examples", "message"),
    [(None, "give examples: records, a folder"), ("none.tfrecord", "none.tfrecord")],
)
def test_music_that_is_not_there_is_told(examples, message, tmp_path):
    with pytest.raises(LofiError, match=message):
        lofi_tf.train("groovae_4bar", examples, tmp_path, **QUIET)


def test_a_run_without_a_config_is_refused(tmp_path):
    with pytest.raises(LofiError, match="give a config: .* holds no run to go on with"):
        lofi_tf.train(examples="notes.tfrecord", run_dir=tmp_path)


def test_a_config_that_is_loaded_is_taken(run, tmp_path):
    config = load_config(run[1])
    training = dataclasses.replace(config.training, batch_size=2)
    config = dataclasses.replace(config, training=training)
    model = lofi_tf.train(config, run[2], tmp_path / "run", num_steps=1, **QUIET)
    assert model.config.training.batch_size == 2
