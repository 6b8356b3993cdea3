"""lofi_analyze from a run and stores of pairs to tables and a page, at tiny sizes."""

import csv
import dataclasses
import json

import numpy as np
import pytest
import yaml

from lofi_tf.cli.analyze import main
from lofi_tf.config import load_config
from lofi_tf.data.converters.build import build_converter
from lofi_tf.data.converters.paired import instrument_id
from lofi_tf.data.converters.symbols import Symbol, symbol_of
from lofi_tf.data.storage.example_records import encode_arrays, encode_example
from lofi_tf.data.storage.example_shards import info_name, shard_name
from lofi_tf.data.storage.examples import Examples
from lofi_tf.data.storage.tfrecord import write_records
from lofi_tf.evaluation.crossmodal import analysis, baselines
from lofi_tf.evaluation.crossmodal.datasets import recordings_of
from lofi_tf.evaluation.crossmodal.mixtures import SILENT, Recordings
from lofi_tf.evaluation.crossmodal.nearest import NearestNoteSampler, nearest_probabilities
from lofi_tf.hparams import with_hparams
from lofi_tf.models.build import build_model
from lofi_tf.saving.checkpoints import checkpoint_of

TINY = (
    "converter.bins_per_octave=12,converter.low_hz=100,converter.num_frames=8,"
    "hidden_dims_1=[12],hidden_num_1=[1],hidden_dims_2=[8],hidden_num_2=[1],dims=[3],"
    "instruments=[piano,flute],converter.num_bins=60,converter.max_transpose=1"
)
CONFIG = with_hparams(load_config("crossmodal"), TINY)
CONVERTER = build_converter(CONFIG.data.converter)
FIRST_PITCH = 43  # nearly 100 Hz, the lowest band


def arrays_of(name, pitch, velocity):
    """A note is one band, as loud as its velocity; a flute has its octave too."""
    spectrum = np.full([8, 60], -100, np.float16)
    spectrum[:, pitch - FIRST_PITCH] = velocity / 4 - 40
    if name == "flute":
        spectrum[:, pitch - FIRST_PITCH + 12] = velocity / 4 - 46
    roll = np.zeros([8, 128], np.uint8)
    roll[:, pitch] = velocity
    return {"spectrum": spectrum, "roll": roll, "instrument": np.int64(instrument_id(name))}


def write_store(folder, names, splits, velocities=(20, 100)):
    """Writes example shards as prepare_paired does; `splits` gives pitches by split."""
    prefix, made = folder / "examples", {}
    for split, pitches in splits.items():
        records = []
        for name in names:
            for pitch in pitches:
                for velocity in velocities:
                    encoded = encode_arrays(arrays_of(name, pitch, velocity))
                    records.append(encode_example(encoded, [f"{name}/{pitch}"]))
        made[split] = {"examples": write_records(records, shard_name(prefix, split, 0, 1))}
    component = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in dataclasses.asdict(CONVERTER).items()
    }
    component = {"kind": "paired", **component, "instruments": list(names)}
    info = {
        "schema_version": 1,
        "made_by": "prepare_paired",
        "config": {"name": "paired", "data": {"converter": component}},
        "example_spec": {
            "spectrum": {"dtype": "float16", "shape": [8, 60]},
            "roll": {"dtype": "uint8", "shape": [8, 128]},
            "instrument": {"dtype": "int64", "shape": []},
        },
        "num_shards": 1,
        "splits": made,
    }
    info_name(prefix).write_text(json.dumps(info))
    return folder


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    splits = {"train": range(50, 62), "validation": range(62, 64)}
    return write_store(tmp_path_factory.mktemp("pairs"), ["piano", "flute"], splits)


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    (folder / "config.yaml").write_text(yaml.safe_dump(CONFIG.to_dict(), sort_keys=False))
    (folder / "run.yaml").write_text("seed: 0\n")
    (folder / "train").mkdir()
    checkpoint_of(build_model(CONFIG)).save(str(folder / "train" / "model.ckpt"))
    return folder


