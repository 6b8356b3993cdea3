"""What a model has drawn, in the place of what a piece had there."""

from typing import Any

import numpy as np

from lofi_tf.data.converters.tracks import DRUM_INSTRUMENT
from lofi_tf.generation.layout import bar_seconds
from lofi_tf.generation.redrawing import Redrawn
from lofi_tf.music.sequence_proto import NoteSequence
from lofi_tf.music.splits import CHORD_SYMBOL


def exchange(
    piece: NoteSequence,
    what: Redrawn,
    rest: NoteSequence,
    window: NoteSequence,
    start: int,
    now: frozenset[int],
) -> None:
    """Puts what a window has drawn in some bars in the place of what a piece has there.

    Args:
        piece: is changed.
        what: is drawn anew.
        rest: the piece without what is drawn now or later.
        window: times from its start.
        start: its first bar.
        now: the bars.
    """
    steps, pitches = what.converter.steps_per_bar, what.pitches(piece)
    bar, held = bar_seconds(what.converter, what.grid.qpm), what.held(rest)
    offset = start * bar
    played, chords = list(filter(what.plays, piece.notes)), _chords(piece)
    gone = what.without(piece, now)
    del piece.notes[:], piece.text_annotations[:]
    piece.notes.extend(gone.notes)
    for note in window.notes:
        step = start * steps + what.step(note.start_time)
        if step // steps not in now or held[step]:
            continue
        if what.drums is not None and what.drum(note) not in what.drums:
            continue
        added = piece.notes.add()
        added.CopyFrom(note)
        added.start_time, added.end_time = note.start_time + offset, note.end_time + offset
        _dress(added, played, pitches.get(what.drum(note), note.pitch), what)
        if not added.is_drum and what.converter.loop != "beat":
            added.end_time = min(added.end_time, _end(step // steps, now) * bar)
    piece.text_annotations.extend(gone.text_annotations)
    if what.converter.loop == "chords" and chords:
        drawn = [(a.text, a.time + offset) for a in _chords(window)]
        _add_chords(piece, what, chords, drawn, now)
    piece.total_time = max([piece.total_time, *(note.end_time for note in piece.notes)])


def _dress(note: Any, played: list[Any], pitch: int, what: Redrawn) -> None:
    """Gives a drawn note the instrument of those that the piece has, and its drums' pitches."""
    is_beat = what.converter.loop == "beat"
    if is_beat:
        note.pitch, note.instrument, note.is_drum = pitch, DRUM_INSTRUMENT, True
    if not played:
        return
    like = played[0]
    note.instrument, note.program, note.is_drum = like.instrument, like.program, like.is_drum
    if not what.converter.expressive:
        note.velocity = int(np.median([one.velocity for one in played]))


def _end(bar: int, now: frozenset[int]) -> int:
    """Returns the bar after the run of bars that one is in."""
    while bar in now:
        bar += 1
    return bar


def _chords(piece: NoteSequence) -> list[Any]:
    """Returns the chord symbols of a piece."""
    return [a for a in piece.text_annotations if a.annotation_type == CHORD_SYMBOL]


def _add_chords(
    piece: NoteSequence,
    what: Redrawn,
    before: list[Any],
    drawn: list[tuple[str, float]],
    now: frozenset[int],
) -> None:
    """Adds the symbols of chords that were drawn in some bars, and those in force after these.

    Args:
        piece: without the symbols that were there.
        what: is drawn anew.
        before: the symbols that the piece had.
        drawn: symbols and seconds.
        now: the bars.
    """
    bar = bar_seconds(what.converter, what.grid.qpm)
    found = [(text, time) for text, time in drawn if what.bar(time) in now]
    for end in {_end(one, now) for one in now}:
        earlier = [a for a in before if what.bar(a.time) < end]
        at_end = any(what.step(a.time) == what.step(end * bar) for a in before)
        if earlier and not at_end and end < what.num_bars:
            found.append((max(earlier, key=lambda a: a.time).text, end * bar))
    for text, time in found:
        piece.text_annotations.add(annotation_type=CHORD_SYMBOL, text=text, time=time)
