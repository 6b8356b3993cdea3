"""Baselines of continuations, against closed forms."""

import math

import numpy as np
import pytest

from lofi_tf.evaluation import continuation_baselines as baselines


def test_each_frame_of_the_second_half_has_the_frame_before():
    following, previous = baselines.frame_pairs(np.arange(26.0)[None], 5)
    np.testing.assert_array_equal(following[0, :, 0], [10, 15, 20])  # five frames; one sample left
    np.testing.assert_array_equal(previous[0, :, 0], [5, 10, 15])


def test_the_best_sigma_gives_the_entropy_of_a_gaussian():
    errors = np.random.default_rng(1).normal(0, 0.3, [4, 5, 10])
    sigma = baselines.best_sigma(errors)
    entropy = 0.5 * math.log(2 * math.pi * math.e * sigma**2)
    assert baselines.gaussian_nats(errors, sigma).mean() == pytest.approx(entropy)
    for other in (0.9 * sigma, 1.1 * sigma):
        assert baselines.gaussian_nats(errors, other).mean() > entropy


def test_levels_of_frames_are_found_again():
    random = np.random.default_rng(4)
    before = random.normal(0, np.exp(random.uniform(-7, -1, [40, 20, 1])), [40, 20, 50])
    least, ratio = math.exp(-5), 0.7
    sigma = baselines.level_sigma(before, least, ratio)
    np.testing.assert_allclose(
        sigma[3, 5, 0], 0.7 * math.sqrt(np.mean(before[3, 5] ** 2) + math.exp(-10))
    )
    found = baselines.best_level(random.normal(0, sigma * np.ones(50)), before)
    np.testing.assert_allclose(found, [least, ratio], rtol=0.02)


def test_classes_that_are_equally_likely_cost_the_logarithm_of_their_number():
    codes = np.arange(8).reshape(1, 2, 4)
    shares = baselines.class_shares(codes, 8)
    assert baselines.categorical_nats(codes, shares)[0] == pytest.approx(math.log(8))


def test_trust_is_the_share_of_copies_where_classes_are_many():
    random = np.random.default_rng(2)
    copied = random.integers(0, 10000, [1, 50, 100])
    codes = np.where(random.uniform(size=copied.shape) < 0.3, copied, copied[..., ::-1] // 2 + 7)
    shares = np.full(10000, 1e-4)
    trust = baselines.best_trust(codes, copied, shares)
    assert trust == pytest.approx(np.mean(codes == copied), abs=0.002)
    by_trust = [
        baselines.categorical_nats(codes, shares, copied, value)[0]
        for value in (trust, trust - 0.05, trust + 0.05)
    ]
    assert by_trust[0] == min(by_trust)


def test_the_last_segment_comes_again():
    before = np.arange(6.0)[None]
    np.testing.assert_array_equal(baselines.repeated(before, 2), [[4, 5]])
    np.testing.assert_array_equal(baselines.repeated(before, 8), [[0, 1, 2, 3, 4, 5, 0, 1]])


def test_half_the_sound_is_six_decibels_away():
    noise = np.random.default_rng(3).normal(0, 0.2, [2, 3000])
    np.testing.assert_allclose(baselines.log_spectral_distance(noise, noise), 0.0)
    found = baselines.log_spectral_distance(noise, 0.5 * noise)
    np.testing.assert_allclose(found, 20 * math.log10(2), atol=0.01)


def test_a_sine_of_full_scale_stands_at_zero_decibels_above_the_floor():
    sine = np.sin(2 * np.pi * 16 / 128 * np.arange(1280))[None]
    silence = np.zeros_like(sine)
    found = baselines.log_spectral_distance(sine, silence, [128])[0]
    # Of the 65 bins of a Hann window the sine's has 0 dB, its neighbours half.
    expected = (80 + 2 * (80 + 20 * math.log10(0.5))) / 65
    assert found == pytest.approx(expected, rel=1e-3)
