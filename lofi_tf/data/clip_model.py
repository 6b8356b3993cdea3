"""The audio converters' TensorFlow half: from stored clips to what the model eats."""

from collections.abc import Mapping, Sequence

import tensorflow as tf

Spec = Mapping[str, tf.TensorSpec]


def example_spec(name: str, shapes: Mapping[int, Sequence[int]], dtype: str) -> Spec:
    """Returns what is stored of an example.

    Args:
        name: of the arrays, `<name>_<rate>`.
        shapes: theirs, by rate.
        dtype: their type.
    """
    arrays = {f"{name}_{rate}": tf.TensorSpec(shape, dtype) for rate, shape in shapes.items()}
    return arrays | {f"length_{rate}": tf.TensorSpec([], tf.int32) for rate in shapes}


def model_spec(steps: int, depth: int) -> Spec:
    """Returns what the model eats of an example."""
    whole = tf.TensorSpec([steps, depth], tf.float32)
    return {"inputs": whole, "targets": whole, "length": tf.TensorSpec([], tf.int32)}


def as_float(array: tf.Tensor) -> tf.Tensor:
    """Returns a stored array as float32."""
    return tf.cast(tf.convert_to_tensor(array), tf.float32)


def view(values: tf.Tensor, length: tf.Tensor, spec: Spec) -> dict[str, tf.Tensor]:
    """Returns the model's view of clips [..., T, depth], zeros from `length` [...] on."""
    length = tf.convert_to_tensor(length)
    inside = tf.range(tf.shape(values)[-2]) < length[..., None]  # [..., T]
    values = tf.where(inside[..., None], values, 0.0)
    found = {"inputs": values, "targets": values, "length": length}
    return {
        name: tf.ensure_shape(part, length.shape.concatenate(spec[name].shape))
        for name, part in found.items()
    }
