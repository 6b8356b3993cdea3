"""The head of whole frames: the samples' likelihood, and draws of its deviations."""

import math

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from lofi_tf.models.continuation.frame_heads import (
    FIRST_LOG_SIGMA,
    CosineStudentHead,
    cosine_basis,
    student_quantile,
    to_cosine,
)

S = 8


def test_the_basis_is_orthonormal_and_has_the_mean_first():
    basis = cosine_basis(S)
    np.testing.assert_allclose(basis @ basis.T, np.eye(S), atol=1e-6)
    coefficients = to_cosine(tf.fill([2, S], 0.5), basis)
    np.testing.assert_allclose(coefficients[:, 0], 0.5 * math.sqrt(S), rtol=1e-6)
    np.testing.assert_allclose(coefficients[:, 1:], 0, atol=1e-6)


def test_the_loss_is_that_of_the_coefficients_students():
    random = np.random.default_rng(1)
    targets = random.normal(0, 0.1, [3, 4 * S, 1]).astype(np.float32)
    means = random.normal(0, 0.1, [3, 4, S]).astype(np.float32)
    raw = np.stack([means, np.zeros_like(means)], -1).reshape(3, 4 * S, 2)
    lengths = tf.constant([4 * S, 2 * S, 0])
    found = CosineStudentHead(1, S).losses(tf.constant(raw), tf.constant(targets), lengths)
    errors = targets.reshape(3, 4, S) @ cosine_basis(S).T - means
    sigma = math.exp(FIRST_LOG_SIGMA)
    nats = FIRST_LOG_SIGMA - scipy.stats.t.logpdf(errors / sigma, 4)
    expected = [nats[0].sum(), nats[1, :2].sum(), 0]
    np.testing.assert_allclose(found["negative_log_likelihood"], expected, rtol=1e-4)


@pytest.mark.parametrize("temperature", [0.0, 0.5, 1.0])
def test_draws_have_the_mean_and_the_colour_of_their_deviations(temperature):
    head, count = CosineStudentHead(1, S), 4000
    means = np.linspace(-0.3, 0.3, S)
    raw = np.linspace(-3.0, 0.5, S)
    frame = np.stack([means, raw], -1).astype(np.float32)
    parameters = tf.constant(np.tile(frame, [count, 1]))
    noise = tf.random.stateless_uniform([count * S, 1], [1, 2])
    drawn = head.sample(parameters, tf.fill([count * S], temperature), noise)
    coefficients = to_cosine(tf.reshape(drawn, [count, S]), cosine_basis(S)).numpy().astype(float)
    shift = math.log(math.expm1(6.0))  # softplus of it is the way from the least to the first
    span = 2 * scipy.stats.t.ppf(0.75, 4)
    sigma = temperature * np.exp(-9.0 + np.log1p(np.exp(raw + shift)))
    np.testing.assert_allclose(
        np.subtract(*np.quantile(coefficients, [0.75, 0.25], axis=0)),
        span * sigma,
        rtol=0.08,
        atol=1e-5,
    )
    np.testing.assert_allclose(
        np.median(coefficients, 0), means, atol=5 * sigma.max() / count**0.5 + 1e-6
    )


def test_quantiles_are_those_of_student():
    shares = np.array([0.001, 0.2, 0.5, 0.7, 0.999], np.float32)
    expected = scipy.stats.t.ppf(shares, 4)
    np.testing.assert_allclose(
        student_quantile(tf.constant(shares)), expected, rtol=1e-3, atol=1e-3
    )


def test_scales_follow_the_level_of_what_was_heard():
    head = CosineStudentHead(1, S)
    noise = tf.random.stateless_normal([1, 6, S], [1, 2])
    scales = []
    for gain in (0.01, 0.1):
        frames = gain * noise
        context = head.context(frames, tf.constant([4]))
        carried = head.carried(tf.zeros([1, S, 2]), frames[:, 3], context)
        scales.append(head._split(carried)[1].numpy())
    np.testing.assert_allclose(scales[1] - scales[0], math.log(10), atol=0.05)
    loud_later = tf.concat([frames[:, :4], frames[:, 4:] + 1.0], axis=1)  # beyond the length
    np.testing.assert_array_equal(head.context(loud_later, tf.constant([4])), context)
