"""One note of a SoundFont as sound, stretch by stretch.

A voice is a function of its own time: its tone, and gains in closed form on a grid of `CELL`
samples from the note's start, so that it does not matter in which stretches it is asked.
"""

import math

import numpy as np

from lofi_tf.rendering import envelopes, soundfont
from lofi_tf.rendering.envelopes import SILENT_DB
from lofi_tf.rendering.soundfont import Sample, Zone
from lofi_tf.rendering.tones import CELL, LONGEST_SHARED, PIECE, Bend, SharedTones, Tone

ATTENUATION = 0.4  # share that synthesisers take of what files say, after the EMU8000
CHOKE_SECONDS = 0.05  # in which a note goes that another one cuts off
WHEEL_CENTS = 50.0  # of vibrato at the wheel's end, by the SoundFont specification's modulators


class Voice:
    """What one zone plays of one note, from sample `start` of the track, let go at sample `off`.

    `tones` are those that the part's notes share; `bend` gives the cents by which the part is bent
    at samples of the track, `wheel` where the modulation wheel stands, 0 to 127.
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
        tones: SharedTones,
        bend: Bend | None = None,
        wheel: Bend | None = None,
    ):
        self._values = values = [int(value) for value in zone.values]
        self.start, self._rate = start, rate
        self.exclusive = values[soundfont.EXCLUSIVE_CLASS]
        self._off, self._cut = (off - start) / rate, math.inf
        key = values[soundfont.KEY] if values[soundfont.KEY] >= 0 else pitch
        strength = values[soundfont.VELOCITY] if values[soundfont.VELOCITY] > 0 else velocity
        self._volume = envelopes.of_zone(values, soundfont.VOL_DELAY, key)
        level = 40 * math.log10(strength / 127) - ATTENUATION * values[soundfont.ATTENUATION] / 10
        self._gain, self._silent_db = 10 ** (level / 20), min(-1.0, SILENT_DB - level)
        angle = (np.clip(values[soundfont.PAN], -500, 500) / 1000 + 0.5) * math.pi / 2
        sides = np.cos(angle), np.sin(angle)
        self._gain *= max(sides)
        self._sides = [np.float32(side / max(sides)) for side in sides]
        if bend is None and wheel is None:
            self._tone, self._turn = tones.get(sample, zone, key, rate), LONGEST_SHARED
            if self._tone.hears_off:
                self._turn = min(self._turn, int(self._off * rate) // PIECE * PIECE)
        else:
            self._turn = math.inf
            self._bend, self._wheel = bend, wheel
            self._tone = Tone(sample, zone, key, rate, self._off, self._cents)
        heard = envelopes.seconds_heard(self._volume, self._off, self._silent_db)
        self.end = start + max(1, math.ceil(min(heard, self._tone.seconds) * rate))

    def _cents(self, samples: np.ndarray) -> np.ndarray:
        """Returns how far samples of the note are bent, by the part's bend and its wheel."""
        cents = np.zeros(len(samples)) if self._bend is None else self._bend(self.start + samples)
        if self._wheel is not None:
            depth = WHEEL_CENTS / 127 * self._wheel(self.start + samples)
            cents = cents + depth * envelopes.vib_lfo(self._values, samples / self._rate)
        return cents

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
        own = first - self.start, last - self.start
        mono = self._sound(*own) * self._gains(*own)
        for channel, side in zip(out, self._sides, strict=True):
            channel[first - begin : last - begin] += mono if side == 1 else side * mono

    def _sound(self, begin: int, end: int) -> np.ndarray:
        """Returns samples of the tone, at first the one that it shares."""
        if end <= self._turn:
            return self._tone.read(begin, end)
        turn = max(begin, self._turn)
        shared = self._tone.read(begin, turn)
        self._tone, self._turn = self._tone.branch(self._turn, self._off), math.inf
        return np.concatenate([shared, self._tone.read(turn, end)])

    def _gains(self, begin: int, end: int) -> np.ndarray:
        """Returns the factors of samples, float32 [end - begin]."""
        first, last = begin // CELL, -(-end // CELL)
        gains = self._gains_at(np.arange(first, last + 1) * (CELL / self._rate))
        ramp = np.arange(CELL, dtype=np.float32) / np.float32(CELL)
        gain = (gains[:-1, None] + np.diff(gains)[:, None] * ramp).ravel()
        return gain[begin - first * CELL : end - first * CELL]

    def _gains_at(self, times: np.ndarray) -> np.ndarray:
        gains = self._gain * envelopes.volume(self._volume, times, self._off, self._silent_db)
        depth = self._values[soundfont.MOD_LFO_TO_VOLUME]
        if depth:
            gains = gains * 10 ** (depth / 200 * envelopes.mod_lfo(self._values, times))
        if self._cut < math.inf:
            gains = gains * np.clip(1 - (times - self._cut) / CHOKE_SECONDS, 0, 1)
        return gains.astype(np.float32)
