"""Lines of music on a grid: melodies and drum tracks, split at long silences.

The rules are those of Magenta's `extract_melodies` and `extract_drum_tracks`: a line begins with
the bar of its first note, ends with a bar, and is cut to a greatest length.
"""

import bisect
import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from lofi_tf.errors import NotConvertible
from lofi_tf.music.drum_classes import UNKNOWN
from lofi_tf.music.quantize import Grid, refusal
from lofi_tf.music.sequence_proto import NoteSequence
from lofi_tf.music.splits import GridNotes, Notes
from lofi_tf.music.time_changes import TICKS_PER_QUARTER

NO_EVENT, NOTE_OFF, FIRST_PITCH = 0, 1, 2  # melody tokens; FIRST_PITCH is the lowest pitch
OUTPUT_VELOCITY = 80
DRUM_INSTRUMENT = 9


@dataclasses.dataclass(frozen=True)
class Track:
    """A line of events, one a step.

    Attributes:
        start: the step of its first event, the first of a bar.
        events: uint8 [T], melody tokens; or int64 [T], bit masks of drums.
    """

    start: int
    events: np.ndarray


def melody_tracks(
    notes: GridNotes,
    steps_per_bar: int,
    min_pitch: int,
    gap_bars: float | None = 1.0,
    max_steps: int | None = None,
    skip_polyphony: bool = False,
) -> list[Track]:
    """Returns the melodies of every instrument, by instrument and time.

    Of notes that start together the highest counts; a note ends where the next starts. Drums and
    notes of velocity zero do not sound; yet, as in Magenta, a line may begin with their bar.

    Args:
        notes: notes on the grid, all pitches at least `min_pitch`.
        steps_per_bar: steps in a bar.
        min_pitch: the pitch of token 2.
        gap_bars: silence of that many bars or more ends a line; None or 0 never does.
        max_steps: longer lines are cut, to whole bars.
        skip_polyphony: whether an instrument's lines end for good where notes start together.
    """
    sounding = np.flatnonzero(~notes.drums & (notes.velocities > 0))
    columns = (-notes.pitches, notes.starts, notes.instruments)
    order = sounding[np.lexsort([column[sounding] for column in columns])]
    instruments, starts, ends = notes.instruments[order], notes.starts[order], notes.ends[order]
    tokens = notes.pitches[order] - (min_pitch - FIRST_PITCH)
    other = instruments[1:] != instruments[:-1]
    highest = np.append(True, other | (starts[1:] != starts[:-1]))
    bounds = [0, *(np.flatnonzero(other) + 1).tolist(), len(order)]
    tracks = []
    for first, last in zip(bounds, bounds[1:], strict=False):
        if first == last:
            break
        span = slice(first, last)
        begins = starts[span]  # where a line may begin
        if len(order) < len(notes.starts):
            begins = np.sort(notes.starts[notes.instruments == instruments[first]])
        kept = highest[span]
        line = starts[span][kept], ends[span][kept], tokens[span][kept]
        polyphonic = starts[span][~kept] if skip_polyphony else ()
        tracks += _melodies(begins, *line, polyphonic, steps_per_bar, gap_bars, max_steps)
    return tracks


def no_melody(notes: Notes, options: Any) -> NotConvertible:
    """Returns the error of a piece without a melody: which notes would make one, and which came."""
    allowed = f"notes of pitch {options.min_pitch} to {options.max_pitch}"
    if options.valid_programs is not None:
        allowed += f" and of program {_ranges(options.valid_programs)} (the option valid_programs)"
    if options.skip_polyphony:
        allowed += ", no two at once (skip_polyphony)"
    received = f"{len(notes)} notes"
    if notes.drums.any():
        received += f", {notes.drums.sum()} of them drums"
    if not notes.drums.all():
        received += f", of program {_ranges(notes.programs[~notes.drums].tolist())}"
    return refusal("no_notes", "it has no melody", allowed, received)


def _ranges(numbers: Sequence[int]) -> str:
    """Returns whole numbers as text such as `0-31, 40`."""
    rising = sorted(set(numbers))
    first = [n for n in rising if n - 1 not in rising]
    last = [n for n in rising if n + 1 not in rising]
    return ", ".join(f"{a}-{b}" if a < b else f"{a}" for a, b in zip(first, last, strict=True))


def drum_tracks(
    notes: GridNotes,
    table: np.ndarray,
    steps_per_bar: int,
    gap_bars: float | None = 1.0,
    max_steps: int | None = None,
) -> list[Track]:
    """Returns the drum tracks of all instruments together, in time order.

    An event is a bit mask: bit d is set where drum d is hit.

    Args:
        notes: notes on the grid; those that are no drums do not count.
        table: the class of each MIDI pitch or `UNKNOWN`, int64 [128]; unknown ones do not count.
        steps_per_bar: steps in a bar.
        gap_bars: silence of that many bars or more ends a track; None or 0 never does.
        max_steps: longer tracks are cut, to whole bars.
    """
    drums = table[np.clip(notes.pitches, 0, 127)]
    known = notes.drums & (notes.velocities > 0) & (drums != UNKNOWN)
    steps, drums = notes.starts[known], drums[known]
    if not len(steps):
        return []
    line = np.zeros(int(steps.max()) + 1, np.int64)
    np.bitwise_or.at(line, steps, np.int64(1) << drums)
    starts = np.flatnonzero(line)
    tracks = []
    for bar, first, last in _stretches(starts, starts, starts + 1, steps_per_bar, gap_bars):
        begin, end = int(starts[first]), int(starts[last - 1]) + 1
        events = _stretch_of(line, bar, begin, end, steps_per_bar)
        tracks.append(Track(bar, _cut(events, steps_per_bar, max_steps)))
    return tracks


