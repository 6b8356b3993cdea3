"""How well continuations go on: what is there again has no distance."""

import math

import numpy as np
import pytest

from lofi_tf.backends import open
from lofi_tf.data.storage.examples import Examples
from lofi_tf.evaluation.continuing import (
    COPIED,
    by_recording,
    continuation_table,
    log_spectral_distance,
    repeated,
)
from tests.test_generation_sound_continuation import RATE, TINY, made

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


def test_the_last_segment_comes_again():
    before = np.arange(6.0)[None]
    np.testing.assert_array_equal(repeated(before, 2), [[4, 5]])
    np.testing.assert_array_equal(repeated(before, 8), [[0, 1, 2, 3, 4, 5, 0, 1]])


def test_half_the_sound_is_six_decibels_away():
    noise = np.random.default_rng(3).normal(0, 0.2, [2, 3000])
    np.testing.assert_allclose(log_spectral_distance(noise, noise), 0.0)
    found = log_spectral_distance(noise, 0.5 * noise)
    np.testing.assert_allclose(found, 20 * math.log10(2), atol=0.01)


def test_a_sine_of_full_scale_stands_at_zero_decibels_above_the_floor():
    sine = np.sin(2 * np.pi * 16 / 128 * np.arange(1280))[None]
    silence = np.zeros_like(sine)
    found = log_spectral_distance(sine, silence, [128])[0]
    # Of the 65 bins of a Hann window the sine's has 0 dB, its neighbours half.
    expected = (80 + 2 * (80 + 20 * math.log10(0.5))) / 65
    assert found == pytest.approx(expected, rel=1e-3)
