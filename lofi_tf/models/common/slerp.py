"""The way between two points of a latent."""

import tensorflow as tf


def slerp(start: tf.Tensor, end: tf.Tensor, shares: tf.Tensor) -> tf.Tensor:
    """Returns points [N, Z] at the shares [N] of the great circle from `start` to `end`, both [Z].

    White 2016, "Sampling Generative Networks". Where there is no one great circle (equal,
    opposite or zero vectors) the way is straight.
    """
    one, other = tf.cast(start, tf.float64), tf.cast(end, tf.float64)
    share = tf.cast(shares, tf.float64)[:, None]
    norms = tf.norm(one) * tf.norm(other)
    cosine = tf.math.divide_no_nan(tf.reduce_sum(one * other), norms)
    angle = tf.acos(tf.clip_by_value(cosine, -1.0, 1.0))
    is_arc = (tf.sin(angle) > 1e-6) & (norms > 0)
    sine = tf.where(is_arc, tf.sin(angle), 1.0)
    arc = (tf.sin((1.0 - share) * angle) * one + tf.sin(share * angle) * other) / sine
    return tf.cast(tf.where(is_arc, arc, (1.0 - share) * one + share * other), start.dtype)
