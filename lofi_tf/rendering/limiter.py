"""True peaks by ITU-R BS.1770 (four times oversampled), and a limiter that holds them down."""

import math

import numpy as np
from scipy.ndimage import minimum_filter1d
from scipy.signal import upfirdn

OVERSAMPLING = 4
LOOKAHEAD_SECONDS = 0.002
RELEASE_DB_PER_SECOND = 40.0
MARGIN_DB = 0.2  # what four times oversampling misses of 16 kHz, and a gain that moves adds
_HALF = 6  # samples on either side that a value between samples is computed of
_PIECE = 64  # samples that are computed together, or not
_LEAST = 1e-9


class TruePeaks:
    """Peaks between samples; what comes is late by `latency` samples.

    Where no value between samples can reach a floor, by the sizes of the samples around, none is
    computed.
    """

    latency = _HALF

    def __init__(self):
        size = 2 * _HALF * OVERSAMPLING + 1
        times = (np.arange(size) - _HALF * OVERSAMPLING) / OVERSAMPLING
        self._kernel = np.sinc(times) * np.kaiser(size, 4.0)
        phases = np.abs(self._kernel[1:]).reshape(-1, OVERSAMPLING)
        self._most = phases.sum(axis=0).max()  # a value between samples by the largest around it
        self._past = np.zeros([2, 2 * _HALF])

    def process(self, block: np.ndarray, floor: float = 0.0) -> np.ndarray:
        """Returns the largest value of either channel from each sample [2, n] up to the next one.

        Below `floor` they need not be right; they are no larger than they should be.
        """
        count = block.shape[1]
        heard = np.concatenate([self._past, block], axis=1)
        self._past = heard[:, count:]
        sizes = np.maximum(*np.abs(heard))
        pieces = -(-count // _PIECE)
        spare = (pieces + 1) * _PIECE - len(sizes)
        largest = np.pad(sizes, (0, spare)).reshape(-1, _PIECE).max(axis=1)
        near = np.flatnonzero(np.maximum(largest[:-1], largest[1:]) * self._most > floor)
        peaks = np.zeros([pieces, _PIECE])
        peaks.ravel()[:count] = sizes[_HALF : _HALF + count]
        if len(near):
            places = near[:, None] * _PIECE + np.arange(_PIECE + 2 * _HALF)
            peaks[near] = self._between(np.pad(heard, ((0, 0), (0, spare)))[:, places])
        return peaks.ravel()[:count]

    def _between(self, pieces: np.ndarray) -> np.ndarray:
        """Returns the peaks [m, `_PIECE`] of pieces with their neighbours [2, m, ...]."""
        between = upfirdn(self._kernel, pieces, up=OVERSAMPLING, axis=-1)
        first = 2 * _HALF * OVERSAMPLING
        left, right = np.abs(between[..., first : first + _PIECE * OVERSAMPLING])
        phases = np.moveaxis(np.maximum(left, right).reshape(len(left), -1, OVERSAMPLING), -1, 0)
        return np.maximum(np.maximum(*phases[:2]), np.maximum(*phases[2:]))


class Limiter:
    """Holds true peaks below a ceiling, dBTP.

    It sees each peak `LOOKAHEAD_SECONDS` before it comes, is down by then, and comes back by
    `RELEASE_DB_PER_SECOND`. Below the ceiling nothing is changed.
    """

    def __init__(self, ceiling_db: float, sample_rate: int):
        self._ceiling, self._ahead = ceiling_db - MARGIN_DB, round(LOOKAHEAD_SECONDS * sample_rate)
        self._peaks, self._floor = TruePeaks(), 10 ** (self._ceiling / 20)
        self.latency = self._peaks.latency + self._ahead
        self._slope = RELEASE_DB_PER_SECOND / sample_rate
        self._begin, self._lowest = 0, math.inf
        self._past = np.zeros([2, self.latency])
        self._needs = np.zeros(2 * self._ahead + 1)
        window = np.hanning(self._ahead + 3)[1:-1]
        self._window = window / window.sum()

    def process(self, block: np.ndarray) -> np.ndarray:
        """Returns the next samples [2, n]."""
        count = block.shape[1]
        needs = np.concatenate(
            [self._needs, self._released(self._peaks.process(block, self._floor))]
        )
        heard = np.concatenate([self._past, block], axis=1)
        self._past, self._needs = heard[:, count:], needs[count:]
        if not needs.any():
            return heard[:, :count]
        width = self._ahead + 2
        least = minimum_filter1d(needs, width)[width // 2 :][: self._ahead + count]
        return heard[:, :count] * 10 ** (np.convolve(least, self._window, "valid") / 20)

    def _released(self, peaks: np.ndarray) -> np.ndarray:
        """Returns the gain in dB [n] that peaks ask for, coming back slowly after each."""
        asked = np.minimum(0, self._ceiling - 20 * np.log10(np.maximum(peaks, _LEAST)))
        rise = self._slope * np.arange(self._begin, self._begin + len(peaks))
        lowest = np.minimum.accumulate(np.concatenate([[self._lowest], asked - rise]))
        self._begin, self._lowest = self._begin + len(peaks), lowest[-1]
        return np.minimum(0, lowest[1:] + rise)
