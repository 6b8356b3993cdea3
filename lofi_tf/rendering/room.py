"""A room: a feedback delay network of eight lines (Jot and Chaigne, AES Convention 90, 1991)."""

import math

import numpy as np
from scipy.signal import lfilter

# Seconds of the lines: prime numbers of samples at 44.1 kHz, so that their echoes do not meet.
LINES = tuple(count / 44100 for count in (887, 1031, 1153, 1327, 1493, 1663, 1847, 2039))
BEFORE_SECONDS = 0.012  # until the first echo begins to travel
_SIGNS = np.array([1, 1, -1, -1, 1, -1, -1, 1], np.float32)[:, None]


class Room:
    """Echoes of what is sent into it; its own sound alone, without what was sent.

    In `seconds` its low tones fall by 60 dB; above `damping_hz` they fall faster.
    """

    latency = 0

    def __init__(self, seconds: float, damping_hz: float, sample_rate: int):
        self._sizes = [max(2, round(line * sample_rate)) for line in LINES]
        decays = [[10 ** (-3 * n / (seconds * sample_rate))] for n in self._sizes]
        self._decays = np.array(decays, np.float32)
        pole = math.exp(-2 * math.pi * min(damping_hz / sample_rate, 0.5))
        self._filter = np.array([[1 - pole, 0], [1, -pole]], np.float32)
        self._memory = np.zeros([len(LINES), 1], np.float32)
        self._lines = np.zeros([len(LINES), max(self._sizes)], np.float32)
        self._before = np.zeros([2, round(BEFORE_SECONDS * sample_rate)], np.float32)

    def process(self, block: np.ndarray) -> np.ndarray:
        """Returns the next echoes [2, n] of the next samples [2, n]."""
        count, most = block.shape[1], max(self._sizes)
        sent = np.concatenate([self._before, block.astype(np.float32)], axis=1)
        self._before = sent[:, count:]
        sent = sent / 2
        # Each line ends at the same column: what it gives now stands its own size before that.
        lines = np.concatenate([self._lines, np.zeros([len(LINES), count], np.float32)], axis=1)
        given = np.empty([len(LINES), count], np.float32)
        for begin in range(0, count, min(self._sizes)):
            end = min(begin + min(self._sizes), count)
            heard = given[:, begin:end]
            for row, line, n in zip(heard, lines, self._sizes, strict=True):
                row[:] = line[most - n + begin : most - n + end]
            filtered, self._memory = lfilter(*self._filter, heard, axis=1, zi=self._memory)
            np.multiply(filtered, self._decays, out=heard)
            back = lines[:, most + begin : most + end]  # by a Householder matrix
            np.subtract(heard, heard.sum(axis=0) * np.float32(2 / len(LINES)), out=back)
            back[0::2] += sent[0, begin:end]
            back[1::2] += sent[1, begin:end]
        self._lines = lines[:, count:]
        given *= _SIGNS / 2
        return np.stack([given[0::2].sum(axis=0), given[1::2].sum(axis=0)]).astype(np.float64)
