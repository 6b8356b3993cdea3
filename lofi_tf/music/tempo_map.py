"""Ticks of a MIDI file to seconds."""

import itertools
from collections.abc import Iterable

import numpy as np

from lofi_tf.errors import NotConvertible
from lofi_tf.music.time_changes import DEFAULT_QPM

_SMPTE_29 = 30000 / 1001  # 29 stands for the 29.97 frames a second of NTSC.


class TempoMap:
    """Ticks to seconds, in the very float operations of pretty_midi.

    The division is ticks a quarter note. If negative, its upper byte is minus the frames a second
    and the lower one the ticks a frame: then tempo events, tick and payload in order, mean nothing.

    Attributes:
        ticks_per_quarter: resolution of the file.

    Raises:
        NotConvertible: a resolution or a tempo of zero.
    """

    def __init__(self, division: int, tempo_events: Iterable[tuple[int, bytes]]):
        resolution = float(division) if division >= 0 else _smpte_resolution(division)
        if not resolution:
            raise NotConvertible("bad_resolution", f"no ticks a quarter note: {division}")
        self.ticks_per_quarter = round(resolution)
        self._resolution = resolution
        scales = [(0, 60.0 / (DEFAULT_QPM * resolution))]
        for tick, payload in tempo_events if division > 0 else ():
            scale = 60.0 / (6e7 / _microseconds(payload) * resolution)
            if tick == 0:
                scales = [(0, scale)]
            elif scale != scales[-1][1]:
                scales.append((tick, scale))
        self._ticks = np.array([tick for tick, _ in scales])  # [N]
        self._scales = np.array([scale for _, scale in scales])  # [N]
        spans = itertools.pairwise(scales)
        seconds = (scale * (end - start) for (start, scale), (end, _) in spans)
        self._times = np.array(list(itertools.accumulate(seconds, initial=0.0)))  # [N]

    def seconds(self, ticks: np.ndarray) -> np.ndarray:
        """Returns the time of each tick, in seconds, in the shape of `ticks`."""
        if len(self._ticks) == 1:
            return self._scales[0] * ticks
        index = np.searchsorted(self._ticks, ticks, side="right") - 1
        return self._times[index] + self._scales[index] * (ticks - self._ticks[index])

    def ticks(self, seconds: np.ndarray) -> np.ndarray:
        """Returns the tick nearest to each time, in the shape of `seconds`; none is negative."""
        index = np.maximum(0, np.searchsorted(self._times, seconds, side="right") - 1)
        ticks = self._ticks[index] + (seconds - self._times[index]) / self._scales[index]
        return np.maximum(0, np.rint(ticks)).astype(np.int64)

    def tempos(self) -> list[tuple[float, float]]:
        """Returns time in seconds and quarter notes a minute of each tempo."""
        qpm = 60.0 / (self._scales * self._resolution)
        return list(zip(self._times.tolist(), qpm.tolist(), strict=True))


def _microseconds(payload: bytes) -> int:
    tempo = int.from_bytes(payload[:3], "big")
    if len(payload) < 3 or not tempo:
        raise NotConvertible("bad_tempo", f"no tempo in a tempo event. Received: {payload!r}")
    return tempo


def _smpte_resolution(division: int) -> float:
    """Returns the ticks in half a second: a quarter note at 120 quarter notes a minute."""
    frames = -(division >> 8)
    return (_SMPTE_29 if frames == 29 else frames) * (division & 0xFF) / 2
