"""Lapped frames: an orthonormal transform whose frames give the samples that two of them share."""

import numpy as np
import pytest
import tensorflow as tf

from lofi_tf.errors import LofiError
from lofi_tf.models.layers.mdct import LappedFrames, band_spread, lapped_window

S = 8


def windowed_cosines(size):
    """The transform as Princen & Bradley write it, [2 S, S]."""
    samples, columns = np.arange(2 * size)[:, None], np.arange(size)[None]
    phases = np.pi / size * (samples + 0.5 + size / 2) * (columns + 0.5)
    return np.sqrt(2 / size) * lapped_window(size)[:, None] * np.cos(phases)


@pytest.mark.parametrize("size", [8, 150, 800])
def test_it_is_the_transform_of_the_paper(size):
    windows = np.random.default_rng(1).normal(size=(3, 2 * size)).astype(np.float32)
    found = LappedFrames(4, 2, size, 3).transform(windows)
    np.testing.assert_allclose(found, windows @ windowed_cosines(size), atol=1e-5)


def test_it_is_orthonormal_within_a_frame_and_to_the_next():
    basis = np.array(LappedFrames(4, 2, S, 3).transform(tf.eye(2 * S)))
    np.testing.assert_allclose(basis.T @ basis, np.eye(S), atol=1e-6)
    np.testing.assert_allclose(basis[S:].T @ basis[:S], 0, atol=1e-6)


def test_frames_of_an_odd_size_are_refused():
    with pytest.raises(LofiError, match="frame_size of lapped frames must be even. Received: 5"):
        LappedFrames(4, 2, 5, 3)


def test_samples_that_two_frames_share_come_back():
    frames = LappedFrames(4, 2, S, 3)
    sound = tf.random.stateless_normal([2, 6, S], [1, 2])
    found = frames.synthesis(frames.analysis(sound))
    np.testing.assert_allclose(found, sound[:, 1:-1], atol=1e-5)


def test_a_tone_between_two_bins_is_far_below_elsewhere():
    """-80 dB is where the distance of spectra ends; a rectangular frame has -50 dB there."""
    size = 150
    tone = np.sin(2 * np.pi * 20.3 / (2 * size) * np.arange(2 * size)).astype(np.float32)
    spectrum = np.abs(LappedFrames(4, 2, size, 3).transform(tone[None])[0])
    assert spectrum[60:].max() < 1e-4 * spectrum.max()


@pytest.mark.parametrize(("size", "num_bands"), [(8, 3), (150, 16), (6, 1)])
def test_bands_share_out_each_coefficient(size, num_bands):
    spread = band_spread(size, num_bands)
    np.testing.assert_allclose(spread.sum(0), 1, atol=1e-6)
    assert spread.min() >= 0
    assert (spread.sum(1) > 0).all()
    frames = LappedFrames(4, 2, size, num_bands)
    np.testing.assert_allclose(frames.features(tf.fill([1, size], 0.7)), 0.7, rtol=1e-5)
    np.testing.assert_allclose(frames.spread_out(tf.fill([1, num_bands], 0.7)), 0.7, rtol=1e-5)
