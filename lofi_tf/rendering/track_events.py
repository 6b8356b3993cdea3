"""A NoteSequence as parts: what each plays, in samples, and how its controls move."""

import collections
import dataclasses
from typing import Any

import numpy as np

from lofi_tf.errors import LofiError
from lofi_tf.music.splits import Notes, Segment, part_of
from lofi_tf.music.sustain import Pedal, with_sustain
from lofi_tf.rendering.midi_controls import Controls, Curve, controls_of

ROLES = ("drums", "bass", "chords", "melody", "other")
KICKS = (35, 36)
_BASS_PROGRAMS = range(32, 40)
_ROLE_WORDS = {
    "drums": ("drum", "percussion"),
    "bass": ("bass",),
    "chords": ("chord", "harmony", "comp", "pad", "keys"),
    "melody": ("melody", "lead", "vocal"),
}


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
        controls: by MIDI control number, of volume, pan, expression and the modulation wheel.
        cuts: samples at which all that sounds ends, ascending.
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
    cuts: np.ndarray


def track_events(sequence: Any, sample_rate: int, loop: int | None = None) -> list[TrackEvents]:
    """Returns the parts of a NoteSequence, in the order of its instruments.

    A part's role is `drums` where its notes are drums, else the one that its track's name says,
    else `bass` for General MIDI's basses (32 to 39), else `other`. Pedals hold notes. Where notes
    begin ahead of the music, all notes begin later by as much; in a loop these are at its end.

    Args:
        sequence: a NoteSequence.
        sample_rate: samples a second.
        loop: samples of a turn, where the music comes round.

    Raises:
        LofiError: without a note.
    """
    controls = _controls_of(sequence, sample_rate)
    notes = _held(part_of(sequence, harmony=False), controls).notes
    if not len(notes):
        raise LofiError("there is nothing to render: the music has no notes")
    notes = _from_zero(notes) if loop is None else _at_the_end(notes, loop / sample_rate)
    names = {info.instrument: info.name for info in sequence.instrument_infos}
    keys = np.stack([notes.instruments, notes.programs, notes.drums], axis=1)
    parts, taken = [], set()
    for instrument, program, is_drum in np.unique(keys, axis=0).tolist():
        chosen = notes.take(np.all(keys == (instrument, program, is_drum), axis=1))
        given = names.get(instrument, "").strip()
        role = role_of(given, program, bool(is_drum))
        name = free_name(given or role, taken)
        moves = controls.get(instrument) or controls_of((), (), sample_rate)
        parts.append(_part(name, role, program, bool(is_drum), chosen, moves, sample_rate))
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


def _controls_of(sequence: Any, sample_rate: int) -> dict[int, Controls]:
    """Returns the controls of each instrument that has control changes or bends."""
    changes, bends = collections.defaultdict(list), collections.defaultdict(list)
    for change in sequence.control_changes:
        changes[change.instrument].append(change)
    for bend in sequence.pitch_bends:
        bends[bend.instrument].append(bend)
    found = sorted({*changes, *bends})
    return {one: controls_of(changes[one], bends[one], sample_rate) for one in found}


def _held(part: Segment, controls: dict[int, Controls]) -> Segment:
    """Returns the part with its notes ended by controls, or held by pedals."""
    for instrument, moves in controls.items():
        part = _ended(part, instrument, np.union1d(moves.notes_off, moves.sound_off))
    pedals = [Pedal(t, one, v) for one, moves in controls.items() for t, v in moves.pedals]
    part = with_sustain(part, pedals)
    for instrument, moves in controls.items():
        part = _ended(part, instrument, moves.sound_off)
    return part


def _ended(part: Segment, instrument: int, times: np.ndarray) -> Segment:
    """Returns the part with those notes of an instrument let go that sound at some times."""
    if not len(times):
        return part
    notes = part.notes
    following = np.append(times, np.inf)[np.searchsorted(times, notes.starts, side="right")]
    theirs = notes.instruments == instrument
    ends = np.where(theirs, np.minimum(notes.ends, following), notes.ends)
    return dataclasses.replace(part, notes=dataclasses.replace(notes, ends=ends))


def _from_zero(notes: Notes) -> Notes:
    """Returns notes that begin at 0, as a whole later where some begin ahead of it."""
    early = max(0.0, -notes.starts.min())
    return dataclasses.replace(notes, starts=notes.starts + early, ends=notes.ends + early)


def _at_the_end(notes: Notes, seconds: float) -> Notes:
    """Returns the notes of a loop, those ahead of its beginning at its end."""
    later = np.where(notes.starts < 0, seconds, 0.0)
    return dataclasses.replace(notes, starts=notes.starts + later, ends=notes.ends + later)


def _part(name, role, program, is_drum, notes, moves: Controls, sample_rate: int) -> TrackEvents:
    order = np.lexsort((notes.pitches, notes.starts))
    notes = notes.take(order)
    starts = np.rint(notes.starts * sample_rate).astype(np.int64)
    offs = np.rint(notes.ends * sample_rate).astype(np.int64)
    velocities = np.clip(notes.velocities, 1, 127)
    cuts = np.rint(moves.sound_off * sample_rate).astype(np.int64)
    return TrackEvents(
        *(name, role, program, is_drum, starts, np.maximum(offs, starts + 1)),
        *(notes.pitches, velocities, moves.bend, moves.levels, cuts),
    )


def free_name(name: str, taken: set[str], between: str = " ") -> str:
    """Returns a name that is not taken, whatever its case, with a number if need be; takes it."""
    found, number = name, 2
    while found.lower() in taken:
        found, number = f"{name}{between}{number}", number + 1
    taken.add(found.lower())
    return found
