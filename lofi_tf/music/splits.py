"""A piece as columns of numbers, split where its tempo or its metre changes.

The rules are those of note-seq's `split_note_sequence_on_time_changes`: a note belongs to the part
that it starts in and ends with it at the latest; tempo, metre, key and chord of a part are those in
force at its start and those that follow within it.
"""

import bisect
import dataclasses
import zlib
from collections.abc import Sequence
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np

from lofi_tf.music.proto_wire import decode_rows
from lofi_tf.music.quantize import Grid, refusal
from lofi_tf.music.sequence_proto import NoteSequence
from lofi_tf.music.time_changes import DEFAULT_QPM, Metre, Tempo, time_changes_of

CHORD_SYMBOL = NoteSequence.TextAnnotation.CHORD_SYMBOL
MAX_STEPS = 1_000_000  # some 35 hours at 120 qpm: longer is a broken file

NOTE_COLUMNS = (
    *("pitch", "velocity", "instrument", "program"),
    *("is_drum", "start_time", "end_time"),
)

_time_of = attrgetter("time")


class Chord(NamedTuple):
    """A chord symbol from `time` (seconds) on."""

    time: float
    text: str


class Key(NamedTuple):
    """A key, 0 (C) to 11 (B), from `time` (seconds) on."""

    time: float
    key: int


@dataclasses.dataclass(frozen=True)
class Notes:
    """Notes as columns, each [N].

    Attributes:
        pitches, velocities, instruments, programs: int64.
        drums: whether a note is a drum, bool.
        starts, ends: seconds, float64.
    """

    pitches: np.ndarray
    velocities: np.ndarray
    instruments: np.ndarray
    programs: np.ndarray
    drums: np.ndarray
    starts: np.ndarray
    ends: np.ndarray

    def __len__(self) -> int:
        return len(self.pitches)

    def take(self, chosen: np.ndarray | slice) -> "Notes":
        """Returns the notes of a mask, of indices or of a slice."""
        return Notes(*(column[chosen] for column in vars(self).values()))

    def at(self, starts: np.ndarray, ends: np.ndarray) -> "Notes":
        """Returns the notes at other times."""
        return Notes(
            *(self.pitches, self.velocities, self.instruments, self.programs, self.drums),
            *(starts, ends),
        )


@dataclasses.dataclass(frozen=True)
class Segment:
    """A piece or a stretch of it; times are from its own start.

    `time_signatures` and `tempos` are read by `quantize.grid_of`, as those of a NoteSequence.

    Attributes:
        notes: its notes.
        total_seconds: its length.
        time_signatures, tempos, chords, keys: what changes when, in time order after a split.
    """

    notes: Notes
    total_seconds: float
    time_signatures: tuple[Metre, ...] = ()
    tempos: tuple[Tempo, ...] = ()
    chords: tuple[Chord, ...] = ()
    keys: tuple[Key, ...] = ()

    def take(self, chosen: np.ndarray) -> "Segment":
        """Returns the part with only the notes of a mask or of indices."""
        others = self.total_seconds, self.time_signatures, self.tempos, self.chords, self.keys
        return Segment(self.notes.take(chosen), *others)


@dataclasses.dataclass(frozen=True)
class GridNotes:
    """Notes on a grid, each int64 [N]; `is_drum` bool.

    Attributes:
        starts, ends: first step, and the step after the last.
        pitches, velocities, instruments, programs, drums: as in `Notes`.
        total_steps: steps of the whole part.
    """

    starts: np.ndarray
    ends: np.ndarray
    pitches: np.ndarray
    velocities: np.ndarray
    instruments: np.ndarray
    programs: np.ndarray
    drums: np.ndarray
    total_steps: int

    def take(self, chosen: np.ndarray) -> "GridNotes":
        """Returns the notes of a mask or of indices; the length stays."""
        *columns, total_steps = vars(self).values()
        return GridNotes(*(column[chosen] for column in columns), total_steps)


def part_of(note_sequence: Any, harmony: bool = True) -> Segment:
    """Returns a whole piece, unsplit; its chords and keys only where `harmony` is wanted."""
    columns = decode_rows(note_sequence, "notes", NOTE_COLUMNS)
    *numbers, drums, starts, ends = (columns[name] for name in NOTE_COLUMNS)
    annotations = note_sequence.text_annotations if harmony else ()
    keys = note_sequence.key_signatures if harmony else ()
    return Segment(
        Notes(*numbers, drums != 0, starts, ends),
        note_sequence.total_time,
        *time_changes_of(note_sequence),
        tuple(Chord(a.time, a.text) for a in annotations if a.annotation_type == CHORD_SYMBOL),
        tuple(Key(k.time, k.key) for k in keys),
    )


