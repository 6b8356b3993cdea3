"""Noise of a record: hiss, crackle and pops, all drawn by a seed."""

import sys

import numpy as np
from scipy.signal import butter, sosfilt

POP_SHARE = 0.04  # of the clicks, which are lower and louder
POP_FACTOR = 3.0
SPREAD = 0.7  # of the loudness of clicks, standard deviation of its logarithm
_CLICK_HZ, _POP_HZ = (1500, 7000), (150, 1200)
_HISS, _CLICKS = 2, 3  # kinds of random numbers of a second


def clicks(
    seed: int, second: int, per_second: float, sample_rate: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns where clicks are in one second of the track, in samples [m], amplitudes and pops.

    The amplitudes are [2, m], their median over the louder channel 1; which are pops, bool [m].
    """
    draw = np.random.default_rng([seed, second, _CLICKS])
    count = draw.poisson(per_second)
    places = draw.integers(0, sample_rate, count)
    sizes = np.exp(SPREAD * draw.standard_normal(count)) * draw.choice([-1.0, 1.0], count)
    side = draw.uniform(-1, 1, count)
    pops = draw.random(count) < POP_SHARE
    channels = np.stack([np.minimum(1, 1 - side), np.minimum(1, 1 + side)])
    return places, sizes * channels, pops


class Vinyl:
    """Adds hiss and crackle, all drawn by the seed.

    Hiss has an RMS of `hiss_db` in each channel, 0 dB being full scale, or is none; of clicks, so
    many a second on average, a middling one has its peak at `crackle_db`. In a loop of `period`
    samples it comes round.
    """

    latency = 0

    def __init__(
        self,
        hiss_db: float | None,
        crackles_per_second: float,
        crackle_db: float,
        sample_rate: int,
        seed: int,
        period: int | None = None,
    ):
        self._period = period or sys.maxsize
        self._hiss = None if hiss_db is None else 10 ** (hiss_db / 20)
        self._often, self._rate, self._seed = crackles_per_second, sample_rate, seed
        size, high = 10 ** (crackle_db / 20), 0.45 * sample_rate
        self._filters, self._peaks, self._memories = [], [], []
        for low, top in (_CLICK_HZ, _POP_HZ):
            sections = butter(1, (low, min(top, high)), "bandpass", fs=sample_rate, output="sos")
            impulse = np.zeros(sample_rate // 10)
            impulse[0] = 1
            self._filters.append(sections)
            self._peaks.append(size / np.abs(sosfilt(sections, impulse)).max())
            self._memories.append(np.zeros([len(sections), 2, 2]))
        self._begin, self._second, self._drawn = 0, -1, None

    def process(self, block: np.ndarray) -> np.ndarray:
        """Returns the next samples [2, n]."""
        made = []
        while block.shape[1]:
            count = min(block.shape[1], self._period - self._begin)
            made.append(self._add_to(block[:, :count]))
            block, self._begin = block[:, count:], (self._begin + count) % self._period
        return np.concatenate(made, axis=1) if made else block

    def _add_to(self, block: np.ndarray) -> np.ndarray:
        out, begin, end = block.astype(np.float64), self._begin, self._begin + block.shape[1]
        struck = np.zeros([2, *out.shape])  # clicks and pops
        for second in range(begin // self._rate, -(-end // self._rate)):
            hiss, (places, sizes, pops) = self._draw(second)
            start = second * self._rate
            first, last = max(begin, start), min(end, start + self._rate)
            if hiss is not None:
                out[:, first - begin : last - begin] += hiss[:, first - start : last - start]
            here = (places >= first - start) & (places < last - start)
            for place, size, pop in zip(places[here], sizes[:, here].T, pops[here], strict=True):
                struck[int(pop), :, start + place - begin] += size
        if self._often:
            for number, factor in enumerate((self._peaks[0], POP_FACTOR * self._peaks[1])):
                sound, self._memories[number] = sosfilt(
                    self._filters[number], struck[number], axis=1, zi=self._memories[number]
                )
                out += factor * sound
        return out

    def _draw(self, second: int) -> tuple:
        """Returns the hiss and the clicks of a second; those of the last one are kept."""
        if second != self._second:
            hiss = None
            if self._hiss is not None:
                draw = np.random.default_rng([self._seed, second, _HISS])
                hiss = self._hiss * draw.standard_normal([2, self._rate], np.float32)
            self._drawn = hiss, clicks(self._seed, second, self._often, self._rate)
            self._second = second
        return self._drawn