def padded_melody(track: Track, total_steps: int) -> Track:
    """Returns a melody from step 0 to `total_steps`; a note that sounds at its end stops there."""
    padded = padded_track(track, total_steps)
    end = track.start + len(track.events)
    sounding = track.events[track.events != NO_EVENT][-1:] >= FIRST_PITCH
    if end < total_steps and sounding.any():
        padded.events[end] = NOTE_OFF
    return padded


def padded_track(track: Track, total_steps: int) -> Track:
    """Returns a track from step 0 to `total_steps`, with silence (0) where it had no events."""
    events = np.zeros(max(total_steps, track.start + len(track.events)), track.events.dtype)
    events[track.start : track.start + len(track.events)] = track.events
    return Track(0, events[:total_steps])


def silent_start(tokens: np.ndarray) -> np.ndarray:
    """Returns melody tokens [..., T] without note-offs before their first note."""
    begun = np.logical_or.accumulate(tokens >= FIRST_PITCH, axis=-1)
    return np.where(begun, tokens, NO_EVENT)


def melody_sequence(tokens: np.ndarray, min_pitch: int, grid: Grid) -> NoteSequence:
    """Returns melody tokens [T] as notes, each sounding until the next event."""
    sequence = empty_sequence(grid.qpm)
    events = np.flatnonzero(tokens)
    ends = np.append(events, len(tokens))[1:] * grid.step_seconds
    for step, token, end in zip(
        events.tolist(), tokens[events].tolist(), ends.tolist(), strict=True
    ):
        if token >= FIRST_PITCH:
            sequence.notes.add(
                pitch=token - FIRST_PITCH + min_pitch,
                velocity=OUTPUT_VELOCITY,
                start_time=step * grid.step_seconds,
                end_time=end,
            )
            sequence.total_time = end
    return sequence


def drum_sequence(hits: np.ndarray, pitches: Sequence[int], grid: Grid) -> NoteSequence:
    """Returns drum hits, bool [T, D], as notes of one step; `pitches` has that of each drum."""
    sequence = empty_sequence(grid.qpm)
    for step, drum in np.argwhere(hits).tolist():
        sequence.notes.add(
            pitch=pitches[drum],
            velocity=OUTPUT_VELOCITY,
            start_time=step * grid.step_seconds,
            end_time=(step + 1) * grid.step_seconds,
            instrument=DRUM_INSTRUMENT,
            is_drum=True,
        )
        sequence.total_time = (step + 1) * grid.step_seconds
    return sequence


def empty_sequence(qpm: float) -> NoteSequence:
    """Returns a sequence of one tempo without notes, as note_seq makes it."""
    sequence = NoteSequence(ticks_per_quarter=TICKS_PER_QUARTER)
    sequence.tempos.add(qpm=qpm)
    return sequence


def _stretches(
    first_steps: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
    steps_per_bar: int,
    gap_bars: float | None,
) -> Iterator[tuple[int, int, int]]:
    """Yields the first step, the first note and the note after the last of each line.

    Steps where a line may begin are sorted, as are the starts; `ends` are the steps after.
    """
    gap = gap_bars * steps_per_bar if gap_bars else np.inf
    breaks = (np.flatnonzero(starts[1:] - ends[:-1] >= gap) + 1).tolist()
    first_steps, starts, ends = first_steps.tolist(), starts.tolist(), ends.tolist()
    search = 0
    while (first := bisect.bisect_left(starts, search)) < len(starts):
        place = bisect.bisect_right(breaks, first)
        last = breaks[place] if place < len(breaks) else len(starts)
        bar = first_steps[bisect.bisect_left(first_steps, search)]
        bar -= (bar - search) % steps_per_bar
        yield bar, first, last
        search = bar - (bar - ends[last - 1]) // steps_per_bar * steps_per_bar


def _melodies(
    first_steps: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
    tokens: np.ndarray,
    polyphonic: Sequence[int],
    steps_per_bar: int,
    gap_bars: float | None,
    max_steps: int | None,
) -> list[Track]:
    """Returns the melodies of one instrument, which end for good at `polyphonic` steps.

    See `melody_tracks`, and `_stretches` of the steps.
    """
    line = np.zeros(int(ends.max()) + 1, np.uint8)
    line[ends[:-1][ends[:-1] < starts[1:]]] = NOTE_OFF
    line[ends[-1]] = NOTE_OFF
    line[starts] = tokens
    tracks = []
    for bar, first, last in _stretches(first_steps, starts, ends, steps_per_bar, gap_bars):
        if len(polyphonic) and np.isin(starts[first:last], polyphonic).any():
            break
        begin, end = int(starts[first]), int(ends[last - 1])
        events = _stretch_of(line, bar, begin, end, steps_per_bar)
        events = _cut(events, steps_per_bar, max_steps)
        if begin - bar < len(events):
            tracks.append(Track(bar, events))
    return tracks


def _stretch_of(line: np.ndarray, bar: int, begin: int, end: int, steps_per_bar: int) -> np.ndarray:
    """Returns the whole bars from step `bar` on that hold `begin` to `end`; silence but for these.

    What happens at `end` itself, a note's end, counts where the last bar goes on.
    """
    events = np.zeros(-(-(end - bar) // steps_per_bar) * steps_per_bar, line.dtype)
    inside = line[begin : min(end + 1, bar + len(events))]
    events[begin - bar : begin - bar + len(inside)] = inside
    return events


def _cut(events: np.ndarray, steps_per_bar: int, max_steps: int | None) -> np.ndarray:
    """Returns the events up to the last bar line at or before `max_steps`."""
    return events if max_steps is None else events[: max_steps - max_steps % steps_per_bar]
