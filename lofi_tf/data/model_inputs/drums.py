"""The drum converter's TensorFlow half: from stored bit masks to what the model eats."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import tensorflow as tf

if TYPE_CHECKING:
    from lofi_tf.data.converters.drums import DrumsConverter

Spec = Mapping[str, tf.TensorSpec]


def example_spec(options: "DrumsConverter") -> Spec:
    """Returns what is stored of an example."""
    drums = tf.TensorSpec([_steps(options)], tf.as_dtype(options.stored_type))
    return {"drums": drums, "length": tf.TensorSpec([], tf.int32)}


def model_spec(options: "DrumsConverter") -> Spec:
    """Returns what the model eats of an example."""
    steps = _steps(options)
    return {
        "inputs": tf.TensorSpec([steps, options.input_depth], tf.float32),
        "targets": tf.TensorSpec([steps, options.output_depth], tf.float32),
        "length": tf.TensorSpec([], tf.int32),
    }


def to_model(options: "DrumsConverter", example: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Returns the model's view of stored examples; see `DrumsConverter.to_model`."""
    masks, length = (tf.convert_to_tensor(example[name]) for name in ("drums", "length"))
    steps = tf.range(tf.shape(masks)[-1])
    inside = tf.cast(steps < length[..., None], tf.float32)[..., None]  # [..., T, 1]
    found = {"inputs": _steps_as(options, masks, options.roll_input) * inside}
    found["targets"] = _steps_as(options, masks, options.roll_output) * inside
    if options.roll_input:
        silent = tf.cast(masks[..., None] == 0, tf.float32)
        found["inputs"] = tf.concat([found["inputs"], silent * inside], -1)
    found["length"] = length
    spec = model_spec(options)
    return {
        name: tf.ensure_shape(part, length.shape.concatenate(spec[name].shape))
        for name, part in found.items()
    }


def _steps_as(options: "DrumsConverter", masks: tf.Tensor, roll: bool) -> tf.Tensor:
    """Returns bit masks [..., T] as bits or one-hot, float32 [..., T, depth]."""
    bits = options.num_drums + options.add_end_token
    if not roll:
        return tf.one_hot(masks, (1 << options.num_drums) + options.add_end_token)
    shifts = tf.range(bits, dtype=masks.dtype)
    return tf.cast(tf.bitwise.right_shift(masks[..., None], shifts) & 1, tf.float32)


def _steps(options: "DrumsConverter") -> int | None:
    return options.slice_steps and options.slice_steps + options.add_end_token
