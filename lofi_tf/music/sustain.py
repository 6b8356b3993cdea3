"""The sustain pedal: notes held beyond their end.

The rules are those of note-seq's `apply_sustain_control_changes`: a held note lasts until its pitch
is struck again or the pedal is released, and one that is held at the end until the last event.
"""

import dataclasses
from collections import defaultdict
from typing import Any, NamedTuple

import numpy as np

from lofi_tf.music.splits import (
    Segment,
    part_of,
    piece_random,
    split_on_time_changes,
    split_times,
    state_between,
    stretched,
)

SUSTAIN = 64  # the pedal's MIDI control number
STRIKE, RELEASE, PEDAL_DOWN, PEDAL_UP = 2, 3, 0, 1  # the order of simultaneous events


class Pedal(NamedTuple):
    """A movement of an instrument's sustain pedal at `time` (seconds); from 64 on it is down."""

    time: float
    instrument: int
    value: int


def pedals_of(sequence: Any) -> list[Pedal]:
    """Returns the movements of all pedals of a NoteSequence, in its order."""
    changes = (c for c in sequence.control_changes if c.control_number == SUSTAIN)
    return [Pedal(c.time, c.instrument, c.control_value) for c in changes]


def sustained_parts(
    note_sequence: Any, stretch_range: tuple[float, float] | None = None, seed: int = 0
) -> list[Segment]:
    """Returns a piece as parts of one tempo and metre each, the pedal applied; as `parts_of`."""
    part, pedals = part_of(note_sequence), pedals_of(note_sequence)
    if stretch_range is not None:
        factor = piece_random(note_sequence, seed).uniform(*stretch_range)
        part = stretched(part, factor)
        pedals = [pedal._replace(time=pedal.time * factor) for pedal in pedals]
    parts = split_on_time_changes(part)
    if not pedals:
        return parts
    times = split_times(part)
    spans = zip(parts, times, times[1:], strict=False)
    return [with_sustain(p, _pedals_between(pedals, begin, end)) for p, begin, end in spans]


def with_sustain(part: Segment, pedals: list[Pedal]) -> Segment:
    """Returns the part with its melodic notes held by the pedals, whose times are the part's."""
    if not pedals:
        return part
    notes = part.notes
    melodic = np.flatnonzero(~notes.drums)
    last = max(
        notes.starts[melodic].max(initial=0.0),
        notes.ends[melodic].max(initial=0.0),
        max(pedal.time for pedal in pedals),
    )
    ends, total, lost = notes.ends.copy(), part.total_seconds, []
    by_instrument = defaultdict(list)
    for pedal in pedals:
        by_instrument[pedal.instrument].append(pedal)
    held_to_the_end = False
    for instrument, moves in by_instrument.items():
        played = melodic[notes.instruments[melodic] == instrument]
        held, latest, gone = _hold(notes, played.tolist(), moves, ends)
        total, lost = max(total, latest), lost + gone
        ends[held] = last
        held_to_the_end |= bool(held)
    kept = np.ones(len(notes), bool)
    kept[lost] = False
    sustained = dataclasses.replace(notes, ends=ends).take(kept)
    # Like Magenta's, the length becomes that of the melodic notes, even where drums go on.
    return dataclasses.replace(
        part, notes=sustained, total_seconds=float(last if held_to_the_end else total)
    )


def _hold(
    notes: Any, played: list[int], moves: list[Pedal], ends: np.ndarray
) -> tuple[list[int], float, list[int]]:
    """Writes the ends of one instrument's notes, all but those that last to the end.

    Returns:
        Notes still held, the latest end by a pedal, and notes struck again at once.
    """
    events = [(notes.starts[n], STRIKE, n) for n in played]
    events += [(notes.ends[n], RELEASE, n) for n in played]
    events += [(move.time, PEDAL_DOWN if move.value >= 64 else PEDAL_UP, -1) for move in moves]
    active, down, latest, gone = defaultdict(list), False, 0.0, []  # active: by pitch
    for time, kind, n in sorted(events, key=lambda event: event[:2]):
        if kind == PEDAL_DOWN:
            down = True
        elif kind == PEDAL_UP:
            down = False
            for pitch, sounding in active.items():
                if any(ends[m] < time for m in sounding):
                    latest = time
                ringing = [m for m in sounding if ends[m] >= time]
                ends[[m for m in sounding if ends[m] < time]] = time
                active[pitch] = ringing
        elif kind == STRIKE:
            sounding = active[int(notes.pitches[n])]
            if down:
                ends[sounding] = time
                gone += [m for m in sounding if notes.starts[m] == time]
                sounding.clear()
            sounding.append(n)
        elif not down and n in active[int(notes.pitches[n])]:
            active[int(notes.pitches[n])].remove(n)
    return [n for sounding in active.values() for n in sounding], latest, gone


def _pedals_between(pedals: list[Pedal], begin: float, end: float) -> list[Pedal]:
    """Returns the pedals from `begin` to `end`, each instrument's last one before it included."""
    by_instrument = defaultdict(list)
    for pedal in pedals:
        by_instrument[pedal.instrument].append(pedal)
    ordered = (sorted(moves, key=lambda pedal: pedal.time) for moves in by_instrument.values())
    return [pedal for moves in ordered for pedal in state_between(moves, begin, end)]
