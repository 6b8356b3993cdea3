"""Networks over clips of sound of one length: dense and convolutional.

Each pair is an encoder of clips [B, T, C] to [B, H] and a decoder of z [B, Z] to [B, T, C]. Any
length T goes in and comes out. The hyperparameters are those of LoFAI, by its names.
"""

from collections.abc import Sequence

import keras
import tensorflow as tf

from lofi_tf.models.layers.dense import convolution, dense
from lofi_tf.settings import Size

SLOPE = 0.2  # of the leaky rectifiers


class DenseEncoder(keras.layers.Layer):
    """Dense layers over a whole clip, their widths in geometric steps.

    Args:
        steps: samples T of a clip.
        depth: channels C.
        num_layers: dense layers.
        input_neurons, output_neurons: widths of the first and of the last.
        skip: whether a linear layer leads past them, as in a residual network: without the others
            the model is a linear one, as principal components are.
    """

    def __init__(
        self,
        steps: int,
        depth: int,
        num_layers: Size = 5,
        input_neurons: Size = 750,
        output_neurons: Size = 100,
        skip: bool = False,
    ):
        super().__init__(name="encoder")
        self.output_size = output_neurons
        self.net = _dense_stack(
            steps * depth, widths(num_layers, input_neurons, output_neurons), "dense"
        )
        self.skip = dense(steps * depth, output_neurons, "skip") if skip else None
        self.built = True

    def call(
        self, inputs: tf.Tensor, lengths: tf.Tensor | None = None, seed: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Returns the encoding [B, H] of clips [B, T, C]; `lengths` and `seed` change nothing."""
        flat = tf.reshape(inputs, [-1, inputs.shape[1] * inputs.shape[2]])
        return self.net(flat) if self.skip is None else self.net(flat) + self.skip(flat)


class DenseGenerator(keras.layers.Layer):
    """The mirror of `DenseEncoder`: z [B, Z] to clips [B, T, C] before their tanh.

    Args:
        steps, depth: of the clips.
        z_size: size Z.
        num_layers, input_neurons, output_neurons, skip: as of the encoder, which this mirrors.
    """

    def __init__(
        self,
        steps: int,
        depth: int,
        z_size: int,
        num_layers: Size = 5,
        input_neurons: Size = 750,
        output_neurons: Size = 100,
        skip: bool = False,
    ):
        super().__init__(name="net")
        self.steps, self.depth = steps, depth
        sizes = widths(num_layers, input_neurons, output_neurons)[::-1]
        self.net = _dense_stack(z_size, sizes, "dense")
        self.out = dense(sizes[-1], steps * depth, "out", near_silence())
        self.skip = dense(z_size, steps * depth, "skip", near_silence()) if skip else None
        self.built = True

    def call(self, z: tf.Tensor) -> tf.Tensor:
        """Returns clips [B, T, C]."""
        values = self.out(self.net(z))
        if self.skip is not None:
            values += self.skip(z)
        return tf.reshape(values, [-1, self.steps, self.depth])


class ConvEncoder(keras.layers.Layer):
    """Convolutions of stride 2 over time, then dense layers.

    Args:
        steps, depth: of the clips.
        num_conv_layers: convolutions, each of which halves the length, rounded up.
        initial_channels: of the first.
        factor: by which each has more channels than the one before.
        num_dense_layers, input_neurons, output_neurons: the dense layers, as of `DenseEncoder`.
        kernel_size: samples that a convolution sees.
        skip: whether a linear layer leads past all others, as of `DenseEncoder`.
    """

    def __init__(
        self,
        steps: int,
        depth: int,
        num_conv_layers: Size = 3,
        num_dense_layers: Size = 1,
        initial_channels: Size = 10,
        input_neurons: Size = 500,
        output_neurons: Size = 100,
        factor: Size = 2,
        kernel_size: Size = 3,
        skip: bool = False,
    ):
        super().__init__(name="encoder")
        self.output_size = output_neurons
        channels = [depth, *_channels(num_conv_layers, initial_channels, factor)]
        self.convolutions = [
            convolution(channels[n], out, kernel_size, 2, f"conv_{n}")
            for n, out in enumerate(channels[1:])
        ]
        self.length = halved(steps, num_conv_layers)[-1]
        sizes = widths(num_dense_layers, input_neurons, output_neurons)
        self.net = _dense_stack(self.length * channels[-1], sizes, "dense")
        self.skip = dense(steps * depth, output_neurons, "skip") if skip else None
        self.built = True

    def call(
        self, inputs: tf.Tensor, lengths: tf.Tensor | None = None, seed: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Returns the encoding [B, H] of clips [B, T, C]; `lengths` and `seed` change nothing."""
        flat = tf.reshape(inputs, [-1, inputs.shape[1] * inputs.shape[2]])
        for layer in self.convolutions:
            inputs = tf.nn.leaky_relu(layer(inputs), SLOPE)
        encoding = self.net(tf.reshape(inputs, [-1, self.length * inputs.shape[-1]]))
        return encoding if self.skip is None else encoding + self.skip(flat)


class ConvGenerator(keras.layers.Layer):
    """The mirror of `ConvEncoder`: dense layers, then transposed convolutions, cut to length.

    Args:
        steps, depth: of the clips.
        z_size: size Z.
        num_conv_layers, num_dense_layers, initial_channels, input_neurons, output_neurons, factor,
            kernel_size, skip: as of the encoder, which this mirrors.
    """

    def __init__(
        self,
        steps: int,
        depth: int,
        z_size: int,
        num_conv_layers: Size = 3,
        num_dense_layers: Size = 1,
        initial_channels: Size = 10,
        input_neurons: Size = 500,
        output_neurons: Size = 100,
        factor: Size = 2,
        kernel_size: Size = 3,
        skip: bool = False,
    ):
        super().__init__(name="net")
        self.lengths, self.depth = [steps, *halved(steps, num_conv_layers)][::-1], depth
        channels = [depth, *_channels(num_conv_layers, initial_channels, factor)][::-1]
        sizes = widths(num_dense_layers, input_neurons, output_neurons)[::-1]
        self.first_channels = channels[0]
        self.net = _dense_stack(z_size, [*sizes, self.lengths[0] * channels[0]], "dense")
        self.convolutions = [
            convolution(
                channels[n],
                out,
                kernel_size,
                2,
                f"conv_{n}",
                "he_normal" if n < num_conv_layers - 1 else near_silence(),
                keras.layers.Conv1DTranspose,
            )  # fmt: skip
            for n, out in enumerate(channels[1:])
        ]
        self.skip = dense(z_size, steps * depth, "skip", near_silence()) if skip else None
        self.built = True

    def call(self, z: tf.Tensor) -> tf.Tensor:
        """Returns clips [B, T, C]."""
        values = tf.reshape(self.net(z), [-1, self.lengths[0], self.first_channels])
        for number, (layer, length) in enumerate(
            zip(self.convolutions, self.lengths[1:], strict=True)
        ):
            if number:
                values = tf.nn.leaky_relu(values, SLOPE)
            values = layer(values)[:, :length]  # twice as long, or one more than asked
        if self.skip is not None:
            values += tf.reshape(self.skip(z), [-1, self.lengths[-1], self.depth])
        return values


def widths(num_layers: Size, first: int, last: int) -> list[int]:
    """Returns the widths of layers in geometric steps from the first to the last."""
    if num_layers == 1:
        return [last]
    ratio = (last / first) ** (1.0 / (num_layers - 1))
    return [round(first * ratio**number) for number in range(num_layers)]


def halved(length: int, times: int) -> list[int]:
    """Returns a length halved again and again, rounded up."""
    lengths = []
    for _ in range(times):
        length = -(-length // 2)
        lengths.append(length)
    return lengths


def _channels(num_layers: Size, initial: int, factor: Size) -> list[int]:
    return [initial * factor**number for number in range(num_layers)]


def near_silence() -> keras.initializers.Initializer:
    """Returns what the last layer begins with: loud noise would saturate the tanh."""
    return keras.initializers.RandomNormal(stddev=0.01)


def _dense_stack(input_size: int, sizes: Sequence[Size], name: str) -> keras.Sequential:
    layers = [
        keras.layers.Dense(size, kernel_initializer="he_normal", name=f"{name}_{number}")
        for number, size in enumerate(sizes)
    ]
    rectified = [part for layer in layers for part in (layer, keras.layers.LeakyReLU(SLOPE))]
    return keras.Sequential([keras.Input([input_size]), *rectified], name=name)
