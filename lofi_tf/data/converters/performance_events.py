"""Performances as events: note-ons, note-offs, time shifts and velocities, as whole numbers.

The rules are those of note-seq's `MetricPerformance` and Magenta's `split_performance`: time passes
by shifts, a velocity event comes before the first note that differs, and a performance cut into
segments clips the notes that sound across a cut.
"""

import dataclasses
import functools
from collections import defaultdict
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np

DEFAULT_VELOCITY = 100  # of notes before the first velocity event
MAX_SHIFT_QUARTERS = 4
NUM_PROGRAMS = 129  # of MIDI, and one for drums
DRUM_PROGRAM = 128

_start_and_pitch = itemgetter(0, 2)


class Note(NamedTuple):
    """A note in steps; `velocity` is a bin from 1 on, or 0 where there are none; MIDI's if decoded.

    Where there are many, plain tuples in this order stand for it: they are made five times faster.
    """

    start: int
    end: int
    pitch: int
    velocity: int


@dataclasses.dataclass(frozen=True)
class Vocabulary:
    """The numbers of the events: note-ons, note-offs, shifts, velocities, programs, the end.

    Attributes:
        num_velocity_bins: velocity events V; 0 for none.
        max_shift: longest shift in steps.
        min_pitch, max_pitch: MIDI pitches.
    """

    num_velocity_bins: int
    max_shift: int
    min_pitch: int = 0
    max_pitch: int = 127

    @functools.cached_property
    def num_pitches(self) -> int:
        """Number of pitches; note-ons are 0 to this, note-offs follow."""
        return self.max_pitch - self.min_pitch + 1

    @functools.cached_property
    def first_shift(self) -> int:
        """The shift of one step."""
        return 2 * self.num_pitches

    @functools.cached_property
    def first_velocity(self) -> int:
        """The velocity event of bin 1."""
        return self.first_shift + self.max_shift

    @functools.cached_property
    def first_program(self) -> int:
        """The program token of program 0, which is the number of events."""
        return self.first_velocity + self.num_velocity_bins

    @property
    def drum_program(self) -> int:
        """The program token of drums."""
        return self.first_program + DRUM_PROGRAM

    @property
    def end_token(self) -> int:
        """The token that ends a segment."""
        return self.first_program + NUM_PROGRAMS

    @property
    def depth(self) -> int:
        """Number of tokens."""
        return self.end_token + 1

    @property
    def velocity_bin_size(self) -> int:
        """MIDI velocities in a bin."""
        return -(-127 // self.num_velocity_bins)

    def velocity_bin(self, velocity: Any) -> Any:
        """Returns the bin, from 1 on, of a MIDI velocity; 0 where there are no bins."""
        if not self.num_velocity_bins:
            return 0
        return (velocity - 1) // self.velocity_bin_size + 1

    def velocity_of(self, velocity_bin: int) -> int:
        """Returns the MIDI velocity that a bin stands for, its lowest."""
        return 1 + (velocity_bin - 1) * self.velocity_bin_size


def segment_notes(
    notes: Sequence[Note], num_segments: int, segment_steps: int, default_bin: int
) -> list[list[Note]]:
    """Returns the notes of each segment, ordered by start and pitch, steps from the first segment.

    Of overlapping notes of a pitch (given as they were played), the first to begin is the first to
    end. A note that sounds across a cut ends there; its rest is lost. As in Magenta a segment's
    first notes, while their velocity is that of the last note before its cut, get the default.
    """
    if num_segments == 1 and _follow_each_other(notes):
        clipped: list[Any] = [
            (start, min(end, segment_steps), pitch, velocity)
            for start, end, pitch, velocity in notes
            if start < min(end, segment_steps)
        ]
        return [sorted(clipped, key=_start_and_pitch)]
    segments: list[list[Any]] = [[] for _ in range(num_segments)]
    sounding: dict[int, list[list[int]]] = {}
    now, velocity, unsaid = 0, 0, False
    for step, index, is_end in _ons_and_offs(notes):
        segment = max(now, (step - is_end) // segment_steps)
        if segment >= num_segments:
            break
        if segment > now:
            now, sounding, unsaid = segment, {}, True
        _, _, pitch, its_velocity = notes[index]
        waiting = sounding.setdefault(pitch, [])
        if not is_end:
            unsaid, velocity = unsaid and its_velocity == velocity, its_velocity
            row = [step, (now + 1) * segment_steps, pitch, default_bin if unsaid else velocity]
            waiting.append(row)
            segments[now].append(row)
        elif waiting:
            waiting.pop(0)[1] = step
    rows: list[list[Any]] = [
        [tuple(row) for row in sorted(segment, key=_start_and_pitch) if row[1] > row[0]]
        for segment in segments
    ]
    return rows


def _follow_each_other(notes: Sequence[Note]) -> bool:
    """Returns whether notes in the order of their starts end before the next of their pitch."""
    ends: dict[int, int] = {}
    for start, end, pitch, _ in notes:
        if start < ends.get(pitch, start) or end < start:
            return False
        ends[pitch] = end
    return True


def _ons_and_offs(notes: Sequence[Note]) -> list[tuple[int, int, int]]:
    """Returns the step, the note's index and 0 for each start, 1 for each end, in order."""
    events = [(note[0], index, 0) for index, note in enumerate(notes)]
    events += [(note[1], index, 1) for index, note in enumerate(notes)]
    events.sort()
    return events


def encode(notes: Iterable[Note], begin: int, end: int, vocabulary: Vocabulary) -> list[int]:
    """Returns the events from step `begin` to before `end` of notes ordered by start and pitch."""
    notes = list(notes)
    tokens, now, velocity = [], begin, 0
    longest, shift = vocabulary.max_shift, vocabulary.first_shift - 1
    first_on, first_off = -vocabulary.min_pitch, vocabulary.num_pitches - vocabulary.min_pitch
    for step, index, is_end in _ons_and_offs(notes):
        while step > now:
            passed = min(step - now, longest)
            tokens.append(shift + passed)
            now += passed
        _, _, pitch, its_velocity = notes[index]
        if is_end:
            tokens.append(first_off + pitch)
            continue
        if its_velocity != velocity:
            velocity = its_velocity
            tokens.append(vocabulary.first_velocity + velocity - 1)
        tokens.append(first_on + pitch)
    while end > now:
        passed = min(end - now, longest)
        tokens.append(shift + passed)
        now += passed
    return tokens


def limited(tokens: Iterable[int], num_steps: int, vocabulary: Vocabulary) -> list[int]:
    """Returns the events made `num_steps` long, by cutting or by more shifts."""
    first, longest = vocabulary.first_shift, vocabulary.max_shift
    kept: list[int] = []
    left = num_steps
    for token in tokens:
        passed = token - first + 1
        if 0 < passed <= longest:
            if not left:
                return kept
            if passed > left:
                return [*kept, first - 1 + left]
            left -= passed
        kept.append(token)
    return kept + [first - 1 + min(left - s, longest) for s in range(0, left, longest)]


def decode(tokens: Iterable[int], vocabulary: Vocabulary) -> list[Note]:
    """Returns the notes of events, in the order in which they end; those left over come last.

    A note-off without its note is ignored, as are notes of no length.
    """
    played, step, velocity = [], 0, DEFAULT_VELOCITY
    sounding = defaultdict(list)
    pitches, shift = vocabulary.num_pitches, vocabulary.first_shift - 1
    for token in tokens:
        if token < pitches:
            sounding[token].append((step, velocity))
        elif token <= shift:
            waiting = sounding[token - pitches]
            if waiting:
                start, its_velocity = waiting.pop(0)
                if start < step:
                    played.append(Note(start, step, token - pitches, its_velocity))
        elif token < vocabulary.first_velocity:
            step += token - shift
        else:
            velocity = vocabulary.velocity_of(token - vocabulary.first_velocity + 1)
    for pitch, waiting in sounding.items():
        left = [(start, its_velocity) for start, its_velocity in waiting if start < step]
        played += [Note(start, step, pitch, its_velocity) for start, its_velocity in left]
    lowest = vocabulary.min_pitch
    return [note._replace(pitch=note.pitch + lowest) for note in played]


def event_steps(events: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
    """Returns the step at which each event happens, int64 [..., E], counted from the first."""
    passed = events - vocabulary.first_shift + 1
    passed = np.where((passed > 0) & (passed <= vocabulary.max_shift), passed, 0)
    return np.cumsum(passed, -1) - passed
