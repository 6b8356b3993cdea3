"""Random numbers by row: what a row draws depends on its own seed alone; and draws by them."""

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


def row_uniform(seeds: tf.Tensor, steps: int, size: int) -> tf.Tensor:
    """Returns uniform numbers in [0, 1), [B, steps, size], of the seeds, int32 [B, 2]."""
    return _by_row(
        lambda seed: tf.random.stateless_uniform([steps, size], tf.random.fold_in(seed, 1)), seeds
    )


def draw_bits(logits: tf.Tensor, temperature: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
    """Returns bits [B, D] of logits over the temperature [B]; the likelier at 0."""
    temperature = temperature[:, None]
    probability = tf.sigmoid(tf.math.divide_no_nan(logits, temperature))
    return tf.cast(tf.where(temperature > 0, noise < probability, logits > 0), tf.float32)


def draw_class(logits: tf.Tensor, temperature: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
    """Returns a class [B] of logits [B, C] over the temperature [B]; the likeliest at 0.

    It is the first class whose cumulative probability exceeds the noise [B].
    """
    scaled = tf.math.divide_no_nan(logits, temperature[:, None])
    cumulative = tf.cumsum(tf.nn.softmax(scaled), axis=-1)
    place = tf.reduce_sum(tf.cast(cumulative <= noise[:, None], tf.int64), axis=-1)
    drawn = tf.minimum(place, logits.shape[-1] - 1)
    return tf.where(temperature > 0, drawn, tf.argmax(logits, axis=-1))


def _by_row(draw, seeds):
    return tf.map_fn(draw, seeds, fn_output_signature=tf.float32)
