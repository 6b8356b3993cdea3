"""One note of a SoundFont as sound, stretch by stretch.

A voice is a function of its own time: everything but its filter is in closed form, on a grid of
`CELL` samples from the note's start, so that it does not matter in which stretches it is asked.
"""

import math
from collections.abc import Callable

import numpy as np
from scipy.signal import lfilter

from lofi_tf.render import envelopes, soundfont
from lofi_tf.render.envelopes import SILENT_DB, Envelope, seconds_of
from lofi_tf.render.interpolation import values as values_between
from lofi_tf.render.soundfont import Sample, Zone

CELL = 32  # samples between which gain and pitch are straight lines
PIECE = 16 * CELL  # samples of one filter
ATTENUATION = 0.4  # share that synthesisers take of what files say, after the EMU8000
OPEN_FC = 13500  # cents: no filter
CHOKE_SECONDS = 0.05  # in which a note goes that another one cuts off
_FC_STEP = 50  # cents that filters differ by

Bend = Callable[[np.ndarray], np.ndarray]  # samples of the track to cents


class Voice:
    """What one zone plays of one note.

    Args:
        sample: the recording.
        zone: its settings.
        pitch, velocity: MIDI's.
        start: sample of the track at which it begins.
        off: sample of the track at which it is let go.
        rate: Hz of the track.
        bend: cents by which the part is bent at samples of the track, or None.
    """

    def __init__(
        self,
        sample: Sample,
        zone: Zone,
        pitch: int,
        velocity: int,
        start: int,
        off: int,
        rate: int,
        bend: Bend | None = None,
    ):
        values = [int(value) for value in zone.values]
        self.start, self._rate, self._bend = start, rate, bend
        self.exclusive = values[soundfont.EXCLUSIVE_CLASS]
        self._values, self._off, self._cut = values, (off - start) / rate, math.inf
        key = values[soundfont.KEY] if values[soundfont.KEY] >= 0 else pitch
        strength = values[soundfont.VELOCITY] if values[soundfont.VELOCITY] > 0 else velocity
        self._read_sample(sample, key)
        self._volume = _envelope(values, soundfont.VOL_DELAY, key)
        self._modulation = _envelope(values, soundfont.MOD_DELAY, key)
        level = 40 * math.log10(strength / 127) - ATTENUATION * values[soundfont.ATTENUATION] / 10
        self._gain, self._silent_db = 10 ** (level / 20), min(-1.0, SILENT_DB - level)
        angle = (np.clip(values[soundfont.PAN], -500, 500) / 1000 + 0.5) * math.pi / 2
        sides = np.cos(angle), np.sin(angle)
        self._gain *= max(sides)
        self._sides = [np.float32(side / max(sides)) for side in sides]
        self._cell, self._base, self._memory = 0, self._begin, np.zeros(2)
        self._filters = values[soundfont.FILTER_FC] < OPEN_FC or values[soundfont.FILTER_Q] > 0
        self._set_end()

    def choke(self, at: int) -> None:
        """Fades the note out from a sample of the track on, or from its next cell on."""
        cells = -(-(at - self.start) // CELL)
        self._cut = min(self._cut, cells * CELL / self._rate)
        end = self.start + cells * CELL + math.ceil(CHOKE_SECONDS * self._rate)
        self.end = min(self.end, end)

    def add_to(self, out: np.ndarray, begin: int) -> None:
        """Adds what sounds from sample `begin` of the track on to `out` [2, n]; in order only."""
        first, last = max(self.start, begin), min(self.end, begin + out.shape[1])
        if first >= last:
            return
        mono = self._render(first - self.start, last - first)
        for channel, side in zip(out, self._sides, strict=True):
            channel[first - begin : last - begin] += mono if side == 1 else side * mono

    def _read_sample(self, sample: Sample, key: int) -> None:
        values, size = self._values, sample.size
        self._curves = sample.curves
        offset = values[soundfont.START] + 32768 * values[soundfont.START_COARSE]
        self._begin = float(np.clip(offset, 0, size - 1))
        cut = values[soundfont.END] + 32768 * values[soundfont.END_COARSE]
        self._last = float(np.clip(size + cut, 1, size))
        low = sample.loop_start + values[soundfont.LOOP_START]
        low += 32768 * values[soundfont.LOOP_START_COARSE]
        high = sample.loop_end + values[soundfont.LOOP_END]
        high += 32768 * values[soundfont.LOOP_END_COARSE]
        loops = values[soundfont.SAMPLE_MODES] & 1 and 0 <= low < high <= size
        self._loop = (low, high) if loops and high - low >= 2 else None
        root = values[soundfont.ROOT_KEY] if values[soundfont.ROOT_KEY] >= 0 else sample.key
        cents = (key - root) * values[soundfont.SCALE_TUNING] + sample.cents
        cents += 100 * values[soundfont.COARSE_TUNE] + values[soundfont.FINE_TUNE]
        self._ratio = 2 ** (cents / 1200) * sample.rate / self._rate

    def _set_end(self) -> None:
        heard = envelopes.seconds_heard(self._volume, self._off, self._silent_db)
        if not self._loop and not self._is_bent():
            heard = min(heard, (self._last - self._begin) / self._ratio / self._rate)
        self.end = self.start + max(1, math.ceil(heard * self._rate))

    def _is_bent(self) -> bool:
        moves = (
            soundfont.MOD_LFO_TO_PITCH,
            soundfont.VIB_LFO_TO_PITCH,
            soundfont.MOD_ENV_TO_PITCH,
        )
        return self._bend is not None or any(self._values[move] for move in moves)

    def _render(self, begin: int, count: int) -> np.ndarray:
        """Returns samples of the voice, float32 [count]."""
        first, last = begin // CELL, -(-(begin + count) // CELL)
        edges = np.arange(first, last + 1) * (CELL / self._rate)
        part = slice(begin - first * CELL, begin - first * CELL + count)
        gains = self._gains(edges)
        ramp = np.arange(CELL, dtype=np.float32) / np.float32(CELL)
        gain = (gains[:-1, None] + np.diff(gains)[:, None] * ramp).ravel()[part]
        places = self._positions(first, edges[:-1], begin + count, part)
        index = places.astype(np.intp)
        sound = values_between(self._curves, index, (places - index).astype(np.float32))
        if self._filters:
            sound = self._filtered(sound, begin)
        return sound * gain

    def _gains(self, times: np.ndarray) -> np.ndarray:
        gains = self._gain * envelopes.volume(self._volume, times, self._off, self._silent_db)
        depth = self._values[soundfont.MOD_LFO_TO_VOLUME]
        if depth:
            gains = gains * 10 ** (depth / 200 * self._lfo(times))
        if self._cut < math.inf:
            gains = gains * np.clip(1 - (times - self._cut) / CHOKE_SECONDS, 0, 1)
        return gains.astype(np.float32)

    def _positions(self, first: int, times: np.ndarray, end: int, part: slice) -> np.ndarray:
        """Returns the places in the recording that are read, float64."""
        if self._is_bent():
            ratios = self._ratio * 2 ** (self._cents(times) / 1200)
            bases = np.cumsum(np.concatenate([[self._base], ratios * CELL]))
            self._base = float(bases[end // CELL - first])
            bases, steps = bases[:-1, None], ratios[:, None] * np.arange(CELL)
        else:
            cells = np.arange(first, first + len(times))[:, None]
            bases = self._begin + self._ratio * CELL * cells
            steps = self._ratio * np.arange(CELL)
        if not self._loop:
            return np.minimum(bases + steps, self._last).ravel()[part]
        low, high = self._loop
        bases = np.where(bases < high, bases, low + (bases - low) % (high - low))
        places = bases + steps
        turning = np.flatnonzero(places[:, -1] >= high)
        turned = places[turning]
        places[turning] = np.where(turned < high, turned, low + (turned - low) % (high - low))
        return places.ravel()[part]

    def _cents(self, times: np.ndarray) -> np.ndarray:
        values = self._values
        cents = values[soundfont.MOD_LFO_TO_PITCH] * self._lfo(times)
        if values[soundfont.VIB_LFO_TO_PITCH]:
            delay = seconds_of(values[soundfont.VIB_LFO_DELAY])
            hz = _hertz(values[soundfont.VIB_LFO_FREQ])
            vibrato = envelopes.triangle(times, delay, hz)
            cents = cents + values[soundfont.VIB_LFO_TO_PITCH] * vibrato
        if values[soundfont.MOD_ENV_TO_PITCH]:
            bent = envelopes.modulation(self._modulation, times, self._off)
            cents = cents + values[soundfont.MOD_ENV_TO_PITCH] * bent
        if self._bend is not None:
            cents = cents + self._bend(self.start + times * self._rate)
        return cents

    def _lfo(self, times: np.ndarray) -> np.ndarray:
        delay = seconds_of(self._values[soundfont.MOD_LFO_DELAY])
        return envelopes.triangle(times, delay, _hertz(self._values[soundfont.MOD_LFO_FREQ]))

    def _filtered(self, sound: np.ndarray, begin: int) -> np.ndarray:
        """Applies the low-pass, whose corner stays the same for `PIECE` samples at least."""
        first, last = begin // PIECE, (begin + len(sound) - 1) // PIECE
        corners = self._corners((np.arange(first, last + 1) + 0.5) * (PIECE / self._rate))
        changes = np.flatnonzero(np.diff(corners)) + 1
        places = [0, *((first + changes) * PIECE - begin).tolist(), len(sound)]
        out = np.empty_like(sound)
        for number, (start, stop) in enumerate(zip(places, places[1:], strict=False)):
            corner = corners[changes[number - 1] if number else 0]
            b, a = low_pass(corner, self._values[soundfont.FILTER_Q] / 10, self._rate)
            out[start:stop], self._memory = lfilter(b, a, sound[start:stop], zi=self._memory)
        return out

    def _corners(self, times: np.ndarray) -> np.ndarray:
        """Returns the filter's corner at some times, in whole steps of `_FC_STEP` cents."""
        values = self._values
        cents = np.full(len(times), float(values[soundfont.FILTER_FC]))
        if values[soundfont.MOD_ENV_TO_FC]:
            moved = envelopes.modulation(self._modulation, times, self._off)
            cents += values[soundfont.MOD_ENV_TO_FC] * moved
        if values[soundfont.MOD_LFO_TO_FC]:
            cents += values[soundfont.MOD_LFO_TO_FC] * self._lfo(times)
        return np.clip(np.rint(cents / _FC_STEP) * _FC_STEP, 1500, OPEN_FC)


def low_pass(cents: float, q_db: float, rate: int) -> tuple[list[float], list[float]]:
    """Returns the coefficients (b, a) of a SoundFont's low-pass.

    Args:
        cents: its corner, above 8.176 Hz.
        q_db: height of its peak.
        rate: Hz.
    """
    corner = 2 * math.pi * min(_hertz(cents) / rate, 0.45)
    q = 10 ** ((max(0.0, q_db) - 3.01) / 20)
    alpha, cosine = math.sin(corner) / (2 * q), math.cos(corner)
    gain = 10 ** (-max(0.0, q_db) / 40) * (1 - cosine) / (1 + alpha)
    ones = [gain / 2, gain, gain / 2]
    return ones, [1.0, -2 * cosine / (1 + alpha), (1 - alpha) / (1 + alpha)]


def _hertz(cents: float) -> float:
    return 8.175798915643707 * 2 ** (cents / 1200)


def _envelope(values: list[int], first: int, key: int) -> Envelope:
    """Returns the volume or the modulation envelope, whose generators begin at `first`."""
    delay, attack, hold, decay, sustain, release, key_to_hold, key_to_decay = values[
        first : first + 8
    ]
    is_volume = first == soundfont.VOL_DELAY
    level = -np.clip(sustain, 0, 1440) / 10 if is_volume else 1 - np.clip(sustain, 0, 1000) / 1000
    return Envelope(
        seconds_of(delay),
        seconds_of(attack),
        seconds_of(hold + key_to_hold * (60 - key)),
        seconds_of(decay + key_to_decay * (60 - key)),
        float(level),
        seconds_of(release),
    )
