"""Clips of sound: stored waveforms and spectra as floats, changed at random in training."""

import tensorflow as tf

from lofi_tf.data.converters.clip_options import ClipConverter
from lofi_tf.data.converters.spectrum import SpectrumConverter
from lofi_tf.data.converters.waveform import WaveformConverter
from lofi_tf.data.model_inputs.steps import Arrays, Seed


def as_float(array: tf.Tensor) -> tf.Tensor:
    """Returns a stored array as float32."""
    return tf.cast(tf.convert_to_tensor(array), tf.float32)


class Augmentation:
    """What training draws of clips [..., T, depth], each clip its own; else nothing changes.

    The same seed, int32 [2], draws the same.
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
        shifted = tf.gather(values, places, axis=-2, batch_dims=batch_dims)
        return tf.where(there[..., None], shifted, 0.0), tf.clip_by_value(length + by, 1, steps)

    def _uniform(self, values: tf.Tensor, number: int, low: float, high: float) -> tf.Tensor:
        """Returns numbers [...] of the stream `number`, one for each clip."""
        seed = tf.random.fold_in(self.seed, number)
        return tf.random.stateless_uniform(tf.shape(values)[:-2], seed, low, high)


def waveform_to_model(
    options: WaveformConverter, example: Arrays, training: bool, seed: Seed
) -> Arrays:
    """Returns what the model is fed of stored waveforms; gain, polarity and shift are drawn."""
    rate, drawn = options.sample_rate, Augmentation(training, seed)
    samples = as_float(example[f"waveform_{rate}"]) / 32768.0
    samples = drawn.gain(samples, options.random_gain_db)
    samples = drawn.polarity(samples, options.random_polarity)
    most = round(options.random_shift_seconds * rate)
    return _ended(*drawn.shift(samples, example[f"length_{rate}"], most), options)


def spectrum_to_model(
    options: SpectrumConverter, example: Arrays, training: bool, seed: Seed
) -> Arrays:
    """Returns what the model is fed of stored spectra; gain, and a shift in whole frames."""
    rate, drawn = options.sample_rate, Augmentation(training, seed)
    floor_db = options.settings.floor_db
    values = 1 - as_float(example[f"{options.features}_{rate}"]) / floor_db
    values = drawn.gain_of_db(values, options.random_gain_db, floor_db)
    most = round(options.random_shift_seconds * rate / options.settings.hop_size)
    return _ended(*drawn.shift(values, example[f"length_{rate}"], most), options)


def _ended(values: tf.Tensor, length: tf.Tensor, options: ClipConverter) -> Arrays:
    """Returns clips [..., T, depth] with zeros from `length` [...] on.

    Where padding is silence, these count: every clip is as long as it can be.
    """
    steps = tf.shape(values)[-2]
    values = tf.where(tf.range(steps)[:, None] < length[..., None, None], values, 0.0)
    if options.padding_is_silence:
        length = tf.ones_like(length) * steps
    return {"inputs": values, "targets": values, "length": length}
