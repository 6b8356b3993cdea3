"""Schedules of training: pure functions of the step, as in Magenta's MusicVAE."""

import tensorflow as tf


def learning_rate(step: tf.Tensor, initial: float, decay_rate: float, minimum: float) -> tf.Tensor:
    """Returns the exponentially decayed rate `(initial - minimum) * decay_rate**step + minimum`."""
    step = tf.cast(step, tf.float32)
    return (initial - minimum) * tf.pow(decay_rate, step) + minimum


def beta(step: tf.Tensor, max_beta: float, beta_rate: float) -> tf.Tensor:
    """Returns the weight of the KL cost, `max_beta * (1 - beta_rate**step)`.

    With `beta_rate` 0 that is `max_beta` at every step but step 0, where it is 0.
    """
    return max_beta * (1.0 - tf.pow(beta_rate, tf.cast(step, tf.float32)))


def sampling_probability(step: tf.Tensor, schedule: str, rate: float) -> tf.Tensor:
    """Returns the chance that a decoder is fed its own sample instead of the truth.

    Follows Bengio et al. 2015, "Scheduled Sampling for Sequence Prediction with Recurrent Neural
    Networks", as Magenta's `get_sampling_probability`: `constant` rate, `exponential`
    1 - rate**step, `inverse_sigmoid` 1 - rate / (rate + exp(step / rate)).
    """
    step = tf.cast(step, tf.float32)
    if schedule == "constant":
        return tf.constant(rate, tf.float32)
    if schedule == "exponential":
        return 1.0 - tf.pow(rate, step)
    return 1.0 - rate / (rate + tf.exp(step / rate))
