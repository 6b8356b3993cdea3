"""What one zone of a SoundFont sounds like at one key, before its envelope of volume.

A tone is a function of its own time, made in pieces of `PIECE` samples from the note's start.
While a note is held, nothing but its zone and its key tells how it sounds, unless its part is bent:
the notes of a part that have both in common share a tone, of which each stretch is made once.
"""

import copy
import functools
import math
from collections import OrderedDict
from collections.abc import Callable

import numpy as np
from scipy.signal import lfilter

from lofi_tf.rendering import envelopes, soundfont
from lofi_tf.rendering.interpolation import values as values_between
from lofi_tf.rendering.soundfont import Sample, Zone

CELL = 32  # samples between which gain and pitch are straight lines
PIECE = 16 * CELL  # samples of one filter
OPEN_FC = 13500  # cents: no filter
LONGEST_SHARED = 512 * PIECE  # samples of a tone that notes share
MOST_SHARED = 16 * LONGEST_SHARED  # samples of all the shared tones of a part
_FC_STEP = 50  # cents that filters differ by

Bend = Callable[[np.ndarray], np.ndarray]  # samples of the tone to cents


class Tone:
    """The sound of a zone at a key, made as far as it is asked for.

    It is let go `off` seconds after its start; `bend` says by how many cents its samples are bent.
    Of a shared one, what was asked for is kept; another is asked for in order.
    """

    def __init__(
        self,
        sample: Sample,
        zone: Zone,
        key: int,
        rate: int,
        off: float = math.inf,
        bend: Bend | None = None,
        shared: bool = False,
    ):
        self._values = [int(value) for value in zone.values]
        self._rate, self._off, self._bend, self._shared = rate, off, bend, shared
        self._read_sample(sample, key)
        self._modulation = envelopes.of_zone(self._values, soundfont.MOD_DELAY, key)
        filters = self._values[soundfont.FILTER_FC] < OPEN_FC
        self._filters = filters or self._values[soundfont.FILTER_Q] > 0
        # What is made lies between two samples; at the begin of each piece it is known where the
        # recording is read and what the filter keeps: of tones that do not hear when they are let
        # go, and of those that are not shared, at the end alone.
        self._first, self._end, self._sound = 0, 0, np.empty(0, np.float32)
        self._places, self._memories = [self._begin], [np.zeros(2)]

    @property
    def size(self) -> int:
        """Samples that are in memory."""
        return len(self._sound)

    @property
    def seconds(self) -> float:
        """How long it sounds; infinite if its recording is repeated or its pitch moves."""
        if self._loop or self._is_bent():
            return math.inf
        return (self._last - self._begin) / self._ratio / self._rate

    @property
    def hears_off(self) -> bool:
        """Whether its sound changes, but for its volume, when it is let go."""
        moves = soundfont.MOD_ENV_TO_PITCH, soundfont.MOD_ENV_TO_FC
        return any(self._values[move] for move in moves)

    def read(self, begin: int, end: int) -> np.ndarray:
        """Returns samples of the tone, float32 [end - begin]; they are not to be written to."""
        if not self._shared:
            self._forget(begin // PIECE * PIECE)
        if end > self._end:
            self._make(-(-end // PIECE) * PIECE)
        return self._sound[begin - self._first : end - self._first]

    def branch(self, begin: int, off: float) -> "Tone":
        """Returns the tone of a single note that is let go at `off` seconds, not before `begin`.

        Until the sample `begin` it is this one, which is shared: the end of what is made, or any
        for a tone that hears when it is let go.
        """
        self.read(max(0, begin - 1), begin)
        other, number = copy.copy(self), begin // PIECE
        other._off, other._shared = off, False
        other._first = other._end = begin
        other._sound = np.empty(0, np.float32)
        other._places, other._memories = [self._places[number]], [self._memories[number]]
        return other

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

    def _is_bent(self) -> bool:
        moves = (soundfont.MOD_LFO_TO_PITCH, soundfont.VIB_LFO_TO_PITCH, soundfont.MOD_ENV_TO_PITCH)
        return self._bend is not None or any(self._values[move] for move in moves)

    def _forget(self, begin: int) -> None:
        """Forgets what lies before a sample, which is no later than the last made."""
        begin = min(begin, self._end)
        if begin > self._first:
            self._sound, self._first = self._sound[begin - self._first :].copy(), begin
            self._places, self._memories = self._places[-1:], self._memories[-1:]

    def _make(self, end: int) -> None:
        """Makes what is missing before a sample, the first of a piece."""
        begin = self._end
        places = self._positions(begin // CELL, end // CELL)
        index = places.astype(np.intp)
        sound = values_between(self._curves, index, (places - index).astype(np.float32))
        if self._filters:
            sound = self._filtered(sound, begin // PIECE)
        else:
            self._memories += self._memories[-1:] * (len(sound) // PIECE)
        made, self._end = begin - self._first, end
        if made + len(sound) > len(self._sound):
            size = max(made + len(sound), 2 * made if self._shared else 0)
            self._sound = np.concatenate([self._sound[:made], np.empty(size - made, np.float32)])
        self._sound[made : made + len(sound)] = sound

    def _positions(self, first: int, last: int) -> np.ndarray:
        """Returns the places in the recording that cells read, float64."""
        cells, a_piece = np.arange(first, last), PIECE // CELL
        if self._is_bent():
            ratios = self._ratio * 2 ** (self._cents(cells * (CELL / self._rate)) / 1200)
            bases = np.cumsum(np.concatenate([self._places[-1:], ratios * CELL]))
            self._places += bases[a_piece::a_piece].tolist()
            bases, steps = bases[:-1, None], ratios[:, None] * np.arange(CELL)
        else:
            self._places += self._places[-1:] * (len(cells) // a_piece)
            bases = self._begin + self._ratio * CELL * cells[:, None]
            steps = self._ratio * np.arange(CELL)
        if not self._loop:
            return np.minimum(bases + steps, self._last).ravel()
        low, high = self._loop
        bases = np.where(bases < high, bases, low + (bases - low) % (high - low))
        places = bases + steps
        turning = np.flatnonzero(places[:, -1] >= high)
        turned = places[turning]
        places[turning] = np.where(turned < high, turned, low + (turned - low) % (high - low))
        return places.ravel()

    def _cents(self, times: np.ndarray) -> np.ndarray:
        values = self._values
        cents = values[soundfont.MOD_LFO_TO_PITCH] * envelopes.mod_lfo(values, times)
        if values[soundfont.VIB_LFO_TO_PITCH]:
            cents = cents + values[soundfont.VIB_LFO_TO_PITCH] * envelopes.vib_lfo(values, times)
        if values[soundfont.MOD_ENV_TO_PITCH]:
            bent = envelopes.modulation(self._modulation, times, self._off)
            cents = cents + values[soundfont.MOD_ENV_TO_PITCH] * bent
        if self._bend is not None:
            cents = cents + self._bend(times * self._rate)
        return cents

    def _filtered(self, sound: np.ndarray, first: int) -> np.ndarray:
        """Applies the low-pass, whose corner stays the same for a piece at least."""
        pieces, q = sound.reshape(-1, PIECE), self._values[soundfont.FILTER_Q] / 10
        corners = self._corners((first + np.arange(len(pieces)) + 0.5) * (PIECE / self._rate))
        same = (np.diff(corners) == 0) & (not (self._shared and self.hears_off))
        places = [0, *(np.flatnonzero(~same) + 1).tolist(), len(pieces)]
        out = np.empty_like(pieces)
        for start, stop in zip(places, places[1:], strict=False):
            b, a = low_pass(corners[start], q, self._rate)
            made, memory = lfilter(b, a, pieces[start:stop].ravel(), zi=self._memories[-1])
            out[start:stop] = made.reshape(-1, PIECE)
            self._memories += [memory] * (stop - start)
        return out.ravel()

    def _corners(self, times: np.ndarray) -> np.ndarray:
        """Returns the filter's corner at some times, in whole steps of `_FC_STEP` cents."""
        values = self._values
        cents = np.full(len(times), float(values[soundfont.FILTER_FC]))
        if values[soundfont.MOD_ENV_TO_FC]:
            moved = envelopes.modulation(self._modulation, times, self._off)
            cents += values[soundfont.MOD_ENV_TO_FC] * moved
        if values[soundfont.MOD_LFO_TO_FC]:
            cents += values[soundfont.MOD_LFO_TO_FC] * envelopes.mod_lfo(values, times)
        return np.clip(np.rint(cents / _FC_STEP) * _FC_STEP, 1500, OPEN_FC)


class SharedTones:
    """The tones that the notes of a part share; the last used are kept."""

    def __init__(self):
        self._tones: OrderedDict[tuple[int, int], Tone] = OrderedDict()

    def get(self, sample: Sample, zone: Zone, key: int, rate: int) -> Tone:
        """Returns the tone of a zone, one of those that live as long as the part, at a key."""
        name = id(zone), key
        if name not in self._tones:
            while self._tones and sum(tone.size for tone in self._tones.values()) > MOST_SHARED:
                self._tones.popitem(last=False)
            self._tones[name] = Tone(sample, zone, key, rate, shared=True)
        self._tones.move_to_end(name)
        return self._tones[name]


@functools.lru_cache(maxsize=4096)
def low_pass(cents: float, q_db: float, rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns the coefficients (b, a) of a SoundFont's low-pass; they are not to be written to.

    Its corner, above 8.176 Hz, is in cents, the height of its peak in dB, `rate` in Hz.
    """
    corner = 2 * math.pi * min(envelopes.hertz(cents) / rate, 0.45)
    q = 10 ** ((max(0.0, q_db) - 3.01) / 20)
    alpha, cosine = math.sin(corner) / (2 * q), math.cos(corner)
    gain = 10 ** (-max(0.0, q_db) / 40) * (1 - cosine) / (1 + alpha)
    poles = [1.0, -2 * cosine / (1 + alpha), (1 - alpha) / (1 + alpha)]
    return np.array([gain / 2, gain, gain / 2]), np.array(poles)
