"""Width: what is played in the middle, heard from both sides, and nothing lost in mono."""

import math

import numpy as np
from scipy.signal import butter, sosfilt

from lofi_tf.rendering.effects import whole_hz
from lofi_tf.rendering.interpolation import curves, values

DELAYS_SECONDS = (0.011, 0.017)  # of the two copies whose difference is heard at the sides
SWAY_SECONDS, SWAY_HZ = 0.0012, (0.37, 0.29)  # of the delays: the chorus
LOW_HZ = 150.0  # what is below stays in the middle
_SPARE = 3  # samples around a delay that interpolation reads


class Width:
    """A chorus whose copies are added on the left and taken off on the right.

    So left and right together are what came in, twice, whatever the amount: a mono player loses
    nothing. Of an amount `a` left and right correlate by about `(1 - a * a) / (1 + a * a)`.

    Args:
        amount: 0 to 1.
        sample_rate: Hz.
        period: samples of a loop, in which the copies sway a whole number of times.
    """

    latency = 0

    def __init__(self, amount: float, sample_rate: int, period: int | None = None):
        self._amount, self._begin = amount, 0
        hertz = [hz if period is None else whole_hz(hz, period, sample_rate) for hz in SWAY_HZ]
        self._speeds = [2 * math.pi * hz / sample_rate for hz in hertz]
        self._delays = [seconds * sample_rate for seconds in DELAYS_SECONDS]
        self._sway = SWAY_SECONDS * sample_rate
        self._past = np.zeros(math.ceil(max(self._delays) + self._sway) + _SPARE)
        self._sections = butter(2, LOW_HZ, "highpass", fs=sample_rate, output="sos")
        self._memory = np.zeros([len(self._sections), 2])

    def process(self, block: np.ndarray) -> np.ndarray:
        """Returns the next samples [2, n]."""
        count, before = block.shape[1], len(self._past)
        heard = np.concatenate([self._past, block.mean(axis=0), np.zeros(_SPARE)])
        between = curves(heard)  # the first goes from the second sample to the third
        times = np.arange(self._begin, self._begin + count, dtype=np.float64)
        copies = []
        for delay, speed in zip(self._delays, self._speeds, strict=True):
            late = delay + self._sway * np.sin(speed * times)
            places = np.arange(before, before + count) - late
            index = np.floor(places)
            copies.append(values(between, index.astype(np.intp) - 1, places - index))
        self._past, self._begin = heard[count : count + before], self._begin + count
        side, self._memory = sosfilt(
            self._sections, (copies[0] - copies[1]) / math.sqrt(2), zi=self._memory
        )
        return block + self._amount * np.stack([side, -side])


class MonoBelow:
    """Takes what differs between left and right off below a corner, 12 dB an octave."""

    latency = 0

    def __init__(self, corner_hz: float, sample_rate: int):
        self._sections = butter(2, corner_hz, "highpass", fs=sample_rate, output="sos")
        self._memory = np.zeros([len(self._sections), 2])

    def process(self, block: np.ndarray) -> np.ndarray:
        """Returns the next samples [2, n]."""
        middle, side = block.mean(axis=0), (block[0] - block[1]) / 2
        side, self._memory = sosfilt(self._sections, side, zi=self._memory)
        return np.stack([middle + side, middle - side])