def rows_of(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_all_files_are_written_and_say_what_is_not_known(
    run_dir, pairs, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(analysis, "BANK_FRAMES", 256)
    monkeypatch.setattr(baselines, "EPOCH_FRAMES", 256)
    recorded = write_store(tmp_path / "other", ["guitar", "piano"], {"train": [60, 61]}, [80])
    output = tmp_path / "report"
    given = [f"--run_dir={run_dir}", f"--examples_path={pairs}", f"--output_dir={output}"]
    given += ["--nb_passes=1", "--n_samples=1", "--n_sounds=1", "--classifier_epochs=1"]
    assert main([*given, f"--test_examples_path={recorded}"]) == 0
    tables = {path.stem: rows_of(path) for path in output.glob("*.csv")}
    assert set(tables) == {
        "signal_to_symbol", "symbol_to_signal", "signal_reconstruction", "symbol_reconstruction",
        "latents", "confusions",
    }  # fmt: skip
    sets = ["validation mixtures", "validation notes", "other notes"]
    assert [row["set"] for row in tables["latents"]] == sets
    systems = {row["system"] for row in tables["signal_to_symbol"]}
    assert systems == {"model", "pca_mlp", "conv", "nearest", "majority", "uniform"}
    systems = {row["system"] for row in tables["symbol_to_signal"]}
    assert systems == {"model", "deconv", "note_book", "mean"}
    others = [row for row in tables["signal_to_symbol"] if row["set"] == "other notes"]
    assert {row["dynamics"] for row in others} == {""}
    assert {row["frames"] for row in others} == {"2"}  # of the piano, the guitar left out
    assert {"dynamics"} & {row["label"] for row in tables["confusions"]}
    page = (output / "report.html").read_text()
    assert page.count("data:audio/wav;base64,") == 6 and "data:image/png;base64," in page
    assert 'src="http' not in page and not list(output.glob(".*"))
    assert "only octave and pitch count" in page and "silent, as there are none: flute" in page
    assert "Sound to notes, validation mixtures: all" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--examples_path=x"], "--run_dir is missing"),
        (["--run_dir=x"], "--examples_path is missing"),
        (["--run_dir=nowhere", "--examples_path=x"], "no such folder"),
        (["--run_dir=x", "--examples_path=x", "--split=train"], "a held-out split"),
        (["--run_dir=x", "--examples_path=x", "--nb_passes=0"], "--nb_passes must be 1 or more"),
        (["--run_dir={run}", "--examples_path={pairs}", "--split=test"], "no such split"),
        (["--run_dir={run}", "--examples_path={run}"], "no example shards"),
    ],
)
def test_bad_input_is_one_line(run_dir, pairs, flags, message, capsys):
    given = [flag.format(run=run_dir, pairs=pairs) for flag in flags]
    assert main(given) == 2
    error = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error")]
    assert len(error) == 1 and message in error[0]


@pytest.fixture(scope="module")
def recordings():
    rows = [arrays_of(name, pitch, velocity) for name in ("piano", "flute", "guitar")
            for pitch in (50, 60) for velocity in (20, 100)]  # fmt: skip
    arrays = {name: np.stack([row[name] for row in rows]) for name in rows[0]}
    return Recordings([Examples(arrays, np.array([""] * len(rows)))], CONVERTER)


def test_mixtures_are_of_the_models_instruments(recordings):
    assert len(recordings) == 8 and recordings.dynamics_known
    random = np.random.default_rng(0)
    mixtures = recordings.all_play(3, random)
    assert mixtures.shape == (24, 2)
    assert np.bincount(mixtures[:, 0], minlength=4).min() >= 3
    assert set(mixtures[:, 1]) <= {4, 5, 6, 7}
    single = recordings.single(1)
    assert ((single == SILENT).sum(axis=1) == 1).all()
    trained = recordings.as_trained(400, random)
    assert 0.4 < (trained == SILENT).mean() < 0.6


def test_frames_say_what_is_mixed(recordings):
    frames = recordings.mixed(np.array([[3, SILENT], [0, 5]]), np.zeros([2, 2], int))
    found = [CONVERTER.layout.decode(row) for row in frames.symbols]
    assert found[0] == [symbol_of(60, 100), Symbol()]
    assert found[1] == [symbol_of(50, 20), symbol_of(50, 100)]
    assert frames.spectra[0].argmax() == 60 - FIRST_PITCH
    assert frames.spectra[0].max() == pytest.approx(0.85)  # -15 dB of 100


def test_transposed_frames_keep_sound_and_symbols_together(recordings):
    steps = np.array([[2, 0]])
    frames = recordings.mixed(np.array([[3, SILENT]]), np.zeros([1, 2], int), steps)
    assert CONVERTER.layout.decode(frames.symbols[0])[0] == symbol_of(62, 100)
    assert frames.spectra[0].argmax() == 62 - FIRST_PITCH


def test_simple_systems_know_what_they_heard(recordings):
    chosen = recordings.single(1)
    frames = recordings.mixed(chosen, np.zeros_like(chosen))
    book = NearestNoteSampler(recordings)
    np.testing.assert_allclose(book.sound_of(frames.symbols), frames.spectra, atol=1e-3)
    moved = np.stack([CONVERTER.layout.encode([symbol_of(61, 100), Symbol()])])
    assert book.sound_of(moved)[0].argmax() == 61 - FIRST_PITCH
    found = nearest_probabilities(frames, frames.spectra)
    np.testing.assert_allclose(found.sum(axis=1), len(CONVERTER.layout.fields), atol=0.6)


def test_a_store_without_an_instrument_leaves_it_silent():
    rows = [arrays_of("piano", 50, 80)]
    arrays = {name: np.stack([row[name] for row in rows]) for name in rows[0]}
    found = recordings_of([Examples(arrays, np.array(["a"]))], CONFIG.data.converter)
    assert found.missing == ["flute"] and not found.dynamics_known
    assert found.all_play(1, np.random.default_rng(0)).tolist() == [[0, SILENT]]
