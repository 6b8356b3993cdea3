"""Chord progressions on a grid: found in notes or symbols, and played as notes again.

A track is int64 [T], one token a step: 0 nothing new, 1 the chord ends, 2 + chord a chord is struck
(see `chord_qualities`), or `UNREAD` where it has no name.
"""

import itertools
from typing import Any, NamedTuple

import numpy as np

from lofi_tf.data.converters.tracks import empty_sequence
from lofi_tf.music.chord_qualities import (
    CHORD_QUALITIES,
    NUM_QUALITIES,
    chord_figure,
    chord_of_figure,
    chord_of_pitches,
)
from lofi_tf.music.chords import NO_CHORD
from lofi_tf.music.quantize import Grid, refusal
from lofi_tf.music.sequence_proto import NoteSequence
from lofi_tf.music.splits import CHORD_SYMBOL, GridNotes, Segment

NO_EVENT, CHORD_OFF, FIRST_CHORD = 0, 1, 2
UNREAD = -1
MIN_NOTES = 3  # fewer that begin together are no chord
VELOCITY, PROGRAM = 80, 4  # electric piano
LOWEST_BASS, LOWEST_VOICE, HIGHEST_VOICE = 36, 52, 74  # MIDI pitches: C2, E3, D5
CENTRE = 62  # where the voices of the first chord lie, on the mean


class ChordEvent(NamedTuple):
    """A chord from `start` to `end`, in steps; `chord` is `UNREAD` where it has no name."""

    start: int
    end: int
    chord: int


def played(notes: GridNotes) -> list[ChordEvent]:
    """Returns the chords that are struck as notes, in time order.

    Notes of all instruments but drums that begin on one step, or on the next while those still
    sound (a chord that is rolled), are one group. Groups of fewer than three notes, or of one pitch
    class, are melody or bass and no chord.
    """
    sounding = ~notes.drums & (notes.velocities > 0)
    order = np.lexsort((notes.pitches[sounding], notes.starts[sounding]))
    columns = (notes.starts, notes.ends, notes.pitches)
    rows = zip(*(column[sounding][order].tolist() for column in columns), strict=True)
    groups: list[list[tuple[int, int, int]]] = []
    for start, rows_of_start in itertools.groupby(rows, key=lambda row: row[0]):
        group = list(rows_of_start)
        last = groups[-1] if groups else None
        if last and start == last[0][0] + 1 and all(end > start for _, end, _ in last):
            last += group
        else:
            groups.append(group)
    return [_struck(group) for group in groups if _is_chord(group)]


def written(part: Segment, grid: Grid, total_steps: int) -> list[ChordEvent]:
    """Returns the chords of a part's symbols, each up to the next; of those on a step the last.

    Raises:
        NotConvertible: `negative_time`.
    """
    changes = {}
    for chord in sorted(part.chords, key=lambda chord: chord.time):
        changes[int(grid.steps(np.array([chord.time]))[0])] = chord.text
    if min(changes, default=0) < 0:
        time = f"a chord at {min(chord.time for chord in part.chords):.3f} s"
        raise refusal("negative_time", "a chord starts too early", "times from 0 s on", time)
    starts = [start for start in changes if start < total_steps]
    events = []
    for start, end in itertools.pairwise([*starts, total_steps]):
        if changes[start] != NO_CHORD:
            number = chord_of_figure(changes[start])
            events.append(ChordEvent(start, end, UNREAD if number is None else number))
    return events


def plays_all(played: list[ChordEvent], written: list[ChordEvent]) -> bool:
    """Says whether notes play every symbol, so that they give its rhythm.

    The symbol at the start may have been in force from before.
    """
    chords = {strike.start: strike.chord for strike in played}
    later = [strike for strike in written if strike.start > 0]
    return bool(played) and all(chords.get(s.start, UNREAD) == s.chord for s in later)


def track_of(strikes: list[ChordEvent], total_steps: int) -> np.ndarray:
    """Returns strikes in time order as a track; a chord ends where the next begins."""
    track = np.zeros(total_steps, np.int64)
    for strike, after in itertools.zip_longest(strikes, strikes[1:]):
        track[strike.start] = UNREAD if strike.chord == UNREAD else FIRST_CHORD + strike.chord
        end = min(strike.end, total_steps if after is None else after.start)
        if end < total_steps and (after is None or end < after.start):
            track[end] = CHORD_OFF
    return track


