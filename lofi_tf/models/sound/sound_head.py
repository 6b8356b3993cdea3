"""What heads of sound share: how near the means of what they say are to the truth."""

import math

import keras
import tensorflow as tf

from lofi_tf.models.common.losses import Parts, sum_valid


class SoundHead(keras.layers.Layer):
    """A head whose parameters have a mean; subclasses give `mean`, `losses` and `sample`."""

    def __init__(self):
        super().__init__(name="head")

    def mean(self, parameters: tf.Tensor) -> tf.Tensor:
        """Returns the means of the distributions of parameters [..., P], of the targets' shape."""
        raise NotImplementedError

    def counts(self, parameters: tf.Tensor, targets: tf.Tensor, lengths: tf.Tensor) -> Parts:
        """Returns the energy of targets [B, T, C] and of the means' errors, [B], and the values."""
        sums = {
            "energy": tf.square(targets),
            "error_energy": tf.square(targets - self.mean(parameters)),
            "values": tf.ones_like(targets),
        }
        return {name: sum_valid(value, lengths) for name, value in sums.items()}

    def scalars(self, sums: Parts) -> Parts:
        """Returns the mean square error and the signal-to-noise ratio in dB."""
        ratio = tf.math.divide_no_nan(sums["energy"], sums["error_energy"])
        return {
            "mse": tf.math.divide_no_nan(sums["error_energy"], sums["values"]),
            "snr_db": 10.0 / math.log(10.0) * tf.math.log(tf.maximum(ratio, 1e-10)),
        }
