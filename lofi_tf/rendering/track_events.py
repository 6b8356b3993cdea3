"""A NoteSequence as parts: what each plays, in samples, and how its controls move."""

import dataclasses
from typing import Any

import numpy as np

from lofi_tf.errors import LofiError
from lofi_tf.music.splits import part_of
from lofi_tf.music.sustain import pedals_of, with_sustain

ROLES = ("drums", "bass", "chords", "melody", "other")
KICKS = (35, 36)
BEND_CENTS = 200.0  # of a full bend, General MIDI's
VOLUME, PAN, EXPRESSION = 7, 10, 11  # MIDI controls
_DEFAULTS = {VOLUME: 100, PAN: 64, EXPRESSION: 127}
_BASS_PROGRAMS = range(32, 40)
_ROLE_WORDS = {
    "drums": ("drum", "percussion"),
    "bass": ("bass",),
    "chords": ("chord", "harmony", "comp", "pad", "keys"),
    "melody": ("melody", "lead", "vocal"),
}


@dataclasses.dataclass(frozen=True)
class Curve:
    """A control that has a value from each time on, samples of the track; `first` before."""

    times: np.ndarray
    values: np.ndarray
    first: float

    def at(self, times: np.ndarray) -> np.ndarray:
        """Returns the values at some samples of the track."""
        known = np.concatenate([[self.first], self.values])
        return known[np.searchsorted(self.times, times, side="right")]


@dataclasses.dataclass(frozen=True)
class TrackEvents:
    """What one track plays.

    Attributes:
        name: of the track, or of its role; no two parts share one.
        role: one of `ROLES`.
        program: General MIDI's, from 0.
        is_drum: whether its pitches are drums.
        starts, offs: samples of the track [N], starts ascending.
        pitches, velocities: MIDI's [N].
        bend: cents; None where nothing is bent.
        controls: by MIDI control number, of volume, pan and expression.
    """

    name: str
    role: str
    program: int
    is_drum: bool
    starts: np.ndarray
    offs: np.ndarray
    pitches: np.ndarray
    velocities: np.ndarray
    bend: Curve | None
    controls: dict[int, Curve]


def track_events(sequence: Any, sample_rate: int) -> list[TrackEvents]:
    """Returns the parts of a NoteSequence, in the order of its instruments.

    A part's role is `drums` where its notes are drums, else the one that its track's name says,
    else `bass` for General MIDI's basses (32 to 39), else `other`. Pedals hold notes, bends reach
    two semitones.

    Raises:
        LofiError: without a note.
    """
    notes = with_sustain(part_of(sequence, harmony=False), pedals_of(sequence)).notes
    if not len(notes):
        raise LofiError("there is nothing to render: the music has no notes")
    names = {info.instrument: info.name for info in sequence.instrument_infos}
    keys = np.stack([notes.instruments, notes.programs, notes.drums], axis=1)
    parts, taken = [], set()
    for instrument, program, is_drum in np.unique(keys, axis=0).tolist():
        chosen = notes.take(np.all(keys == (instrument, program, is_drum), axis=1))
        given = names.get(instrument, "").strip()
        role = role_of(given, program, bool(is_drum))
        name = free_name(given or role, taken)
        events = _events_of(sequence, instrument, sample_rate)
        parts.append(_part(name, role, program, bool(is_drum), chosen, events, sample_rate))
    return parts


def role_of(name: str, program: int, is_drum: bool) -> str:
    """Returns the role of a track."""
    if is_drum:
        return "drums"
    for role, words in _ROLE_WORDS.items():
        if any(word in name.lower() for word in words):
            return role if role != "drums" else "other"
    return "bass" if program in _BASS_PROGRAMS else "other"


def kicks_of(parts: list[TrackEvents]) -> tuple[np.ndarray, np.ndarray]:
    """Returns the samples at which kicks are hit, ascending, and how hard, 0 to 1."""
    hits = [
        (start, velocity / 127)
        for part in parts
        if part.is_drum
        for start, pitch, velocity in zip(part.starts, part.pitches, part.velocities, strict=True)
        if pitch in KICKS
    ]
    hits.sort()
    return np.array([hit[0] for hit in hits], np.int64), np.array([hit[1] for hit in hits])


def _part(name, role, program, is_drum, notes, events, sample_rate: int) -> TrackEvents:
    order = np.lexsort((notes.pitches, notes.starts))
    notes = notes.take(order)
    starts = np.rint(np.maximum(notes.starts, 0) * sample_rate).astype(np.int64)
    offs = np.rint(notes.ends * sample_rate).astype(np.int64)
    velocities = np.clip(notes.velocities, 1, 127)
    return TrackEvents(
        *(name, role, program, is_drum, starts, np.maximum(offs, starts + 1)),
        *(notes.pitches, velocities, *events),
    )


def _events_of(sequence: Any, instrument: int, rate: int) -> tuple[Curve | None, dict]:
    bends = [
        (event.time * rate, event.bend / 8192 * BEND_CENTS)
        for event in sequence.pitch_bends
        if event.instrument == instrument
    ]
    moved = any(cents for _, cents in bends)
    controls = {}
    for number, default in _DEFAULTS.items():
        changes = [
            (event.time * rate, event.control_value)
            for event in sequence.control_changes
            if event.instrument == instrument and event.control_number == number
        ]
        controls[number] = _curve(changes, default)
    return _curve(bends, 0.0) if moved else None, controls


def _curve(events: list[tuple[float, float]], first: float) -> Curve:
    events = sorted(events, key=lambda event: event[0])
    times = np.array([time for time, _ in events], np.float64)
    return Curve(times, np.array([value for _, value in events], np.float64), first)


def free_name(name: str, taken: set[str], between: str = " ") -> str:
    """Returns a name that is not taken, whatever its case, with a number if need be; takes it."""
    found, number = name, 2
    while found.lower() in taken:
        found, number = f"{name}{between}{number}", number + 1
    taken.add(found.lower())
    return found
