"""Exports that LiteRT plays."""

import subprocess
import sys

import numpy as np
import pytest

from lofi_tf import generation
from lofi_tf.backends import litert
from lofi_tf.backends.litert import chunks
from lofi_tf.backends.open import open_backend
from lofi_tf.errors import LofiError
from lofi_tf.saving.hub import config_of_export
from lofi_tf.saving.litert_weights import whole_graph
from tests.mirrors import KICK, SNARE, drums
from tests.paths import DATA


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 15, 21, 64, 100, 129, 512])
def test_chunks_hold_all_rows_and_few_idle_ones(count):
    found = list(chunks(count, [1, 7, 28]))
    starts = [start for start, _ in found]
    ends = np.cumsum([rows for _, rows in found])
    assert starts == [0, *ends[:-1]] and starts[-1] < count <= ends[-1]
    assert ends[-1] <= count + 12 and all(rows in (1, 7, 28) for _, rows in found)


def test_few_rows_more_are_no_chunk_of_many():
    assert [rows for _, rows in chunks(8, [1, 7, 28])] == [7, 1]
    assert [rows for _, rows in chunks(64, [1, 7, 28])] == [28, 28, 7, 1]


def test_without_small_chunks_rows_are_idle():
    assert list(chunks(3, [16])) == [(0, 16)]


def test_a_row_is_the_same_whoever_computes_it(litert_export, monkeypatch):
    decode = litert.Function(whole_graph(litert_export, "decode"))
    z_size = config_of_export(litert_export).model.z_size
    z = np.random.default_rng(0).normal(size=[40, z_size]).astype(np.float32)
    asked = {"z": z, "temperature": np.full(40, 0.9, np.float32), "seed": np.arange(40)}
    asked["length"] = np.full(40, 32, np.int32)
    monkeypatch.setattr(litert.os, "cpu_count", lambda: 1)
    alone = decode(asked)["outputs"]
    assert len(decode._idle) == 1
    monkeypatch.setattr(litert.os, "cpu_count", lambda: 3)
    together = decode(asked)["outputs"]
    assert 1 <= len(decode._idle) <= 3 and alone.any()
    np.testing.assert_array_equal(together, alone)
    by_ones = [decode({k: v[n : n + 1] for k, v in asked.items()})["outputs"] for n in range(40)]
    np.testing.assert_array_equal(np.concatenate(by_ones), alone)


@pytest.fixture
def both(litert_export):
    return [open_backend(litert_export, runtime=runtime) for runtime in ("litert", "tensorflow")]


def notes_of(pieces):
    """Pitches, velocities and times; a head of grooves gives times to the last bits of a float."""
    return [
        [(n.pitch, n.velocity, round(n.start_time, 5), round(n.end_time, 5)) for n in piece.notes]
        for piece in pieces
    ]


def test_samples_are_the_same_notes(both):
    how = generation.GenerationConfig(temperature=1.0, seed=3)
    ours, theirs = (notes_of(generation.sample(backend, 5, how)) for backend in both)
    assert ours == theirs and any(ours)


def test_music_that_is_read_is_played_the_same(both):
    beat = drums((0, KICK), (4, SNARE), (8, KICK), (12, SNARE), (20, SNARE), (30, KICK))
    how = generation.GenerationConfig(temperature=1.0, seed=3)
    for verb in (generation.reconstruct, generation.humanize, generation.vary):
        ours, theirs = (notes_of(verb(backend, beat, 2, how)) for backend in both)
        assert ours == theirs and any(ours), verb.__name__


def test_what_litert_lacks_is_asked_of_tensorflow(both):
    size = both[0].config.model.z_size
    z, lengths = np.zeros([1, size], np.float32), np.array([both[0].num_steps], np.int32)
    targets = np.zeros([1, both[0].num_steps, both[0].converter.depth], np.float32)
    ours, theirs = (backend.score(z, targets, lengths) for backend in both)
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-4)


def test_playing_imports_no_tensorflow(litert_export, tmp_path):
    code = f"""
import sys
sys.path.insert(0, {str(DATA.parents[1])!r})
from lofi_tf.cli.generate import main
assert main(["--model={litert_export}", "--output_dir={tmp_path}", "--seed=1"]) == 0
assert "tensorflow" not in sys.modules and "keras" not in sys.modules
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    assert found.stderr.startswith("Wrote 5 files") and found.stderr.count("\n") == 1


def test_a_runtime_that_cannot_play_is_told(groove_export, litert_export, monkeypatch):
    with pytest.raises(LofiError, match="Did you mean 'litert'"):
        open_backend(litert_export, runtime="literrt")
    monkeypatch.setenv("LOFI_TF_RUNTIME", "tensorflow")
    assert not isinstance(open_backend(litert_export), litert.LiteRTBackend)
    monkeypatch.setattr(litert, "is_installed", lambda: False)
    with pytest.raises(LofiError, match="pip install ai-edge-litert"):
        open_backend(litert_export, runtime="litert")
