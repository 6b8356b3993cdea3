"""Convolutions over time and frequency: spectrogram clips [B, T, F] to [B, H], and z back."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from lofi_tf.models.layers.dense import convolution, dense
from lofi_tf.models.sound.clip_nets import SLOPE, halved, near_silence
from lofi_tf.settings import Size

MIDDLE = 0.4  # about what the values of spectra are on the average, floor 0 to full scale 1


class SpectrumEncoder(keras.layers.Layer):
    """Convolutions of stride 2 over time and frequency, then a dense layer.

    Args:
        steps, depth: frames T and bins F of a clip.
        channels: of each convolution, each of which halves both sides, rounded up.
        output_neurons: size H of the encoding.
        kernel_size: frames and bins that a convolution sees.
        skip: whether a linear layer leads past them all.
    """

    def __init__(
        self,
        steps: int,
        depth: int,
        channels: Sequence[Size] = (32, 64, 96, 128),
        output_neurons: Size = 256,
        kernel_size: Size = 5,
        skip: bool = False,
    ):
        super().__init__(name="encoder")
        self.output_size = output_neurons
        self.convolutions = [
            convolution(size, out, kernel_size, 2, f"conv_{number}", kind=keras.layers.Conv2D)
            for number, (size, out) in enumerate(zip([1, *channels], channels, strict=False))
        ]
        sides = [halved(side, len(channels))[-1] for side in (steps, depth)]
        self.flat_size = sides[0] * sides[1] * channels[-1]
        self.out = dense(self.flat_size, output_neurons, initializer="he_normal")
        self.clip_size = steps * depth
        self.skip = dense(self.clip_size, output_neurons, "skip") if skip else None
        self.built = True

    def call(
        self, inputs: tf.Tensor, lengths: tf.Tensor | None = None, seed: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Returns the encoding [B, H] of clips [B, T, F]; `lengths` and `seed` change nothing."""
        values = inputs[..., None]
        for layer in self.convolutions:
            values = tf.nn.leaky_relu(layer(values), SLOPE)
        encoding = tf.nn.leaky_relu(self.out(tf.reshape(values, [-1, self.flat_size])), SLOPE)
        if self.skip is None:
            return encoding
        return encoding + self.skip(tf.reshape(inputs, [-1, self.clip_size]) - MIDDLE)


class SpectrumGenerator(keras.layers.Layer):
    """The mirror of `SpectrumEncoder`: z [B, Z] to clips [B, T, F].

    Args:
        steps, depth: frames T and bins F of a clip.
        z_size: size Z.
        channels, output_neurons, kernel_size, skip: as of the encoder, which this mirrors.
    """

    def __init__(
        self,
        steps: int,
        depth: int,
        z_size: int,
        channels: Sequence[Size] = (32, 64, 96, 128),
        output_neurons: Size = 256,
        kernel_size: Size = 5,
        skip: bool = False,
    ):
        super().__init__(name="net")
        sides = [[side, *halved(side, len(channels))][::-1] for side in (steps, depth)]
        self.sides = list(zip(*sides, strict=True))  # (frames, bins), from small to whole
        self.first_shape = [-1, *self.sides[0], channels[-1]]
        self.skip = dense(z_size, steps * depth, "skip", near_silence()) if skip else None
        self.hidden = dense(z_size, output_neurons, initializer="he_normal")
        flat_size = self.sides[0][0] * self.sides[0][1] * channels[-1]
        self.wide = dense(output_neurons, flat_size, initializer="he_normal")
        mirrored = [*channels[::-1], 1]
        self.convolutions = [
            convolution(
                size, out, kernel_size, 2, f"conv_{number}", kind=keras.layers.Conv2DTranspose
            )
            for number, (size, out) in enumerate(zip(mirrored, mirrored[1:], strict=False))
        ]
        self.built = True

    def call(self, z: tf.Tensor) -> tf.Tensor:
        """Returns clips [B, T, F]."""
        values = self.wide(tf.nn.leaky_relu(self.hidden(z), SLOPE))
        values = tf.reshape(values, self.first_shape)
        for layer, (frames, bins) in zip(self.convolutions, self.sides[1:], strict=True):
            values = layer(tf.nn.leaky_relu(values, SLOPE))[:, :frames, :bins]
        values = values[..., 0]
        if self.skip is None:
            return values
        return values + MIDDLE + tf.reshape(self.skip(z), [-1, *values.shape[1:]])
