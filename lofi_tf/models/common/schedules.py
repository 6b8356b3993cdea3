"""Schedules of training: pure functions of the step, as in Magenta's MusicVAE."""

import tensorflow as tf

LEAST_BASE = 0.01  # of the powers of beta_in_time: below it they would fall at once


def learning_rate(step: tf.Tensor, initial: float, decay_rate: float, minimum: float) -> tf.Tensor:
    """Returns the exponentially decayed rate `(initial - minimum) * decay_rate**step + minimum`."""
    step = tf.cast(step, tf.float32)
    return (initial - minimum) * tf.pow(decay_rate, step) + minimum


def beta(step: tf.Tensor, max_beta: float, beta_rate: float) -> tf.Tensor:
    """Returns the weight of the KL cost, `max_beta * (1 - beta_rate**step)`.

    With `beta_rate` 0 that is `max_beta` at every step but step 0, where it is 0.
    """
    return max_beta * (1.0 - tf.pow(beta_rate, tf.cast(step, tf.float32)))


def beta_in_time(step: tf.Tensor, start: float, end: float, duration: int) -> tf.Tensor:
    """Returns the weight of the KL cost, from `start` to `end` in `duration` steps, then `end`.

    That is 1 + start - r**step with r = (1 + start - end)**(1 / duration): fast first, the slower
    the smaller the way. A way of nearly 1 or more, where r would be 0, takes the powers of
    `LEAST_BASE` in place of 1 + start - end, stretched so that they arrive.
    """
    way = end - start
    if duration <= 0 or way == 0:
        return tf.constant(end, tf.float32)
    base = max(1.0 - way, LEAST_BASE)
    part = tf.minimum(tf.cast(step, tf.float32) / duration, 1.0)
    return start + way * (1.0 - tf.pow(base, part)) / (1.0 - base)


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
