"""Sequences as segments of equal size: [B, T, D] as [B * S, T / S, D]."""

import tensorflow as tf


def to_segments(values: tf.Tensor, num_segments: int) -> tf.Tensor:
    """Returns [B, T, D] as [B * S, T / S, D]."""
    steps = values.shape[1] // num_segments
    return tf.reshape(values, [-1, steps, values.shape[2]])


def from_segments(values: tf.Tensor, num_steps: int) -> tf.Tensor:
    """Returns [B * S, L, D] as [B, T, D], T = S * L."""
    return tf.reshape(values, [-1, num_steps, values.shape[2]])


def segment_lengths(lengths: tf.Tensor, num_segments: int, segment_steps: int) -> tf.Tensor:
    """Returns the valid steps of each segment, [B, S].

    Args:
        lengths: of each sequence, [B], or already of each segment, [B, S].
        num_segments: segments S.
        segment_steps: steps of a segment.
    """
    if lengths.shape.rank == 2:
        return lengths
    starts = tf.range(num_segments) * segment_steps
    return tf.clip_by_value(lengths[:, None] - starts, 0, segment_steps)
