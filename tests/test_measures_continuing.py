"""How well continuations go on: what is there again has no distance."""

import numpy as np
import pytest

from lofi_tf.backends import open
from lofi_tf.data.storage.examples import Examples
from lofi_tf.evaluation.continuing import COPIED, by_recording, continuation_table
from tests.test_generation_continuing_sound import RATE, TINY, made

CLIP = 600  # samples: a half is longer than the shortest window of spectra
LONG = f"{TINY},converter.clip_seconds={CLIP / RATE},max_seq_len={CLIP}"


@pytest.fixture(scope="module")
def rows():
    """Of two recordings: one whose second half is its first again, one that ends in silence."""
    half = (9000 * np.sin(2 * np.pi * 300 * np.arange(CLIP // 2) / RATE)).astype(np.int16)
    clips = np.stack([np.tile(half, 2), np.concatenate([half, 0 * half])])
    arrays = {f"waveform_{RATE}": clips[..., None], f"length_{RATE}": np.full(2, CLIP, np.int32)}
    examples = Examples(arrays, np.array(["again", "silent"]))
    backend = open.backend_of_model(*made("continuation_lstm", LONG))
    return {row["way"]: row for row in continuation_table(backend, examples).as_dict()["rows"]}


def test_ways_of_going_on_stand_beside_the_model(rows):
    assert {COPIED, "silence", *(f"the model, temperature {t}" for t in ("0", "0.5", "1"))} == set(
        rows
    )
    assert all(0 < row["distance_db"] < 80 and row["recordings"] == 2 for row in rows.values())


def test_each_simple_way_is_right_where_it_should_be(rows):
    """Both are wrong for one recording by the same sound against silence."""
    assert rows["silence"]["distance_db"] == pytest.approx(rows[COPIED]["distance_db"], rel=1e-3)
    assert rows["silence"]["nearer_than_copy"] == 1


def test_recordings_weigh_the_same_however_many_clips_they_have():
    found = by_recording(np.array([1.0, 2.0, 3.0, 8.0]), np.array(["a", "a", "a", "b"]))
    assert found.tolist() == [2.0, 8.0]