def segments_of(
    note_sequence: Any,
    split: bool = True,
    stretch_range: tuple[float, float] | None = None,
    seed: int = 0,
    harmony: bool = True,
) -> list[Segment]:
    """Returns a piece as parts of one tempo and metre each, or as one part where it is not split.

    Args:
        note_sequence: a NoteSequence.
        split: whether to split.
        stretch_range: least and largest factor of all times, drawn uniformly by `seed` and the
            piece's name; tempos are divided by it, as by Magenta's NoteSequenceAugmenter.
        seed: of the draw.
        harmony: whether chords and keys are wanted.
    """
    part = part_of(note_sequence, harmony)
    if stretch_range is not None:
        part = stretched(part, piece_random(note_sequence, seed).uniform(*stretch_range))
    return split_on_time_changes(part) if split else [part]


def piece_random(note_sequence: Any, *seeds: int) -> np.random.Generator:
    """Returns the random numbers of a piece: the same for the same seeds and the same name."""
    name = zlib.crc32(f"{note_sequence.id}/{note_sequence.filename}".encode())
    return np.random.default_rng([*seeds, name])


def stretched(part: Segment, factor: float) -> Segment:
    """Returns the part with all times multiplied by a factor and all tempos divided by it."""

    def moved(events: tuple) -> tuple:
        return tuple(event._replace(time=event.time * factor) for event in events)

    return Segment(
        part.notes.at(part.notes.starts * factor, part.notes.ends * factor),
        part.total_seconds * factor,
        moved(part.time_signatures),
        tuple(tempo._replace(qpm=tempo.qpm / factor) for tempo in moved(part.tempos)),
        moved(part.chords),
        moved(part.keys),
    )


def split_on_time_changes(part: Segment) -> list[Segment]:
    """Returns the parts of a piece between changes of tempo or metre, in time order.

    Notes before time zero are dropped, as are those from `total_seconds` on.
    """
    times, notes = split_times(part), part.notes
    if not (notes.starts[1:] >= notes.starts[:-1]).all():  # nor where a time is no number
        notes = notes.take(np.argsort(notes.starts, kind="stable"))
    firsts = np.searchsorted(notes.starts, times, side="left").tolist()
    changes = (part.time_signatures, part.tempos, part.chords, part.keys)
    changes = [sorted(events, key=_time_of) for events in changes]
    found = []
    for begin, end, first, last in zip(times, times[1:], firsts, firsts[1:], strict=False):
        is_whole = first == 0 and last == len(notes)
        inside = notes if is_whole else notes.take(slice(first, last))
        ends = np.minimum(inside.ends, end) - begin
        found.append(
            Segment(
                inside.at(inside.starts - begin, ends),
                float(ends.max(initial=0.0)),
                *(state_between(events, begin, end) for events in changes),
            )
        )
    return found


def on_grid(part: Segment, grid: Grid) -> GridNotes:
    """Returns a part's notes in steps, each at least one long.

    Raises:
        NotConvertible: `negative_time` or `too_long`.
    """
    notes = part.notes
    with np.errstate(invalid="ignore"):  # infinite times fail the checks below
        starts, ends = grid.steps(notes.starts), grid.steps(notes.ends)
        total = int(grid.steps(np.array([part.total_seconds]))[0])
    ends = np.where(ends == starts, starts + 1, ends)
    if min(starts.min(initial=0), ends.min(initial=0), total) < 0:
        time = f"a note at {notes.starts.min(initial=0.0):.3f} s"
        raise refusal("negative_time", "a note starts too early", "times from 0 s on", time)
    total = max(total, int(ends.max(initial=0)))
    if total >= MAX_STEPS:
        length = f"{max(part.total_seconds, notes.ends.max(initial=0.0)):.0f} s"
        raise refusal("too_long", "it is too long", f"fewer than {MAX_STEPS} steps", length)
    ends = np.maximum(ends, starts + 1)
    others = (notes.pitches, notes.velocities, notes.instruments, notes.programs, notes.drums)
    return GridNotes(starts, ends, *others, total)


def split_times(part: Segment) -> list[float]:
    """Returns the times between which the parts lie."""
    metre, qpm, times = (4, 4), DEFAULT_QPM, [0.0]
    changes = sorted((*part.time_signatures, *part.tempos), key=_time_of)
    for change in changes:
        if change.time >= part.total_seconds:
            break
        now = (metre, change.qpm) if isinstance(change, Tempo) else (change[1:], qpm)
        if now != (metre, qpm) and change.time > times[-1]:
            times.append(change.time)
        metre, qpm = now
    if part.total_seconds > times[-1]:
        times.append(part.total_seconds)
    return times


def state_between(events: Sequence[Any], begin: float, end: float) -> tuple:
    """Returns what is in force from `begin` to `end`, times from `begin`; `events` by time."""
    if not events:
        return ()
    first = bisect.bisect_right(events, begin, key=_time_of)
    last = bisect.bisect_left(events, end, first, key=_time_of)
    before = [
        event._replace(time=0.0) if event.time else event
        for event in events[max(first - 1, 0) : first]
    ]
    inside = events[first:last]
    if begin:
        inside = [event._replace(time=event.time - begin) for event in inside]
    return (*before, *inside)
