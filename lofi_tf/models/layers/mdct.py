"""Lapped frames: sound to the coefficients of a modified discrete cosine transform, and back.

Neighbouring frames share half of their samples under a window that rises and falls, so that what is
drawn for each by itself has no edges (Princen & Bradley 1986: the aliases of neighbours cancel).
The transform is orthonormal: a likelihood of coefficients is one of samples.
"""

import math

import keras
import numpy as np
import tensorflow as tf

from lofi_tf.errors import LofiError
from lofi_tf.models.layers.dense import built
from lofi_tf.models.layers.frame_size import LAPPED_SIZE
from lofi_tf.models.layers.litert_operations import fourier_between
from lofi_tf.settings import Size

KAISER_ALPHA = 4.0  # of the Kaiser-Bessel-derived window: far from a tone it falls below -80 dB
BAND_WARP = 2.0  # how much narrower low bands are than high ones


class LappedFrames(keras.layers.Layer):
    """The codec of frames that overlap by half, with band levels as their features.

    Args:
        hidden_size: size H of what the decoder gives for a frame.
        values: parameters P of each coefficient of the head.
        frame_size: coefficients S of a frame, and samples from one frame to the next.
        num_bands: bands K in which parameters are given; coefficients between two have the line's.

    Raises:
        LofiError: a frame of an odd size.
    """

    def __init__(
        self, hidden_size: Size, values: int, frame_size: Size = LAPPED_SIZE, num_bands: Size = 16
    ):
        super().__init__(name="frames")
        if frame_size % 2:
            raise LofiError(f"frame_size of lapped frames must be even. Received: {frame_size}")
        self.frame_size, self.values, self.feature_size = frame_size, values, num_bands
        self.window, self.spread = lapped_window(frame_size), band_spread(frame_size, num_bands)
        self.means = self.spread / self.spread.sum(1, keepdims=True)
        self.out = built(keras.layers.Dense(num_bands * values, name="out"), (None, hidden_size))
        self.built = True

    def analysis(self, frames: tf.Tensor) -> tf.Tensor:
        """Returns coefficients [..., F - 1, S] of neighbouring frames of samples [..., F, S]."""
        pairs = tf.concat([frames[..., :-1, :], frames[..., 1:, :]], axis=-1)
        return self.transform(pairs)

    def transform(self, windows: tf.Tensor) -> tf.Tensor:
        """Returns the coefficients [..., S] of single windows of samples [..., 2 S]."""
        first, second, third, fourth = tf.split(windows * self.window, 4, axis=-1)
        folded = [-_backwards(third) - fourth, first - _backwards(second)]
        return cosine_transform(tf.concat(folded, axis=-1))

    def synthesis(self, coefficients: tf.Tensor) -> tf.Tensor:
        """Returns samples [B, F - 1, S], those that two of the frames [B, F, S] share."""
        rest, start = tf.split(cosine_transform(coefficients), 2, axis=-1)
        unfolded = [start, -_backwards(start), -_backwards(rest), -rest]
        windows = tf.concat(unfolded, axis=-1) * self.window  # [B, F, 2 S]
        return windows[:, :-1, self.frame_size :] + windows[:, 1:, : self.frame_size]

    def features(self, levels: tf.Tensor) -> tf.Tensor:
        """Returns the mean over each band, [..., K], of values [..., S]."""
        return tf.tensordot(levels, tf.constant(self.means.T), axes=1)

    def spread_out(self, bands: tf.Tensor) -> tf.Tensor:
        """Returns a value for each coefficient, [..., S], of values of bands [..., K]."""
        return tf.tensordot(bands, tf.constant(self.spread), axes=1)

    def parameters(self, hidden: tf.Tensor) -> tf.Tensor:
        """Returns the head's parameters [..., S, P] of hidden vectors [..., H]."""
        parts = tf.split(self.out(hidden), self.values, axis=-1)
        return tf.stack([self.spread_out(part) for part in parts], axis=-1)


def cosine_transform(values: tf.Tensor) -> tf.Tensor:
    """Returns the orthonormal DCT-IV, its own inverse, of values [..., S], S even.

    It is a complex Fourier transform of half the size between two rotations. For frames of 800 it
    takes 0.6 of the time of a product with the cosines, which an export would carry as constants.
    """
    size = values.shape[-1]
    steps = np.arange(size // 2)
    before = np.exp(-1j * math.pi / size * (steps + 0.25))
    after = math.sqrt(2.0 / size) * np.exp(-1j * math.pi / size * steps)
    rotations = (rotation.astype(np.complex64) for rotation in (before, after))
    real, imaginary = fourier_between(values[..., ::2], values[..., ::-2], *rotations)
    both = tf.stack([real, -_backwards(imaginary)], axis=-1)
    return tf.reshape(both, tf.shape(values))


def _backwards(values: tf.Tensor) -> tf.Tensor:
    return tf.reverse(values, axis=[-1])


def lapped_window(size: int) -> np.ndarray:
    """Returns the Kaiser-Bessel-derived window, float32 [2 S], of frames of S."""
    rise = np.cumsum(np.kaiser(size + 1, math.pi * KAISER_ALPHA))
    half = np.sqrt(rise[:-1] / rise[-1])
    return np.concatenate([half, half[::-1]]).astype(np.float32)


def band_spread(size: int, num_bands: Size) -> np.ndarray:
    """Returns what each band gives to each coefficient, float32 [K, S]; a column's sum is 1."""
    steps = np.linspace(0.0, 1.0, num_bands) if num_bands > 1 else np.zeros(1)
    centres = (size - 1) * np.expm1(BAND_WARP * steps) / math.expm1(BAND_WARP)
    rows = [np.interp(np.arange(size), centres, row) for row in np.eye(num_bands)]
    return np.stack(rows).astype(np.float32)
