"""Hyperparameter search: what a space says, and that a stopped search ends as the unbroken one."""

import csv
import dataclasses

import numpy as np
import pytest

from lofi_tf.cli import search as command
from lofi_tf.config import config_names, configs_dir, load_config
from lofi_tf.errors import LofiError
from lofi_tf.training.options import TrainOptions
from lofi_tf.training.search import SearchOptions, search
from lofi_tf.training.search_space import Choice, Range, as_hparams, hparams_of, read_space
from lofi_tf.training.train import train
from tests.clip_runs import clip_config, clip_examples


def test_the_grammar_of_spaces():
    space = read_space(
        "num_layers=1|2|5, latent_dim=20:200,learning_rate=1e-4:1e-2:log,enc_rnn_size=[8]|[8,4]",
        load_config("lofai_dense"),
    )
    assert space == {
        "num_layers": Choice(("1", "2", "5")),
        "latent_dim": Range(20, 200),
        "learning_rate": Range(1e-4, 1e-2, log=True),
        "enc_rnn_size": Choice(("[8]", "[8,4]")),
    }


def test_a_file_says_the_same(tmp_path):
    path = tmp_path / "space.yaml"
    path.write_text("num_layers: 1:6\nlatent_dim: [20, 50]\nlearning_rate: 1.0e-4:1.0e-2:log\n")
    config = load_config("lofai_dense")
    written = "num_layers=1:6,latent_dim=20|50,learning_rate=1e-4:1e-2:log"
    assert read_space(str(path), config) == read_space(written, config)


@pytest.mark.parametrize("path", sorted((configs_dir() / "spaces").glob("*.yaml")))
def test_shipped_spaces_fit_their_configs(path):
    assert path.stem in config_names()
    assert read_space(None, load_config(path.stem))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("num_layers", "--space must look like"),
        ("", "--space must look like"),
        ("num_layers=5:2", "from a lower number to a higher"),
        ("learning_rate=0:1:log", "above 0 for log"),
        ("learning_rate=1:2:exp", "from a lower number"),
        ("num_layer=1:2", "num_layers"),
        ("num_layers=1.5:2.5", "whole number"),
        ("nowhere.yaml", "nowhere.yaml"),
    ],
)
def test_bad_spaces_are_one_line(text, message):
    with pytest.raises(LofiError, match=message) as refused:
        read_space(text, load_config("lofai_dense"))
    assert "\n" not in str(refused.value)


def test_a_config_without_a_space_asks_for_one():
    with pytest.raises(LofiError, match="give --space"):
        read_space(None, load_config("groovae_4bar"))


def test_choices_are_written_as_hparams():
    assert hparams_of(as_hparams({"a": 3, "b": 0.00012345678, "c": "[8,4]"})) == (
        "a=3,b=0.000123457,c=[8,4]"
    )


@pytest.fixture(scope="module")
def examples():
    return clip_examples()


def searched(folder, examples, num_trials=3, **options):
    config = clip_config()
    space = read_space("num_layers=1|2,learning_rate=1e-4:1e-2:log", config)
    training = TrainOptions(num_steps=4, eval_steps=2, picture_steps=0, show_progress=False)
    held_out = np.arange(12) < 4
    return search(
        *(config, space, examples.where(~held_out), examples.where(held_out), folder),
        SearchOptions(num_trials=num_trials, **options),
        training,
    )


def table_of(folder):
    with open(folder / "trials.csv", newline="") as file:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]


@pytest.mark.slow
def test_a_stopped_search_ends_as_the_unbroken_one(tmp_path, examples, monkeypatch):
    unbroken = searched(tmp_path / "unbroken", examples)
    whole = table_of(tmp_path / "unbroken")
    assert [row["state"] for row in whole] == ["complete"] * 3
    best = min(whole, key=lambda row: float(row["value"]))
    assert unbroken.trial == int(best["trial"])
    assert load_config(tmp_path / "unbroken" / "best.yaml") == unbroken.config
    assert f"num_layers={best['num_layers']}" in unbroken.hparams

    def stopped(config, examples, run, options, *others, **names):
        if run.name == "001":
            options = dataclasses.replace(options, num_steps=2)
            train(config, examples, run, options, *others, **names)
            raise KeyboardInterrupt
        return train(config, examples, run, options, *others, **names)

    monkeypatch.setattr("lofi_tf.training.search.train", stopped)
    with pytest.raises(KeyboardInterrupt):
        searched(tmp_path / "stopped", examples)
    assert len(table_of(tmp_path / "stopped")) == 1
    monkeypatch.undo()
    assert searched(tmp_path / "stopped", examples) == unbroken
    assert table_of(tmp_path / "stopped") == whole
    assert searched(tmp_path / "stopped", examples) == unbroken  # nothing left to do
    with pytest.raises(LofiError, match="a search with another metric"):
        searched(tmp_path / "stopped", examples, metric="metrics/mse")


def test_trials_that_cannot_be_trained_are_told(tmp_path, examples):
    config = clip_config()
    space = read_space("batch_size=100|200", config)
    training = TrainOptions(num_steps=1, show_progress=False)
    with pytest.raises(LofiError, match="no trial could be trained: 12 examples are fewer"):
        search(config, space, examples, examples, tmp_path, SearchOptions(2), training)
    assert {row["state"] for row in table_of(tmp_path)} == {"failed"}


def test_an_unknown_metric_ends_the_search(tmp_path, examples):
    with pytest.raises(LofiError, match="--metric is one of .*metrics/mse.*Received: mse"):
        searched(tmp_path, examples, metric="mse")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ([], "--config is missing"),
        (["--config=lofai_dense"], "--run_dir is missing"),
        (["--config=lofai_dense", "--run_dir=x"], "give --examples_path or --tfds_name"),
        (
            ["--config=lofai_dense", "--run_dir=x", "--examples_path=y", "--num_trials=0"],
            "--num_trials must be 1 or more",
        ),
    ],
)
def test_the_command_refuses_in_one_line(flags, message, capsys):
    assert command.main(flags) == 2
    assert message in capsys.readouterr().err
