"""Levels of what is recalled: how they fell in what was heard, and the bounds that follow."""

import numpy as np
import pytest
import tensorflow as tf

from lofi_tf.models.continuation.gain_control import bounded_ratio, heard_fall, running


@pytest.mark.parametrize("fall", [1.0, 0.8, 0.1])
def test_the_fall_is_that_of_a_tone_that_dies_away(fall):
    lag, length = 50, 330
    period = np.random.default_rng(1).normal(size=lag)
    sound = np.resize(period, length) * fall ** (np.arange(length) / lag)
    sounds = tf.constant(np.pad(sound, [0, 70])[None], tf.float32)
    found = heard_fall(sounds, tf.constant([length]), tf.constant([lag]))
    np.testing.assert_allclose(found, [[fall]], rtol=1e-4)


def test_what_grows_falls_by_nothing_and_what_was_not_heard_twice_is_not_held():
    grows = np.linspace(0.1, 1.0, 100)
    sounds = tf.constant(np.stack([grows, grows, 0.0 * grows]), tf.float32)
    found = heard_fall(sounds, tf.constant([100] * 3), tf.constant([10, 100, 10]))
    np.testing.assert_array_equal(found, [[1.0], [0.0], [0.0]])


def test_a_ratio_stays_between_the_floor_and_1():
    power, earlier = tf.constant([[0.01, 0.25, 4.0]]), tf.ones([1, 3])
    ratio, bounded = bounded_ratio(power, earlier, tf.constant([[0.3]]))
    np.testing.assert_allclose(ratio, [[0.1, 0.5, 2.0]], rtol=1e-5)
    np.testing.assert_allclose(bounded, [[0.3, 0.5, 1.0]], rtol=1e-5)


def test_a_running_power_comes_to_what_stays():
    power = tf.constant([0.0])
    for _ in range(100):
        power = running(power, tf.constant([2.0]))
    np.testing.assert_allclose(power, [2.0], rtol=1e-3)
