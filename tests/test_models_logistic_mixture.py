import numpy as np
import pytest
import tensorflow as tf

from lofi_tf.models.layers.logistic_mixture import Levels, log_prob, quantile, tempered

LEVELS = Levels(-1.0, 1.0, 121)
MIXTURE = np.float32([0.3, -0.5, 1.1, -0.4, 0.1, 0.95, -2.0, -4.0, -3.0])  # logits, means, scales


def probabilities(parameters: tf.Tensor, levels: Levels) -> np.ndarray:
    values = tf.linspace(levels.low, levels.high, levels.count)
    rows = tf.repeat(parameters[None], levels.count, axis=0)
    return np.exp(log_prob(rows, tf.cast(values, tf.float32), levels))


@pytest.mark.parametrize("log_scale", [-9.0, -3.0, 0.0, 3.0])
@pytest.mark.parametrize("mean", [-5.0, 0.2, 1.0])
def test_probabilities_sum_to_one(mean, log_scale):
    parameters = tf.constant([0.5, -0.5, mean, 0.4, log_scale, -2.0])
    np.testing.assert_allclose(probabilities(parameters, LEVELS).sum(), 1.0, rtol=1e-4)


def test_a_level_has_the_interval_around_it():
    mean, scale = 0.2, 0.5
    found = probabilities(tf.constant([0.0, mean, np.log(scale)], tf.float32), Levels(0, 1, 3))
    edges = [-np.inf, 0.25, 0.75, np.inf]
    cumulative = [1 / (1 + np.exp(-(edge - mean) / scale)) for edge in edges]
    np.testing.assert_allclose(found, np.diff(cumulative), rtol=1e-5)


def test_far_from_the_mean_probabilities_are_finite_and_have_gradients():
    parameters = tf.Variable([[0.0, -50.0, -3.0]])
    with tf.GradientTape() as tape:
        found = log_prob(parameters, tf.constant([0.5]), LEVELS)
    gradient = tape.gradient(found, parameters)
    scale = np.exp(-3.0)
    # The tail of a logistic is exponential: exp(-x / s), the width of a level in scales long.
    expected = -(50.5 - LEVELS.width / 2) / scale + np.log1p(-np.exp(-LEVELS.width / scale))
    np.testing.assert_allclose(found, [expected], rtol=1e-4)
    np.testing.assert_allclose(gradient[0, 1], 1 / scale, rtol=1e-4)


def test_uniform_numbers_draw_from_the_distribution():
    count = 40_000
    noise = tf.random.stateless_uniform([count], [1, 2])
    drawn = quantile(tf.repeat(MIXTURE[None], count, 0), noise, LEVELS).numpy()
    levels = np.round((drawn - LEVELS.low) / LEVELS.width).astype(int)
    shares = np.bincount(levels, minlength=LEVELS.count) / count
    expected = probabilities(MIXTURE, LEVELS)
    errors = np.sqrt(expected * (1 - expected) / count)
    assert np.all(np.abs(shares - expected) < 4.5 * errors + 2e-4)


def test_a_half_is_the_median():
    median = float(quantile(MIXTURE, tf.constant(0.5), LEVELS))
    place = round((median - LEVELS.low) / LEVELS.width)
    below = np.cumsum(probabilities(MIXTURE, LEVELS))
    assert below[place - 1] <= 0.5 <= below[place]


@pytest.mark.parametrize("temperature", [0.0, 0.5, 1.0])
def test_the_temperature_scales_a_logistic(temperature):
    mean, scale, noise = 0.1, 0.05, np.array([0.05, 0.3, 0.5, 0.9], np.float32)
    parameters = tf.constant([[0.0, mean, np.log(scale)]] * 4, tf.float32)
    drawn = quantile(parameters, tempered(tf.constant(noise), temperature), LEVELS)
    expected = mean + temperature * scale * np.log(noise / (1 - noise))
    np.testing.assert_allclose(drawn, expected, atol=LEVELS.width / 2 + 1e-3)


def test_nearest_level():
    found = Levels(0.0, 1.0, 5).nearest(tf.constant([-1.0, 0.12, 0.13, 0.7, 9.0]))
    np.testing.assert_allclose(found, [0.0, 0.0, 0.25, 0.75, 1.0])
