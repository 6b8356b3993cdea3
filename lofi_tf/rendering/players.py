"""Parts as sound, stretch by stretch."""

import math

import numpy as np

from lofi_tf.rendering.drum_kit import Kit
from lofi_tf.rendering.midi_controls import EXPRESSION, PAN, VOLUME, WHEEL
from lofi_tf.rendering.soundfont import SAMPLE, SoundFont
from lofi_tf.rendering.tones import CELL, SharedTones
from lofi_tf.rendering.track_events import TrackEvents
from lofi_tf.rendering.voices import Voice


class Player:
    """Plays one part from its begin to its end.

    A kit's drums take the place of the SoundFont's. `pan` is from -1 (left) to 1 (right); the
    part's MIDI pan is added.
    """

    def __init__(
        self,
        part: TrackEvents,
        font: SoundFont,
        sample_rate: int,
        kit: Kit | None = None,
        pan: float = 0,
    ):
        self.part, self._ended = part, 0  # when the last voice ended
        self._font, self._rate, self._pan = font, sample_rate, pan
        self._kit = kit if part.is_drum else None
        self._zones = font.zones(part.program, part.is_drum)
        self._next, self._begin, self._sounding = 0, 0, []
        self._cuts = part.cuts.tolist()
        wheel = part.controls[WHEEL]
        self._bend = part.bend.at if part.bend else None
        self._wheel = wheel.at if wheel.values.any() else None
        self._tones = SharedTones()

    @property
    def done(self) -> bool:
        """Whether nothing is left to be played."""
        return self._next == len(self.part.starts) and not self._sounding

    @property
    def end(self) -> int:
        """The sample at which what sounds so far ends."""
        return max([self._ended, *(voice.end for voice in self._sounding)])

    def play(self, count: int) -> np.ndarray:
        """Returns the next samples of the part, float32 [2, count]."""
        begin, out = self._begin, np.zeros([2, count], np.float32)
        while self._next < len(self.part.starts) and self.part.starts[self._next] < begin + count:
            self._cut(int(self.part.starts[self._next]))
            self._strike(self._next)
            self._next += 1
        self._cut(begin + count - 1)
        for voice in self._sounding:
            voice.add_to(out, begin)
        self._begin += count
        over = [voice.end for voice in self._sounding if voice.end <= self._begin]
        self._ended = max([self._ended, *over])
        self._sounding = [voice for voice in self._sounding if voice.end > self._begin]
        return out * self._gains(begin, count)

    def _cut(self, last: int) -> None:
        """Ends what sounds at the cuts up to a sample."""
        while self._cuts and self._cuts[0] <= last:
            at = self._cuts.pop(0)
            for voice in self._sounding:
                voice.choke(at)

    def _strike(self, number: int) -> None:
        part = self.part
        pitch, velocity = int(part.pitches[number]), int(part.velocities[number])
        start, off = int(part.starts[number]), int(part.offs[number])
        if self._kit and pitch in self._kit.pitches:
            new = [self._kit.hit(pitch, velocity, start)]
        else:
            new = [
                Voice(
                    *(self._font.sample(int(zone.values[SAMPLE])), zone, pitch, velocity),
                    *(start, off, self._rate, self._tones, self._bend, self._wheel),
                )
                for zone in self._zones
                if zone.keys[0] <= pitch <= zone.keys[1]
                and zone.velocities[0] <= velocity <= zone.velocities[1]
            ]
        classes = {voice.exclusive for voice in new} - {0}
        for voice in self._sounding:
            if voice.exclusive in classes and voice.start < start:
                voice.choke(start)
        self._sounding += new

    def _gains(self, begin: int, count: int) -> np.ndarray:
        """Returns the factors of the channels, [2, count]; [2, 1] if no control moves."""
        if not any(len(curve.times) for curve in self.part.controls.values()):
            return self._gains_at(np.zeros(1)).astype(np.float32)
        first, last = begin // CELL, -(-(begin + count) // CELL)
        edges = np.arange(first, last + 1) * CELL
        gains = self._gains_at(edges)
        ramp = np.arange(CELL) / CELL
        whole = gains[:, :-1, None] + np.diff(gains)[..., None] * ramp
        place = begin - first * CELL
        return whole.reshape(2, -1)[:, place : place + count].astype(np.float32)

    def _gains_at(self, times: np.ndarray) -> np.ndarray:
        controls = self.part.controls
        level = controls[VOLUME].at(times) * controls[EXPRESSION].at(times) / 127**2
        place = np.clip(self._pan + (controls[PAN].at(times) - 64) / 63, -1, 1)
        angle = (place + 1) * math.pi / 4
        return level**2 * math.sqrt(2) * np.stack([np.cos(angle), np.sin(angle)])
