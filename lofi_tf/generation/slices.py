"""Stretches of a piece of music, cut at bar lines."""

import math
from typing import Any

import numpy as np

from lofi_tf.data.converters.grid import GridConverter
from lofi_tf.music.quantize import Grid, first_qpm
from lofi_tf.music.sequence_proto import NoteSequence
from lofi_tf.music.sustain import SUSTAIN

_SIDES = ("start", "end")
_STATES = ("text_annotations", "key_signatures")
_TIMED = (*_STATES, "time_signatures", "control_changes", "pitch_bends")


def number_of_bars(piece: Any, grid: Grid, steps_per_bar: int) -> int:
    """Returns the bars that hold a piece, 1 or more.

    A drum counts for where it is struck, other notes for where they end, both on the grid: a
    performance whose last note is a little long is no bar longer, nor is a loop (`unwrapped`).
    """
    piece = unwrapped(piece, grid, steps_per_bar)
    times = [note.start_time if note.is_drum else note.end_time for note in piece.notes]
    drums = np.array([note.is_drum for note in piece.notes], bool)
    steps = grid.steps(np.array(times)) + drums
    return max(1, -(-int(steps.max(initial=1)) // steps_per_bar))


def unwrapped(piece: Any, grid: Grid, steps_per_bar: int) -> Any:
    """Returns a loop with what it plays ahead of its first beat before 0, not at its end.

    That are drums just ahead of its last bar line which end with it (`loops.as_loop`), where
    nothing else is struck so late. Other pieces are returned as they are.
    """
    starts, ends = (np.array([getattr(n, f"{side}_time") for n in piece.notes]) for side in _SIDES)
    steps = grid.steps(starts)
    last = int(steps.max(initial=0))
    if not last or last % steps_per_bar:
        return piece
    line, near = last * grid.step_seconds, grid.step_seconds / 100
    latest = np.flatnonzero(steps == last).tolist()
    ahead = [starts[n] < line and ends[n] < line + near and piece.notes[n].is_drum for n in latest]
    if not all(ahead):
        return piece
    found = NoteSequence()
    found.CopyFrom(piece)
    for number in latest:
        found.notes[number].start_time -= line
        found.notes[number].end_time -= line
    return found


def crop(
    piece: Any, begin: float, seconds: float, grid: Grid, reader: GridConverter | None = None
) -> Any:
    """Returns a stretch of a piece, times from its beginning; nothing is changed in the piece.

    A note belongs to the stretch that its nearest step lies in, so that one struck just ahead of
    a bar line is not lost.

    Args:
        piece: in one tempo and metre.
        begin: seconds, a bar line.
        seconds: length.
        grid: of the piece.
        reader: the converter that will read it. Most want times from 0 on and notes that end with
            the stretch; for some, silent notes hold it open from end to end.
    """
    found = _with_settings(piece)
    first, last = (int(grid.steps(np.array([t]))[0]) for t in (begin, begin + seconds))
    starts = grid.steps(np.array([note.start_time for note in piece.notes]))
    for note, step in zip(piece.notes, starts.tolist(), strict=True):
        if not first <= step < last:
            continue
        added = found.notes.add()
        added.CopyFrom(note)
        added.start_time, added.end_time = note.start_time - begin, note.end_time - begin
        if reader and not reader.keeps_early_notes:
            added.start_time = max(0.0, added.start_time)
            added.end_time = min(added.end_time, seconds)
    for name in _STATES:
        _copy_states(getattr(found, name), getattr(piece, name), begin, begin + seconds)
    for instrument in {change.instrument for change in piece.control_changes}:
        pedal = [
            change
            for change in piece.control_changes
            if change.instrument == instrument and change.control_number == SUSTAIN
        ]
        _copy_states(found.control_changes, pedal, begin, begin + seconds)
    if reader and reader.open_pitches:
        _hold_open(found, piece, seconds, *reader.open_pitches)
    found.total_time = seconds
    return found


def looped(piece: Any, length: float, seconds: float, grid: Grid) -> Any:
    """Returns the first `length` seconds of a piece again and again, `seconds` long."""
    once = crop(piece, 0.0, length, grid)
    found = _with_settings(piece)
    for turn in range(math.ceil(seconds / length - 1e-6)):
        for name in ("notes", *_STATES, "control_changes"):
            for event in getattr(once, name):
                added = getattr(found, name).add()
                added.CopyFrom(event)
                if name == "notes":
                    added.start_time += turn * length
                    added.end_time = min(added.end_time, length) + turn * length
                else:
                    added.time += turn * length
    found.total_time = seconds
    return found


def by_instrument(piece: Any) -> list[Any]:
    """Returns a piece's instruments as pieces of their own, in rising order."""
    found = []
    for instrument in sorted({note.instrument for note in piece.notes}):
        line = NoteSequence()
        line.CopyFrom(piece)
        for name in ("notes", "control_changes", "pitch_bends"):
            kept = [event for event in getattr(piece, name) if event.instrument == instrument]
            del getattr(line, name)[:]
            getattr(line, name).extend(kept)
        found.append(line)
    return found


def drums_of(piece: Any) -> Any:
    """Returns a piece without its melodic notes, or as it is where no notes are marked as drums.

    What is read for drums must not change from one window to the next.
    """
    marked = [note for note in piece.notes if note.is_drum]
    if not marked:
        return piece
    found = NoteSequence()
    found.CopyFrom(piece)
    del found.notes[:]
    found.notes.extend(marked)
    return found


def at_tempo(piece: Any, qpm: float | None) -> Any:
    """Returns a piece in one tempo at another; None is its own, at which it is as it was."""
    found, stretch = NoteSequence(), first_qpm(piece) / (qpm or first_qpm(piece))
    found.CopyFrom(piece)
    if stretch == 1.0:
        return found
    for note in found.notes:
        note.start_time, note.end_time = note.start_time * stretch, note.end_time * stretch
    for name in _TIMED:
        for event in getattr(found, name):
            event.time *= stretch
    del found.tempos[:]
    found.tempos.add(qpm=qpm)
    found.total_time *= stretch
    return found


def _with_settings(piece: Any) -> Any:
    """Returns a piece without events, in the tempo and metre of another."""
    found = NoteSequence(ticks_per_quarter=piece.ticks_per_quarter)
    if piece.tempos:
        found.tempos.add(qpm=piece.tempos[0].qpm)
    if piece.time_signatures:
        first = piece.time_signatures[0]
        found.time_signatures.add(numerator=first.numerator, denominator=first.denominator)
    found.instrument_infos.extend(piece.instrument_infos)
    return found


def _copy_states(into: Any, events: Any, begin: float, end: float) -> None:
    """Adds what is in force at `begin` and what follows before `end`, times from `begin`."""
    ordered = sorted(events, key=lambda event: event.time)
    before = [event for event in ordered if event.time <= begin][-1:]
    for event in [*before, *(e for e in ordered if begin < e.time < end)]:
        added = into.add()
        added.CopyFrom(event)
        added.time = max(0.0, event.time - begin)


def _hold_open(found: Any, piece: Any, seconds: float, low: int, high: int) -> None:
    """Adds a note of velocity 0 from end to end for each instrument of a piece."""
    players = {(n.instrument, n.program, n.is_drum): n.pitch for n in piece.notes if n.velocity}
    for (instrument, program, is_drum), pitch in players.items():
        found.notes.add(
            instrument=instrument,
            program=program,
            is_drum=is_drum,
            pitch=pitch if is_drum else min(max(pitch, low), high),
            end_time=seconds,
        )
