"""Losses as pure functions that return one number an example, [B]."""

import math
from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

Parts = dict[str, tf.Tensor]  # of a loss, counts or scalars, by name
LOG_LOSS_EPSILON = 1e-7  # of tf.losses.log_loss, which Magenta's Groove decoder uses


def kl_cost(kl_nats: tf.Tensor, free_bits: float) -> tf.Tensor:
    """Returns the part of the KL divergence above the free bits, in nats.

    Args:
        kl_nats: divergence of posterior and prior summed over the latent, [B].
        free_bits: bits an example that cost nothing (Kingma et al. 2016, "Improving Variational
            Inference with Inverse Autoregressive Flow").
    """
    return tf.maximum(kl_nats - free_bits * math.log(2.0), 0.0)


def log_loss(targets: tf.Tensor, probabilities: tf.Tensor) -> tf.Tensor:
    """Returns the elementwise negative log likelihood of binary targets."""
    epsilon = LOG_LOSS_EPSILON
    return -targets * tf.math.log(probabilities + epsilon) - (1.0 - targets) * tf.math.log(
        1.0 - probabilities + epsilon
    )


def valid_steps(lengths: tf.Tensor, num_steps: tf.Tensor, dtype=tf.float32) -> tf.Tensor:
    """Returns 1 where a step counts and 0 elsewhere, [B, T].

    Args:
        lengths: of each sequence [B], or of each of its segments [B, S].
        num_steps: steps T.
        dtype: of the answer.
    """
    if lengths.shape.rank == 1:
        return tf.sequence_mask(lengths, num_steps, dtype)
    segments = lengths.shape[1]
    mask = tf.sequence_mask(lengths, num_steps // segments, dtype)  # [B, S, T / S]
    return tf.reshape(mask, [-1, num_steps])


def sum_valid_steps(values: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
    """Returns `values` [B, T] or [B, T, C] summed over valid steps, [B] or [B, C].

    See `valid_steps`.
    """
    valid = valid_steps(lengths, tf.shape(values)[1], values.dtype)  # [B, T]
    if values.shape.rank == 3:
        valid = valid[..., None]
    return tf.reduce_sum(values * valid, axis=1)


def sum_valid(values: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
    """Returns `values` [B, T, C] summed over valid steps and over C, [B]; see `valid_steps`."""
    return sum_valid_steps(tf.reduce_sum(values, axis=-1), lengths)


class AdversarialLoss(NamedTuple):
    """What a discriminator and a generator lower, elementwise functions of the scores.

    Attributes:
        real, fake: losses of the discriminator for what is real and what was generated.
        generator: loss of the generator for what it generated.
        boundary: scores above say that something is real.
    """

    real: Callable[[tf.Tensor], tf.Tensor]
    fake: Callable[[tf.Tensor], tf.Tensor]
    generator: Callable[[tf.Tensor], tf.Tensor]
    boundary: float


def _from_one(scores: tf.Tensor) -> tf.Tensor:
    return tf.square(scores - 1.0)


# Lim & Ye 2017, "Geometric GAN"; Mao et al. 2017, "Least Squares Generative Adversarial Networks";
# Goodfellow et al. 2014, "Generative Adversarial Networks", the loss that does not saturate.
ADVERSARIAL_LOSSES = {
    "hinge": AdversarialLoss(
        lambda scores: tf.nn.relu(1.0 - scores),
        lambda scores: tf.nn.relu(1.0 + scores),
        tf.negative,
        0.0,
    ),
    "least_squares": AdversarialLoss(_from_one, tf.square, _from_one, 0.5),
    "cross_entropy": AdversarialLoss(
        lambda scores: tf.nn.softplus(-scores),
        tf.nn.softplus,
        lambda scores: tf.nn.softplus(-scores),
        0.0,
    ),
}
