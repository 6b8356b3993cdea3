"""Effects of the chain: each takes stretches [2, n] and returns as many samples.

Every effect has a `latency`, the samples by which it is late, and a `process`. It keeps what it
needs of the past, so that it does not matter in which stretches it is asked.
"""

import itertools
import math
from collections.abc import Iterable, Iterator
from typing import Protocol

import numpy as np
from scipy.signal import butter, sosfilt

from lofi_tf.rendering.interpolation import curves, values

_NEAR = 1e-5  # of neighbours whose quotient of differences would lose its digits
FADE_SECONDS = 0.01  # at the end of a track
_SPARE = 3  # samples around a delay that interpolation reads


class Effect(Protocol):
    """What a chain is made of."""

    latency: int

    def process(self, block: np.ndarray) -> np.ndarray:
        """Returns the next samples [2, n] for the next samples [2, n]."""


def run(effects: list[Effect], blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Yields blocks after some effects, not late any more: as many samples as came."""
    late = skip = sum(effect.latency for effect in effects)
    for block in itertools.chain(blocks, [np.zeros([2, late])] * (late > 0)):
        block = np.asarray(block, np.float64)
        for effect in effects:
            block = effect.process(block)
        if skip < block.shape[1]:
            yield block[:, skip:]
        skip = max(0, skip - block.shape[1])


class Saturation:
    """Tape saturation: tanh, with little aliasing.

    `tanh(g * x) / g`, g being the drive: soft sounds stay as they are, loud ones are rounded. Each
    sample is the mean of the curve on the way from the last one (antiderivative antialiasing:
    Parker, Zavalishin and Le Bivic, DAFx 2016), which comes half a sample late and softens the
    highest tones a little.
    """

    latency = 0

    def __init__(self, drive_db: float):
        self._gain = 10 ** (drive_db / 20)
        self._last, self._integral = np.zeros([2, 1]), np.zeros([2, 1])

    def process(self, block: np.ndarray) -> np.ndarray:
        """Returns the next samples [2, n]."""
        driven = np.concatenate([self._last, self._gain * block], axis=1)
        size = np.abs(driven)
        integral = size + np.log1p(np.exp(-2 * size)) - math.log(2)  # of tanh
        step = np.diff(driven)
        near = np.abs(step) < _NEAR
        out = np.diff(integral) / np.where(near, 1.0, step)
        out[near] = np.tanh((driven[:, 1:] - step / 2)[near])
        self._last = driven[:, -1:]
        return out / self._gain


class WowAndFlutter:
    """Tape speed that sways: a delay that moves by two sines, of wow and of flutter.

    Percents are of the largest deviation of the speed; the seed draws where both begin. In a loop
    of `period` samples both sway a whole number of times.
    """

    def __init__(
        self,
        wow_percent: float,
        wow_hz: float,
        flutter_percent: float,
        flutter_hz: float,
        sample_rate: int,
        seed: int,
        period: int | None = None,
    ):
        if period is not None:
            wow_hz, flutter_hz = (whole_hz(hz, period, sample_rate) for hz in (wow_hz, flutter_hz))
        phases = np.random.default_rng([seed, 1]).uniform(0, 2 * math.pi, 2)
        self._sways = [
            (percent / 100 * sample_rate / (2 * math.pi * hz), 2 * math.pi * hz / sample_rate, p)
            for percent, hz, p in zip(
                (wow_percent, flutter_percent), (wow_hz, flutter_hz), phases, strict=True
            )
        ]
        self.latency = math.ceil(sum(size for size, _, _ in self._sways)) + _SPARE
        self._past = np.zeros([2, 2 * self.latency])
        self._begin = 0

    def process(self, block: np.ndarray) -> np.ndarray:
        """Returns the next samples [2, n]."""
        count = block.shape[1]
        heard = np.concatenate([self._past, block], axis=1)
        times = np.arange(self._begin, self._begin + count, dtype=np.float64)
        late = np.full(count, float(self.latency))
        for size, speed, phase in self._sways:
            late += size * np.sin(speed * times + phase)
        whole = np.floor(-late)
        index = whole.astype(np.intp) + np.arange(count) + (2 * self.latency - 1)
        self._past, self._begin = heard[:, count:], self._begin + count
        fraction = -late - whole
        return np.stack([values(curves(channel), index, fraction) for channel in heard])


def whole_hz(hz: float, period: int, sample_rate: int) -> float:
    """Returns the frequency nearest to one that is heard a whole number of times in a loop."""
    return max(1, round(hz * period / sample_rate)) * sample_rate / period


class SampleHold:
    """A lower sample rate, `hold_hz`, each sample held until the next: with all its aliases."""

    latency = 0

    def __init__(self, hold_hz: int, sample_rate: int, period: int | None = None):
        self._hz, self._rate = hold_hz, sample_rate
        if period is not None:  # a whole number of held samples in a loop
            self._hz, self._rate = max(1, round(hold_hz * period / sample_rate)), period
        self._begin, self._held = 0, np.zeros([2, 1])

    def process(self, block: np.ndarray) -> np.ndarray:
        """Returns the next samples [2, n]."""
        times = np.arange(self._begin, self._begin + block.shape[1])
        taken = -(-(times * self._hz // self._rate * self._rate) // self._hz)
        known = np.concatenate([self._held, block], axis=1)
        out = known[:, np.maximum(taken - self._begin + 1, 0)]
        self._begin, self._held = self._begin + block.shape[1], out[:, -1:]
        return out


class BitDepth:
    """Fewer bits: the nearest of `2 ** bits` levels between -1 and 1."""

    latency = 0

    def __init__(self, bits: float):
        self._levels = 2.0 ** (bits - 1)

    def process(self, block: np.ndarray) -> np.ndarray:
        """Returns the next samples [2, n]."""
        return np.rint(block * self._levels) / self._levels


class Filter:
    """A Butterworth filter of 12 dB an octave, `lowpass` or `highpass`; its corner is at -3 dB."""

    latency = 0

    def __init__(self, kind: str, corner_hz: float, sample_rate: int):
        corner = min(corner_hz, 0.49 * sample_rate)
        self._sections = butter(2, corner, kind, fs=sample_rate, output="sos")
        self._memory = np.zeros([len(self._sections), 2, 2])

    def process(self, block: np.ndarray) -> np.ndarray:
        """Returns the next samples [2, n]."""
        out, self._memory = sosfilt(self._sections, block, axis=1, zi=self._memory)
        return out


class FadeOut:
    """Lets a track of `count` samples end softly, in `FADE_SECONDS`."""

    latency = 0

    def __init__(self, count: int, sample_rate: int):
        self._last, self._fade, self._begin = count, round(FADE_SECONDS * sample_rate), 0

    def process(self, block: np.ndarray) -> np.ndarray:
        """Returns the next samples [2, n]."""
        left = self._last - np.arange(self._begin, self._begin + block.shape[1]) - 0.5
        self._begin += block.shape[1]
        if not len(left) or left[-1] >= self._fade:
            return block
        return block * np.sin(np.pi / 2 * np.clip(left / self._fade, 0, 1)) ** 2


class Gain:
    """A factor for all samples."""

    latency = 0

    def __init__(self, gain_db: float):
        self._factor = 10 ** (gain_db / 20)

    def process(self, block: np.ndarray) -> np.ndarray:
        """Returns the next samples [2, n]."""
        return block * self._factor
