"""Random numbers by row: what a row draws depends on its own seed alone."""

import tensorflow as tf


def row_seeds(seed: tf.Tensor) -> tf.Tensor:
    """Returns the pairs int32 [B, 2] of whole seeds, int64 [B]: high half, low half."""
    return tf.reverse(tf.bitcast(seed, tf.int32), [-1])


def seeds_from(seed: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
    """Returns the rows' seeds, int64 [count], of a whole request's seed: seed * 2**32 + row."""
    return tf.bitwise.left_shift(tf.cast(seed, tf.int64), 32) + tf.range(count, dtype=tf.int64)


def row_normal(seeds: tf.Tensor, size: int) -> tf.Tensor:
    """Returns standard normal numbers [B, size] of the seeds, int32 [B, 2]."""
    return _by_row(lambda seed: tf.random.stateless_normal([size], seed), seeds)


def row_uniform(seeds: tf.Tensor, steps: tf.Tensor, size: int) -> tf.Tensor:
    """Returns uniform numbers in [0, 1), [steps, B, size], of the seeds, int32 [B, 2]."""
    drawn = _by_row(
        lambda seed: tf.random.stateless_uniform([steps, size], tf.random.fold_in(seed, 1)), seeds
    )
    return tf.transpose(drawn, [1, 0, 2])


def _by_row(draw, seeds):
    return tf.map_fn(draw, seeds, fn_output_signature=tf.float32)
