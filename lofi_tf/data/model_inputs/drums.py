"""Drum tracks: stored bit masks as one-hot classes or bits."""

import numpy as np
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
    numbers = tf.bitcast(masks, tf.int32)  # LiteRT shifts no others; of int64 low and high half
    numbers = numbers if masks.dtype == tf.int64 else numbers[..., None]
    own, shifts = np.divmod(np.arange(bits, dtype=np.int32), 32)
    shifted = tf.bitwise.right_shift(tf.gather(numbers, own, axis=-1), shifts)
    return tf.cast(shifted % 2, tf.float32)