def windows_of(track: np.ndarray, size: int, hop: int) -> np.ndarray:
    """Returns windows [W, size], `hop` steps apart; what sounds on into one is struck there."""
    starts = np.arange(0, len(track) - size + 1, hop)
    windows = track[starts[:, None] + np.arange(size)]
    for row, start in zip(windows, starts.tolist(), strict=True):
        before = np.flatnonzero(track[:start])
        held = track[before[-1]] if len(before) else CHORD_OFF
        if row[0] == NO_EVENT and held != CHORD_OFF:
            row[0] = held
        elif row[0] == CHORD_OFF:
            row[0] = NO_EVENT
    return windows


def longest_rest(track: np.ndarray) -> int:
    """Returns the greatest number of steps in turn without a chord."""
    events = np.flatnonzero(track)
    starts = np.append(0, events)
    rests = np.diff(np.append(starts, len(track)))
    silent = np.append(True, track[events] == CHORD_OFF)
    return int(rests[silent].max(initial=0))


def progression_sequence(tokens: np.ndarray, grid: Grid) -> NoteSequence:
    """Returns a track as chord symbols and as notes: a bass and voices that move little."""
    sequence = empty_sequence(grid.qpm)
    step, voices, sounding = grid.step_seconds, None, False
    events = np.flatnonzero(tokens)
    ends = np.append(events, len(tokens))[1:]
    for start, end, token in zip(
        events.tolist(), ends.tolist(), tokens[events].tolist(), strict=True
    ):
        if token >= FIRST_CHORD:
            bass, voices = voicing(token - FIRST_CHORD, voices)
            for pitch in (bass, *voices):
                _add_note(sequence, pitch, start * step, end * step)
            _add_symbol(sequence, chord_figure(token - FIRST_CHORD), start * step)
        elif sounding:
            _add_symbol(sequence, NO_CHORD, start * step)
        sounding = token >= FIRST_CHORD
    sequence.total_time = len(tokens) * step
    return sequence


def voicing(chord: int, before: tuple[int, ...] | None) -> tuple[int, tuple[int, ...]]:
    """Returns the bass and the upper voices of a chord, in close position around middle C.

    Chords of four and more pitch classes leave the root to the bass. Of all inversions the one
    whose voices move least from any before is taken, of equals the nearest to the centre.
    """
    root, quality = divmod(chord, NUM_QUALITIES)
    intervals = CHORD_QUALITIES[quality].intervals
    upper = intervals[1:] if len(intervals) > 3 else intervals
    classes = sorted((root + interval) % 12 for interval in upper)
    close = [
        tuple(low + (pitch - low) % 12 for pitch in (*classes[i:], *classes[:i]))
        for low in range(LOWEST_VOICE, HIGHEST_VOICE)
        for i in range(len(classes))
        if low % 12 == classes[i]
    ]
    inside = [voices for voices in close if voices[-1] <= HIGHEST_VOICE]

    def rank(voices: tuple[int, ...]) -> tuple[float, float]:
        away = abs(sum(voices) / len(voices) - CENTRE)
        return (_movement(before, voices) if before else 0.0, away)

    return LOWEST_BASS + root, min(inside, key=rank)


def _movement(before: tuple[int, ...], after: tuple[int, ...]) -> int:
    """Returns how many half steps voices move in all, each to or from the nearest."""
    to = sum(min(abs(voice - other) for other in after) for voice in before)
    return to + sum(min(abs(voice - other) for other in before) for voice in after)


def _is_chord(group: list[tuple[int, int, int]]) -> bool:
    return len(group) >= MIN_NOTES and len({pitch % 12 for _, _, pitch in group}) > 1


def _struck(group: list[tuple[int, int, int]]) -> ChordEvent:
    chord = chord_of_pitches(pitch for _, _, pitch in group)
    end = max(end for _, end, _ in group)
    return ChordEvent(group[0][0], end, UNREAD if chord is None else chord)


def _add_note(sequence: Any, pitch: int, start: float, end: float) -> None:
    sequence.notes.add(
        pitch=pitch, velocity=VELOCITY, program=PROGRAM, start_time=start, end_time=end
    )


def _add_symbol(sequence: Any, figure: str, time: float) -> None:
    sequence.text_annotations.add(annotation_type=CHORD_SYMBOL, text=figure, time=time)
