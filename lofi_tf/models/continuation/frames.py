"""Frame codecs: sound [B, F * frame] to features of frames [B, F, E], and features back to sound.

A frame's features depend on that frame alone, so that a model can feed itself frame by frame.
"""

import math
from collections.abc import Sequence

import keras
import tensorflow as tf

from lofi_tf.models.continuation.frame_heads import cosine_basis, to_cosine
from lofi_tf.models.layers.dense import built, check_as_many
from lofi_tf.models.layers.frame_size import STRIDES
from lofi_tf.models.layers.litert_operations import asinh
from lofi_tf.models.layers.mdct import LappedFrames
from lofi_tf.settings import Size


class LinearFrames(keras.layers.Layer):
    """A linear embedding of each frame; a frame of one sample is Deep LoFi Beats' plain LSTM.

    Args:
        hidden_size: size H of what the decoder gives for a frame.
        values: parameters P of each sample of the head.
        frame_size: samples of a frame.
        embedding_size: size E.
        spectral: whether the frame's cosine coefficients, companded, and their sizes are embedded
            beside its samples: sounds are of very different levels.
    """

    def __init__(
        self,
        hidden_size: Size,
        values: int,
        frame_size: Size = 1,
        embedding_size: Size = 64,
        spectral: bool = False,
    ):
        super().__init__(name="frames")
        self.frame_size, self.values, self.feature_size = frame_size, values, embedding_size
        self.basis = cosine_basis(frame_size) if spectral else None
        width = 3 * frame_size if spectral else frame_size
        self.embed = built(keras.layers.Dense(embedding_size, name="embed"), (None, width))
        self.out = built(keras.layers.Dense(frame_size * values, name="out"), (None, hidden_size))
        self.built = True

    def features(self, frames: tf.Tensor) -> tf.Tensor:
        """Returns features [..., E] of frames [..., frame]."""
        if self.basis is None:
            return self.embed(frames)
        companded = companded_of(to_cosine(frames, self.basis))
        return self.embed(tf.concat([frames, companded, tf.abs(companded)], axis=-1))

    def parameters(self, hidden: tf.Tensor) -> tf.Tensor:
        """Returns the head's parameters [..., frame, P] of hidden vectors [..., H]."""
        shape = tf.concat([tf.shape(hidden)[:-1], [self.frame_size, self.values]], axis=0)
        return tf.reshape(self.out(hidden), shape)


class ConvFrames(keras.layers.Layer):
    """Convolutions whose kernels are as wide as their strides, and their mirror.

    Follows Deep LoFi Beats' convolutional LSTM: strides 3, 5, 7, 10 make frames of 1050 samples.

    Args:
        hidden_size: size H of what the decoder gives for a frame.
        values: parameters P of each sample of the head.
        strides: of the convolutions.
        channels: of the convolutions; the last is the size E.
        companded: whether the samples, companded, and their sizes are convolved beside them.
    """

    def __init__(
        self,
        hidden_size: Size,
        values: int,
        strides: Sequence[Size] = STRIDES,
        channels: Sequence[Size] = (2, 8, 32, 64),
        companded: bool = False,
    ):
        super().__init__(name="frames")
        check_as_many(strides, channels)
        self.frame_size, self.values = math.prod(strides), values
        self.feature_size, self.companded = channels[-1], companded
        self.convolutions = [
            built(keras.layers.Conv1D(out, stride, stride, name=f"conv_{n}"), (None, None, size))
            for n, (size, out, stride) in enumerate(
                zip([3 if companded else 1, *channels], channels, strides, strict=False)
            )
        ]
        self.hidden = built(keras.layers.Dense(channels[-1], name="hidden"), (None, hidden_size))
        mirrored = [*channels[::-1], values]
        self.transposed = [
            built(
                keras.layers.Conv1DTranspose(out, stride, stride, name=f"transposed_{n}"),
                (None, None, size),
            )
            for n, (size, out, stride) in enumerate(
                zip(mirrored, [*mirrored[1:-1], values], strides[::-1], strict=False)
            )
        ]
        self.built = True

    def features(self, frames: tf.Tensor) -> tf.Tensor:
        """Returns features [..., E] of frames [..., frame]."""
        outer = tf.shape(frames)[:-1]
        values = tf.reshape(frames, [-1, self.frame_size, 1])
        if self.companded:
            squeezed = companded_of(values)
            values = tf.concat([values, squeezed, tf.abs(squeezed)], axis=-1)
        for convolution in self.convolutions:
            values = tf.tanh(convolution(values))
        return tf.reshape(values, tf.concat([outer, [self.feature_size]], axis=0))

    def parameters(self, hidden: tf.Tensor) -> tf.Tensor:
        """Returns the head's parameters [..., frame, P] of hidden vectors [..., H]."""
        outer = tf.shape(hidden)[:-1]
        values = tf.reshape(self.hidden(hidden), [-1, 1, self.feature_size])
        for transposed in self.transposed:
            values = transposed(tf.tanh(values))
        shape = tf.concat([outer, [self.frame_size, self.values]], axis=0)
        return tf.reshape(values, shape)


def companded_of(values: tf.Tensor) -> tf.Tensor:
    """Returns values in [-1, 1] with their logarithms spread out; those below 0.001 stay linear."""
    return asinh(1000.0 * values) / 7.0


FRAMES = {
    "linear_frames": LinearFrames,
    "conv_frames": ConvFrames,
    "lapped_frames": LappedFrames,
}
