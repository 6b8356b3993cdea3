"""Networks over the bands of a waveform, whose z goes along in time.

Follow Caillon & Esling 2021, "RAVE: A variational autoencoder for fast and high-quality neural
audio synthesis" (arXiv 2111.05011): a pseudo-QMF bank, strided convolutions and their mirror. Its
noise generator is left out.
"""

import math
from collections.abc import Sequence

import keras
import tensorflow as tf
import tensorflow_probability as tfp

from lofi_tf.errors import LofiError
from lofi_tf.models.layers.dense import check_as_many, convolution, dense
from lofi_tf.models.layers.litert_operations import softplus
from lofi_tf.models.layers.pqmf import PQMF
from lofi_tf.models.sound.clip_nets import SLOPE
from lofi_tf.settings import Size

tfd = tfp.distributions
KERNEL_SIZE = 7  # of the first and the last convolution


class MultibandEncoder(keras.layers.Layer):
    """Waveforms [B, N, 1] to an encoding [B, F * H] of F frames.

    Args:
        steps, depth: samples N and channels of a clip; one channel is taken.
        num_bands: bands M of the filter bank.
        strides: of the convolutions; M times their product is the samples of a frame.
        channels: of the convolutions, as many; the last is the size H.
        dilations: of the generator; unused here.

    Attributes:
        num_frames: frames F of a clip, the last filled up with zeros.
    """

    def __init__(
        self,
        steps: int,
        depth: int,
        num_bands: Size = 16,
        strides: Sequence[Size] = (4, 4, 4),
        channels: Sequence[Size] = (32, 64, 128),
        dilations: Sequence[Size] = (1, 3, 9),
    ):
        super().__init__(name="encoder")
        _check(depth, strides, channels)
        self.num_frames, self.missing = _frames(steps, num_bands, strides)
        self.output_size = self.num_frames * channels[-1]
        self.bank = PQMF(num_bands)
        self.first = convolution(num_bands, channels[0], KERNEL_SIZE, name="first")
        self.convolutions = [
            convolution(size, out, 2 * stride + 1, stride, f"conv_{n}")
            for n, (size, out, stride) in enumerate(
                zip([channels[0], *channels], channels, strides, strict=False)
            )
        ]
        self.built = True

    def call(
        self, inputs: tf.Tensor, lengths: tf.Tensor | None = None, seed: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Returns the encoding [B, F * H] of clips; `lengths` and `seed` change nothing."""
        waveforms = tf.pad(inputs[..., 0], [[0, 0], [0, self.missing]])
        values = self.first(self.bank.analysis(waveforms))
        for layer in self.convolutions:
            values = layer(tf.nn.leaky_relu(values, SLOPE))
        return tf.reshape(tf.nn.leaky_relu(values, SLOPE), [-1, self.output_size])


class FrameLatent(keras.layers.Layer):
    """A diagonal Gaussian posterior over z [B, F * D], the D numbers of a frame from it alone.

    Args:
        input_size: size F * H of the encoding.
        z_size: size F * D of the latent.
        num_frames: frames F.
    """

    def __init__(self, input_size: int, z_size: int, num_frames: int):
        super().__init__(name="latent")
        if z_size % num_frames:
            raise LofiError(
                f"z_size must be a multiple of the {num_frames} frames of a clip. "
                f"Received: {z_size}"
            )
        self.num_frames, self.z_size = num_frames, z_size
        size = input_size // num_frames
        self.mean = dense(size, z_size // num_frames, "mean")
        self.stddev = dense(size, z_size // num_frames, "stddev")
        self.built = True

    def call(self, encoding: tf.Tensor) -> tfd.MultivariateNormalDiag:
        """Returns the posterior; its scale is the softplus of a projection."""
        frames = tf.reshape(encoding, [-1, self.num_frames, encoding.shape[1] // self.num_frames])
        mean = tf.reshape(self.mean(frames), [-1, self.z_size])
        stddev = tf.reshape(self.stddev(frames), [-1, self.z_size])
        return tfd.MultivariateNormalDiag(loc=mean, scale_diag=softplus(stddev))

    def prior(self) -> tfd.MultivariateNormalDiag:
        """Returns the standard normal prior."""
        return tfd.MultivariateNormalDiag(tf.zeros(self.z_size), tf.ones(self.z_size))


class MultibandGenerator(keras.layers.Layer):
    """The mirror of `MultibandEncoder`: z [B, Z] to waveforms [B, N, 1] within about [-1, 1].

    Transposed convolutions with residual blocks of dilated ones; each band is a tanh times a
    loudness that all bands share.

    Args:
        steps, depth: samples N and channels of a clip.
        z_size: size Z, a multiple of the frames.
        num_bands, strides, channels: as of the encoder.
        dilations: of the residual convolutions at each rate.
    """

    def __init__(
        self,
        steps: int,
        depth: int,
        z_size: int,
        num_bands: Size = 16,
        strides: Sequence[Size] = (4, 4, 4),
        channels: Sequence[Size] = (32, 64, 128),
        dilations: Sequence[Size] = (1, 3, 9),
    ):
        super().__init__(name="net")
        _check(depth, strides, channels)
        self.steps, self.gain = steps, math.sqrt(num_bands)  # of a band at full scale
        self.num_frames, _ = _frames(steps, num_bands, strides)
        self.bank = PQMF(num_bands)
        frame_size = z_size // self.num_frames
        self.first = convolution(frame_size, channels[-1], 3, name="first")
        sizes = [*channels[::-1], channels[0]]
        self.transposed, self.residuals = [], []
        for n, (size, out, stride) in enumerate(zip(sizes, sizes[1:], strides[::-1], strict=False)):
            self.transposed.append(
                convolution(size, out, 2 * stride, stride, kind=keras.layers.Conv1DTranspose)
            )
            self.residuals.append([Residual(out, d, f"residual_{n}_{d}") for d in dilations])
        # It begins near silence: what is loud at first is far off in every quiet clip.
        self.waves, self.loudness = (
            convolution(
                channels[0],
                out,
                KERNEL_SIZE,
                1,
                name,
                keras.initializers.RandomNormal(stddev=0.001),
            )
            for name, out in (("waves", num_bands), ("loudness", 1))
        )
        self.built = True

    def call(self, z: tf.Tensor) -> tf.Tensor:
        """Returns waveforms [B, N, 1]."""
        values = self.first(tf.reshape(z, [-1, self.num_frames, z.shape[1] // self.num_frames]))
        for transposed, residuals in zip(self.transposed, self.residuals, strict=True):
            values = transposed(tf.nn.leaky_relu(values, SLOPE))
            for residual in residuals:
                values = residual(values)
        values = tf.nn.leaky_relu(values, SLOPE)
        bands = self.gain * tf.tanh(self.waves(values)) * tf.sigmoid(self.loudness(values))
        waveforms = self.bank.synthesis(bands)[:, : self.steps, None]
        return tf.ensure_shape(waveforms, [None, self.steps, 1])


class Residual(keras.layers.Layer):
    """Adds to values [B, T, C] what a dilated convolution of width 3 and a narrow one make of them.

    Args:
        channels: channels C.
        dilation: steps between what the convolution sees.
        name: of the layer.
    """

    def __init__(self, channels: Size, dilation: int, name: str):
        super().__init__(name=name)
        self.dilation = dilation
        self.wide = dense(3 * channels, channels, "wide", "he_normal")
        self.narrow = dense(channels, channels, "narrow")
        self.built = True

    def call(self, values: tf.Tensor) -> tf.Tensor:
        """Returns values of the same shape."""
        rectified, far = tf.nn.leaky_relu(values, SLOPE), self.dilation
        padded = tf.pad(rectified, [[0, 0], [far, far], [0, 0]])
        steps = tf.shape(values)[1]
        seen = tf.concat([padded[:, shift : shift + steps] for shift in (0, far, 2 * far)], axis=-1)
        return values + self.narrow(tf.nn.leaky_relu(self.wide(seen), SLOPE))


def _check(depth, strides, channels) -> None:
    if depth != 1:
        raise LofiError(f"multiband takes one channel. Received: {depth}")
    check_as_many(strides, channels)


def _frames(steps: int, num_bands: Size, strides: Sequence[Size]) -> tuple[int, int]:
    """Returns the frames of a clip, and the samples that the last one misses."""
    size = num_bands * math.prod(strides)
    return -(-steps // size), -steps % size
