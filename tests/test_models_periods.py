"""Lags: where a sound comes again, in its waveform and in its beats."""

import numpy as np
import tensorflow as tf

from lofi_tf.models.continuation.periods import autocorrelation, repeat_lag

N = 4000


def lag_of(sound, length=N, least=100, most=2500) -> int:
    rows = np.zeros([2, N], np.float32)
    rows[:, :length] = sound[:length]
    found = repeat_lag(tf.constant(rows), tf.constant([length, length]), least, most).numpy()
    assert found[0] == found[1]
    return int(found[0])


def test_a_repeated_waveform_has_the_lag_of_its_period():
    period = np.random.default_rng(1).normal(0, 0.1, 731)
    assert lag_of(np.resize(period, N)) % 731 == 0
    assert lag_of(np.resize(period, N), 1500) == 731  # what comes after the length says nothing


def test_beats_of_noise_have_the_lag_of_the_beat():
    """Each hit is another noise: the waveform never comes again, the contour does."""
    time = np.arange(N)
    decay = np.exp(-(time % 960) / 100)
    hits = np.random.default_rng(2).normal(0, 0.2, N) * decay
    beats = lag_of(hits, least=300) / 960
    assert abs(beats - round(beats)) < 0.05


def test_what_is_too_short_to_tell_comes_again_as_a_whole():
    assert lag_of(np.ones(N), 120) == 120


def test_lags_lie_within_bounds():
    random = np.random.default_rng(3)
    for length in (400, 1000, N):
        found = lag_of(random.normal(0, 0.1, N), length, 100, 2500)
        assert 100 <= found <= min(0.75 * length, 2500)
    assert 0 <= lag_of(np.zeros(N)) <= 2500


def test_autocorrelation_is_the_normalised_product_of_what_overlaps():
    values = np.random.default_rng(4).normal(size=[1, 50]).astype(np.float32)
    found = autocorrelation(tf.constant(values), tf.constant([50]), 30)[0]
    for lag in (0, 1, 17, 30):
        one, other = values[0, lag:], values[0, : 50 - lag]
        expected = one @ other / np.sqrt((one @ one) * (other @ other))
        np.testing.assert_allclose(found[lag], expected, atol=1e-5)
