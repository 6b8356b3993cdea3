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


class Augmentation:
    """What training draws of clips [..., T, depth], each clip its own; else nothing changes.

    Args:
        training: whether anything is drawn.
        seed: int32 [2]; the same seed draws the same. Unused where nothing is drawn.
    """

    def __init__(self, training: bool, seed: tf.Tensor | None):
        self.training, self.seed = training, seed

    def gain(self, values: tf.Tensor, most_db: float) -> tf.Tensor:
        """Returns waveforms lowered by up to `most_db` dB."""
        if not (self.training and most_db):
            return values
        gain_db = self._uniform(values, 0, -most_db, 0.0)
        return values * tf.pow(10.0, gain_db / 20.0)[..., None, None]

    def gain_of_db(self, values: tf.Tensor, most_db: float, floor_db: float) -> tf.Tensor:
        """Returns spectra, 0 for `floor_db` and 1 for 0 dB, lowered by up to `most_db` dB."""
        if not (self.training and most_db):
            return values
        gain = self._uniform(values, 0, -most_db, 0.0) / -floor_db
        return tf.maximum(values + gain[..., None, None], 0.0)

    def polarity(self, values: tf.Tensor, wanted: bool) -> tf.Tensor:
        """Returns waveforms, half of them turned upside down if wanted."""
        if not (self.training and wanted):
            return values
        up = self._uniform(values, 1, -1.0, 1.0)[..., None, None] >= 0
        return tf.where(up, values, -values)

    def shift(self, values: tf.Tensor, length: tf.Tensor, most: int) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns clips up to `most` steps later or earlier, and their lengths [...].

        Zeros come in; those at the end lie beyond the length.
        """
        length = tf.convert_to_tensor(length)
        if not (self.training and most):
            return values, length
        steps, batch_dims = tf.shape(values)[-2], values.shape.rank - 2
        by = tf.cast(tf.round(self._uniform(values, 2, -1.0, 1.0) * most), tf.int32)  # [...]
        places = tf.range(steps) - by[..., None]  # [..., T]
        there = (places >= 0) & (places < length[..., None])
        places = tf.clip_by_value(places, 0, steps - 1)
        found = tf.gather(values, places, axis=-2, batch_dims=batch_dims)
        return tf.where(there[..., None], found, 0.0), tf.clip_by_value(length + by, 1, steps)

    def _uniform(self, values: tf.Tensor, number: int, low: float, high: float) -> tf.Tensor:
        """Returns numbers [...] of the stream `number`, one for each clip."""
        seed = tf.random.fold_in(self.seed, number)
        return tf.random.stateless_uniform(tf.shape(values)[:-2], seed, low, high)


def view(
    values: tf.Tensor, length: tf.Tensor, spec: Spec, padding_is_silence: bool = False
) -> dict[str, tf.Tensor]:
    """Returns the model's view of clips [..., T, depth], zeros from `length` [...] on.

    Where padding is silence, these count: every clip is as long as it can be.
    """
    inside = tf.range(tf.shape(values)[-2]) < length[..., None]  # [..., T]
    values = tf.where(inside[..., None], values, 0.0)
    if padding_is_silence:
        length = tf.ones_like(length) * tf.shape(values)[-2]
    found = {"inputs": values, "targets": values, "length": length}
    return {
        name: tf.ensure_shape(part, length.shape.concatenate(spec[name].shape))
        for name, part in found.items()
    }
