"""What the TensorFlow halves share: which steps count, and by how much music moves."""

import tensorflow as tf

Arrays = dict[str, tf.Tensor]
Seed = tf.Tensor | None  # int32 [2]


def inside(length: tf.Tensor, num_steps: tf.Tensor) -> tf.Tensor:
    """Returns 1 for the steps before `length` [...], else 0, float32 [..., T, 1]."""
    return tf.cast(tf.range(num_steps) < length[..., None], tf.float32)[..., None]


def drawn_shift(
    half_steps: tuple[int, int] | None, shape: tf.Tensor, training: bool, seed: tf.Tensor | None
) -> tf.Tensor | None:
    """Returns half steps up, int32 of a shape, one draw an example; None where nothing moves."""
    if not training or half_steps is None:
        return None
    low, high = half_steps
    return tf.random.stateless_uniform(shape, seed, low, high + 1, tf.int32)
