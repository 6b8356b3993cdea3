"""Ticks of a MIDI file to seconds."""

from collections.abc import Iterable

import numpy as np

from lofi_tf.errors import NotConvertible

_DEFAULT_QPM = 120.0
_SMPTE_29 = 30000 / 1001  # 29 stands for the 29.97 frames a second of NTSC.


class TempoMap:
    """Ticks to seconds, in the very float operations of pretty_midi.

    Attributes:
        ticks_per_quarter: resolution of the file.
    """

    def __init__(self, division: int, tempo_events: Iterable[tuple[int, bytes]]):
        """Builds the map.

        Args:
            division: ticks a quarter note. If negative, the upper byte is minus the frames a
                second and the lower one the ticks a frame: then tempo events mean nothing.
            tempo_events: tick and payload of each tempo event, in order.

        Raises:
            NotConvertible: a resolution or a tempo of zero.
        """
        resolution = float(division) if division >= 0 else _smpte_resolution(division)
        if not resolution:
            raise NotConvertible("bad_resolution", f"no ticks a quarter note: {division}")
        self.ticks_per_quarter = round(resolution)
        self._resolution = resolution
        scales = [(0, 60.0 / (_DEFAULT_QPM * resolution))]
        for tick, payload in tempo_events if division > 0 else ():
            scale = 60.0 / (6e7 / _microseconds(payload) * resolution)
            if tick == 0:
                scales = [(0, scale)]
            elif scale != scales[-1][1]:
                scales.append((tick, scale))
        self._ticks = np.array([tick for tick, _ in scales])  # [N]
        self._scales = np.array([scale for _, scale in scales])  # [N]
        self._times = _start_times(scales)  # [N]

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


def _start_times(scales: list[tuple[int, float]]) -> np.ndarray:
    times = [0.0]
    for (start, scale), (end, _) in zip(scales[:-1], scales[1:], strict=True):
        times.append(times[-1] + scale * (end - start))
    return np.array(times)


def _microseconds(payload: bytes) -> int:
    tempo = int.from_bytes(payload[:3], "big")
    if len(payload) < 3 or not tempo:
        raise NotConvertible("bad_tempo", f"no tempo in a tempo event. Received: {payload!r}")
    return tempo


def _smpte_resolution(division: int) -> float:
    """Returns the ticks in half a second: a quarter note at 120 quarter notes a minute."""
    frames = -(division >> 8)
    return (_SMPTE_29 if frames == 29 else frames) * (division & 0xFF) / 2
