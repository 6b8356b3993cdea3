"""A pseudo-quadrature mirror filter bank: a waveform to critically sampled bands, and back.

Near-perfect reconstruction by a cosine-modulated prototype (Nguyen 1994, "Near-Perfect-
Reconstruction Pseudo-QMF Banks"), designed with a Kaiser window (Lin & Vaidyanathan 1998, "A Kaiser
Window Approach for the Design of Prototype Filters of Cosine Modulated Filterbanks").
"""

import functools

import numpy as np
import tensorflow as tf

ATTENUATION_DB = 80.0  # of the prototype's stop band


class PQMF:
    """Analysis into M bands of equal width, from low to high, and synthesis.

    A band k holds the frequencies from k to k + 1 times the M-th part of half the sample rate, and
    has one value for M samples. The bank keeps the energy of a sound, and delays nothing.

    Args:
        num_bands: bands M.
        num_blocks: length of the filters in blocks of M samples, even.
    """

    def __init__(self, num_bands: int = 16, num_blocks: int = 12):
        self.num_bands = num_bands
        mirrored = band_filters(num_bands, num_blocks)[:, ::-1]  # [M, taps]
        padded = np.pad(mirrored, [[0, 0], [0, num_bands - 1]])
        blocks = padded.reshape([num_bands, num_blocks + 1, num_bands]).astype(np.float32)
        # Convolutions over blocks of M samples: [block, sample, band], [block, band, sample].
        self.analysis_kernel = blocks.transpose(1, 2, 0)
        self.synthesis_kernel = blocks[:, ::-1].transpose(1, 0, 2)

    def analysis(self, waveforms: tf.Tensor) -> tf.Tensor:
        """Returns the bands [B, N, M] of waveforms [B, N * M]."""
        blocks = tf.reshape(waveforms, [tf.shape(waveforms)[0], -1, self.num_bands])
        return tf.nn.conv1d(blocks, self.analysis_kernel, 1, "SAME")

    def synthesis(self, bands: tf.Tensor) -> tf.Tensor:
        """Returns the waveforms [B, N * M] of bands [B, N, M]."""
        blocks = tf.nn.conv1d(bands, self.synthesis_kernel, 1, "SAME")
        return tf.reshape(blocks, [tf.shape(bands)[0], -1])


@functools.cache
def band_filters(num_bands: int, num_blocks: int) -> np.ndarray:
    """Returns the analysis filters, [M, num_blocks * M + 1]; those of synthesis are their mirrors.

    Args:
        num_bands: bands M.
        num_blocks: length of the filters in blocks of M samples.
    """
    prototype = prototype_filter(num_bands, num_blocks)
    bands = np.arange(num_bands)[:, None]
    places = np.arange(len(prototype)) - num_blocks * num_bands / 2
    angles = (2 * bands + 1) * np.pi / (2 * num_bands) * places + (-1.0) ** bands * np.pi / 4
    return 2 * np.sqrt(num_bands) * prototype * np.cos(angles)


def prototype_filter(num_bands: int, num_blocks: int) -> np.ndarray:
    """Returns the low pass whose shifts by 2 M samples are nearest to orthogonal."""
    from scipy import optimize, signal

    taps, beta = num_blocks * num_bands + 1, signal.kaiser_beta(ATTENUATION_DB)

    def low_pass(cutoff):
        return signal.firwin(taps, cutoff, window=("kaiser", beta))

    def overlap(cutoff):
        found = low_pass(cutoff)
        shifted = np.convolve(found, found[::-1])[taps - 1 :: 2 * num_bands]
        return np.abs(shifted[1:]).max() / shifted[0]

    exact = {"xatol": 1e-9}
    bounds = (0.5 / num_bands, 0.65 / num_bands)  # of half the sample rate
    best = optimize.minimize_scalar(overlap, bounds=bounds, method="bounded", options=exact)
    found = low_pass(best.x)
    return found / np.sqrt(2 * num_bands * np.sum(np.square(found)))
