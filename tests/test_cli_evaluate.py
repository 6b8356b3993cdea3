"""lofi_evaluate on real grooves, from a run and from an export, and bad input."""

import json

import numpy as np
import pytest
import tensorflow as tf

from lofi_tf.backends.open import backend_of_model
from lofi_tf.cli.evaluate import main
from lofi_tf.data.converters.build import build_converter
from lofi_tf.data.storage.dataset import model_view
from lofi_tf.data.storage.sources import tempi_of
from lofi_tf.errors import NoSuchFunction
from lofi_tf.evaluation.tables import Table
from tests.grooves import (
    FOLDER,
    groove_examples,
    scrambled_model,
    small_config,
    write_groove_records,
)

NAMES = sorted(path.name for path in FOLDER.glob("*.mid"))


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    """Records, and the flags that say which of them are for what."""
    folder = tmp_path_factory.mktemp("music")
    records = write_groove_records(folder / "x.tfrecord")
    splits = ["test", *["train"] * (len(NAMES) - 2), "validation"]
    rows = [",".join(pair) for pair in zip(NAMES, splits, strict=True)]
    (folder / "splits.csv").write_text("\n".join(["path,split", *rows]))
    return [f"--examples_path={records}", f"--split_file={folder / 'splits.csv'}"]


def rows_of(folder, title) -> dict[str, dict]:
    """The rows of a table by their names."""
    tables = json.loads((folder / "evaluation.json").read_text())["tables"]
    (table,) = [table for table in tables if table["title"] == title]
    return {next(iter(row.values())): row for row in table["rows"]}


@pytest.fixture(scope="module")
def measured(groove_run, music, tmp_path_factory):
    """The folder of what was found of the run."""
    folder = tmp_path_factory.mktemp("measured")
    flags = ["--num_samples=4", f"--output_dir={folder}"]
    assert main([f"--model={groove_run}", *music, *flags]) == 0
    return folder


def test_a_run_is_measured_beside_what_learned_from_the_same_music(measured):
    groove = rows_of(measured, "Groove")
    assert {"model", "quantised", "nearest neighbours", "perceptron"} < set(groove)
    assert all(row["timing_ms"] > 0 for row in groove.values())
    assert set(rows_of(measured, "Reconstruction")) == {
        "drums, teacher-forced", "drums, free-running", "drums, commonest step"
    }  # fmt: skip
    lines = (measured / "evaluation.csv").read_text().splitlines()
    assert lines[0] == "table,row,measure,value"
    assert (measured / "latent.png").stat().st_size


def test_quantised_is_the_mean_absolute_offset_of_the_data(measured, music):
    examples = groove_examples(small_config())
    rows = examples.sources == NAMES[0]
    offsets = examples.arrays["offsets"][rows] / 2  # of a step
    tempo = tempi_of(music[0].partition("=")[2])[NAMES[0]]
    hit = examples.arrays["hits"][rows] > 0
    expected = np.abs(offsets[hit]).mean() * 15_000 / tempo  # a sixteenth is 15 s / qpm
    assert rows_of(measured, "Groove")["quantised"]["timing_ms"] == pytest.approx(expected, 1e-4)


@pytest.fixture(scope="module")
def scrambled():
    return scrambled_model("groovae_2bar_humanize")


def test_score_is_the_loss_of_training(scrambled):
    model, config = scrambled
    view = model_view(groove_examples(config), build_converter(config.data.converter), 32)
    view = {name: tf.constant(part[:5]) for name, part in view.items()}
    noise = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    backend = backend_of_model(model, config)
    mean, stddev = backend.encode(view["inputs"], view["length"])
    loss, outputs = backend.score(mean + stddev * noise, view["targets"], view["length"])
    np.testing.assert_allclose(loss, model.losses_of(view, noise)["r_loss"], rtol=1e-4)
    assert outputs.shape == view["targets"].shape


def test_given_hits_are_played_and_the_rest_is_what_it_would_be_at_a_hit(scrambled):
    model, config = scrambled
    backend = backend_of_model(model, config)
    z = np.random.default_rng(1).normal(size=(6, 4)).astype(np.float32)
    hits = (np.random.default_rng(2).uniform(size=(6, 32, 9)) < 0.3).astype(np.float32)
    made = backend.play_hits(z, hits)
    np.testing.assert_array_equal(made[:, :, :9], hits)
    assert not made[:, :, 9:][np.tile(hits, 2) == 0].any()
    # What it says where these outputs are the truth before each step, over the chance of a hit.
    lengths = np.full(6, 32, np.int32)
    parameters = model.teacher_forced(
        tf.constant(z), tf.constant(made), tf.constant(lengths)
    ).numpy()
    logits, velocities, offsets = np.split(parameters, 3, axis=-1)
    likely = np.maximum(1 / (1 + np.exp(-logits)), 0.1)
    loud = np.minimum(1 / (1 + np.exp(-velocities)) / likely, 1) * hits
    early = np.clip(np.tanh(offsets) / likely, -1, 1) * hits
    np.testing.assert_allclose(made[:, :, 9:18], loud, atol=1e-4)
    np.testing.assert_allclose(made[:, :, 18:], early, atol=1e-4)


def test_a_model_without_hits_to_give_says_so():
    backend = backend_of_model(*scrambled_model("cat-drums_2bar_small"))
    with pytest.raises(NoSuchFunction, match="no function 'play_hits'"):
        backend.play_hits(np.zeros([1, 4], np.float32), np.zeros([1, 32, 9]))


def test_an_export_is_measured_as_its_model(groove_export, music, tmp_path):
    flags = ["--num_samples=0", "--nopng", "--nobaselines", "--num_examples=6"]
    assert main([f"--model={groove_export}", *music, *flags, f"--output_dir={tmp_path}"]) == 0
    assert set(rows_of(tmp_path, "Groove")) == {
        "model", "model, played hits", "model, given the hits", "model, teacher-forced"
    }  # fmt: skip
    assert rows_of(tmp_path, "Latent")["groovae_2bar_humanize"]["examples"] <= 6


def test_older_exports_are_measured_without_score(groove_export, music, tmp_path, monkeypatch):
    def score(*given):
        raise NoSuchFunction("there was none")

    monkeypatch.setattr("lofi_tf.backends.base.Backend.score", score)
    flags = ["--num_samples=0", "--nopng", "--nobaselines", f"--output_dir={tmp_path}"]
    assert main([f"--model={groove_export}", *music, *flags]) == 0
    assert "drums, teacher-forced" not in rows_of(tmp_path, "Reconstruction")
    assert "model" in rows_of(tmp_path, "Groove")


@pytest.mark.parametrize(
    "flags, words",
    [
        ([], "--model"),
        (["--model=there"], "--examples_path"),
        (["--model=there", "--examples_path=x", "--split=train"], "trained on"),
        (["--model=there", "--examples_path=x", "--num_examples=0"], "--num_examples"),
        (["--model=there", "--examples_path=x", "--temperature=-1"], "--temperature"),
    ],
)
def test_bad_flags_are_one_line(flags, words, capsys):
    assert main(flags) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line


def test_a_split_that_is_not_there_is_one_line(groove_run, music, tmp_path, capsys):
    flags = [f"--model={groove_run}", *music, "--split=other", f"--output_dir={tmp_path}"]
    assert main(flags) == 2
    assert "Allowed: test, train, validation. Received: other" in capsys.readouterr().err


def test_columns_of_nothing_known_are_left_out():
    table = Table("T", ["a", "b", "c"], [["x", np.nan, 1], ["y", None, np.nan]])
    assert list(table.without_unknown_columns().columns) == ["a", "c"]
