"""Drum tracks: stored bit masks as one-hot classes or bits."""

import tensorflow as tf

from lofi_tf.data.converters.drums import DrumsConverter
from lofi_tf.data.model_inputs.steps import Arrays, Seed, inside


def to_model(options: DrumsConverter, example: Arrays, training: bool, seed: Seed) -> Arrays:
    """Returns what the model is fed of stored examples; nothing is drawn."""
    masks, length = (tf.convert_to_tensor(example[name]) for name in ("drums", "length"))
    counts = inside(length, tf.shape(masks)[-1])
    inputs = _steps_as(options, masks, options.roll_input) * counts
    if options.roll_input:
        silent = tf.cast(masks[..., None] == 0, tf.float32)
        inputs = tf.concat([inputs, silent * counts], -1)
    targets = _steps_as(options, masks, options.roll_output) * counts
    return {"inputs": inputs, "targets": targets, "length": length}


def _steps_as(options: DrumsConverter, masks: tf.Tensor, roll: bool) -> tf.Tensor:
    """Returns bit masks [..., T] as bits or one-hot, float32 [..., T, depth]."""
    bits = options.num_drums + options.add_end_token
    if not roll:
        return tf.one_hot(masks, (1 << options.num_drums) + options.add_end_token)
    shifts = tf.range(bits, dtype=masks.dtype)
    return tf.cast(tf.bitwise.right_shift(masks[..., None], shifts) % 2, tf.float32)
