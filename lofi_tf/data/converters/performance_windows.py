"""A part of a piece cut into bars of several instruments."""

import dataclasses
from collections import defaultdict
from typing import Any, NamedTuple

import numpy as np

from lofi_tf.data.converters.performance_events import (
    DEFAULT_VELOCITY,
    DRUM_PROGRAM,
    Note,
    Vocabulary,
)
from lofi_tf.music.quantize import Grid, refusal
from lofi_tf.music.splits import MAX_STEPS, Segment

UNKNOWN_PROGRAM = -1


@dataclasses.dataclass(frozen=True)
class Window:
    """Some bars of a part.

    Attributes:
        begin, end: seconds.
        notes: in steps from its beginning, ordered by time and pitch, with `instruments`.
        instruments, programs: of each note; the program of drums is `DRUM_PROGRAM`.
        order: the instruments, in the order that Magenta takes them before sorting by program.
    """

    begin: float
    end: float
    notes: list[Note]
    instruments: list[int]
    programs: list[int]
    order: list[int]


class Track(NamedTuple):
    """One instrument's notes in the order that they are played."""

    program: int
    notes: list[Note]


def windows_of(part: Segment, grid: Grid, quarters: float, vocabulary: Vocabulary) -> list[Window]:
    """Returns windows of so many quarters in turn; notes end with theirs at the latest.

    The part is in one tempo and metre, its notes in time order.

    Raises:
        NotConvertible: `negative_time` or `too_long`.
    """
    total = part.total_seconds * grid.qpm / 60.0 * grid.steps_per_quarter
    if not total < MAX_STEPS:
        length = f"{part.total_seconds:.0f} s"
        raise refusal("too_long", "it is too long", f"fewer than {MAX_STEPS} steps", length)
    times = _window_times(part.total_seconds, 60.0 * quarters / grid.qpm)
    notes = part.notes
    firsts = np.searchsorted(notes.starts, times, side="left")
    notes, firsts = notes.take(slice(firsts[0], firsts[-1])), (firsts - firsts[0]).tolist()
    place = np.repeat(np.arange(len(times) - 1), np.diff(firsts))
    begins, seconds = times[place], notes.starts - times[place]
    starts = grid.steps(seconds)
    ends = grid.steps(np.minimum(notes.ends, times[place + 1]) - begins)
    ends = np.where(ends == starts, starts + 1, ends)
    if ends.min(initial=0) < 0:
        raise refusal("negative_time", "a note ends too early", "times from 0 s on", "an earlier")
    order = np.lexsort((notes.pitches, seconds, place))
    columns = (starts, ends, notes.pitches, _bins(notes.velocities, vocabulary))
    rows: list[Any] = list(zip(*(c[order].tolist() for c in columns), strict=True))
    known = (notes.programs >= 0) & (notes.programs < DRUM_PROGRAM)
    programs = np.where(known, notes.programs, UNKNOWN_PROGRAM)
    programs = np.where(notes.drums, DRUM_PROGRAM, programs)[order].tolist()
    by_time, instruments = notes.instruments.tolist(), notes.instruments[order].tolist()
    return [
        # A set's order is not the numbers', but fixed; tracks of one program keep it.
        Window(begin, end, rows[a:b], instruments[a:b], programs[a:b], list(set(by_time[a:b])))
        for begin, end, a, b in zip(
            times[:-1].tolist(), times[1:].tolist(), firsts, firsts[1:], strict=False
        )
    ]


def tracks_of(window: Window, least: int, most: int, vocabulary: Vocabulary) -> list[Track]:
    """Returns the instruments, `least` to `most`, of a window with notes, by program, drums last.

    Raises:
        NotConvertible: `pitch_range`, `few_instruments`, `many_instruments` or `program`.
    """
    low, high = vocabulary.min_pitch, vocabulary.max_pitch
    wrong = [pitch for _, _, pitch, _ in window.notes if not low <= pitch <= high]
    if wrong:
        raise dropped("pitch_range", f"pitches {low} to {high}", f"{wrong[0]}")
    if not least <= len(window.order) <= most:
        rule = "few_instruments" if len(window.order) < least else "many_instruments"
        raise dropped(rule, f"{least} to {most} instruments", f"{len(window.order)}")
    notes, programs = defaultdict(list), defaultdict(set)
    for note, instrument, program in zip(
        window.notes, window.instruments, window.programs, strict=True
    ):
        notes[instrument].append(note)
        programs[instrument].add(program)
    for instrument, its in programs.items():
        if len(its) > 1 or UNKNOWN_PROGRAM in its:
            received = f"{sorted(its)} of instrument {instrument}"
            raise dropped("program", "an instrument of one program, 0 to 127, or drums", received)
    tracks = [Track(min(programs[number]), notes[number]) for number in window.order]
    return sorted(tracks, key=lambda track: track.program)


def dropped(rule: str, allowed: str, received: str) -> Exception:
    """Returns why a window is dropped."""
    return refusal(rule, "no bars of it can be taken; the first", allowed, received)


def _window_times(total: float, seconds: float) -> np.ndarray:
    """Returns the times between which the windows lie, float64 [W + 1]."""
    times = np.append(0.0, np.arange(seconds, total, seconds))
    return np.append(times, total) if total > times[-1] else times


def _bins(velocities: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
    """Returns the bins of velocities; a velocity of 0 is none at all, so the default."""
    if not vocabulary.num_velocity_bins:
        return np.zeros_like(velocities)
    known = np.where(velocities < 1, DEFAULT_VELOCITY, np.minimum(velocities, 127))
    return vocabulary.velocity_bin(known)
