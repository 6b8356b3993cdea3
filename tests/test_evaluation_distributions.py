"""Overlapped areas and divergences against closed forms of normal distributions."""

import math

import numpy as np
import pytest
from scipy.stats import norm

from lofi_tf.evaluation.distributions import divergence, likeness, overlap

# The quantiles of a standard normal distribution, as even as a sample can be.
NORMAL = norm.ppf((np.arange(4000) + 0.5) / 4000)


@pytest.mark.parametrize("shift", [0.0, 1.0, 2.0])
def test_overlap_of_two_normals_is_twice_the_tail(shift):
    wider = math.sqrt(1 + 4000**-0.4)  # what Scott's bandwidth makes of the deviation of 1
    expected = 2 * norm.cdf(-shift / 2 / wider)
    assert overlap(NORMAL, NORMAL + shift) == pytest.approx(expected, abs=0.01)


def test_divergence_of_two_normals_is_half_the_squared_shift():
    wider = 1 + 4000**-0.4
    assert divergence(NORMAL, NORMAL + 1) == pytest.approx(0.5 / wider, rel=0.05)
    assert divergence(NORMAL, NORMAL) == pytest.approx(0, abs=1e-9)


def test_far_values_share_nothing_and_constants_everything():
    assert overlap(NORMAL, NORMAL + 100) == pytest.approx(0, abs=1e-6)
    assert overlap(np.full(5, 3.0), np.full(9, 3.0)) == pytest.approx(1)
    assert overlap(np.full(5, 3.0), np.full(9, 4.0)) == pytest.approx(0)


def test_likeness_of_music_of_the_same_kind_is_high_and_falls_with_the_distance():
    values = np.random.default_rng(0).normal(size=[3, 200])
    same, near, far = (
        likeness(values[0], other) for other in (values[1], values[2] + 1, values[2] + 10)
    )
    assert same.overlap > 0.95 and same.divergence < 0.02
    assert same.overlap > near.overlap > far.overlap
    assert far.overlap < 0.01 and far.divergence > 5


def test_likeness_takes_vectors_and_leaves_out_what_is_not_known():
    data = np.random.default_rng(0).normal(size=[100, 3])
    holes = np.concatenate([data, np.full([5, 3], np.nan)])
    assert likeness(data, holes) == likeness(data, data)
    assert math.isnan(likeness(data[:1], data).overlap)
    assert math.isnan(likeness(data, np.full([2, 3], np.nan)).divergence)


def test_peak_that_both_have_is_the_same_whatever_their_spreads():
    few, many = np.zeros(100), np.zeros(100)
    few[:2], many[:10] = 0.1, 0.5
    assert overlap(few, many) == pytest.approx(0.9, abs=0.03)
