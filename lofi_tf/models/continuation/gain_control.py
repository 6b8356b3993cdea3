"""The levels of a continuation that recalls: near what the model says, within what was heard.

What is recalled is always the heard sound, but the model is fed its own last frame: what it says a
little too low makes the next frame lower still, until nothing is left, and draws may grow the same
way. So levels, followed over about ten frames, stay between those of the earlier place and what
these would have fallen to by now as they fell in what was heard: a loop keeps its level, and a tone
that dies away goes on to die away.
"""

import tensorflow as tf

from lofi_tf.models.continuation.frame_heads import level_of

PACE = 0.1  # of the running powers, a frame: levels follow slower than beats


def running(power: tf.Tensor, now: tf.Tensor) -> tf.Tensor:
    """Returns a running power [..., S], a frame later, of that before and of the frame's own."""
    return PACE * now + (1.0 - PACE) * power


def bounded_ratio(
    power: tf.Tensor, earlier: tf.Tensor, floor: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the ratio of the levels of two running powers, [..., S], and it from a floor to 1.

    Args:
        power: of what goes on, [..., S].
        earlier: of the earlier places, [..., S].
        floor: the least, from 0 to 1, [..., 1].
    """
    ratio = tf.exp(level_of(power) - level_of(earlier))
    return ratio, tf.clip_by_value(ratio, floor, 1.0)


def heard_fall(sounds: tf.Tensor, lengths: tf.Tensor, lags: tf.Tensor) -> tf.Tensor:
    """Returns what the level of sounds [B, N] falls to from one lag to the next, [B, 1], at most 1.

    It compares all from a lag on with all up to a lag before the end: a loop's is 1, that of a tone
    that dies away what is left of it after a lag. Where these are empty it is 0.

    Args:
        sounds: zeros from their lengths on.
        lengths: samples that count, [B].
        lags: in samples, [B].
    """
    places, power = tf.range(tf.shape(sounds)[1])[None], tf.square(sounds)
    until = (lengths - lags)[:, None]
    later = tf.reduce_sum(tf.where(places >= lags[:, None], power, 0.0), 1, keepdims=True)
    before = tf.reduce_sum(tf.where(places < until, power, 0.0), 1, keepdims=True)
    return tf.sqrt(tf.minimum(tf.math.divide_no_nan(later, before), 1.0))
