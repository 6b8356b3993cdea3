"""Whole bars: new pieces as loops, and pieces whose first notes come ahead of their first beat.

A model plays some notes ahead of their beat, those of the first beat ahead of time zero, where no
file and no player has room.
"""

import contextlib
import contextvars
from collections.abc import Iterator
from typing import Any

from lofi_tf.music.keys import key_of
from lofi_tf.music.quantize import first_qpm

_SHIFTED = ("text_annotations", "control_changes", "pitch_bends", "section_annotations")
_SETTINGS = ("tempos", "time_signatures", "key_signatures")
_BASSES = range(32, 40)  # programs
_LOW = 48  # pitch, an octave below middle C: lines below it on the mean are basses
_TICKS_PER_QUARTER = 480  # of files: what is nearer to a bar line than half of one lies on it


_FOR_A_SONG = contextvars.ContextVar("for_a_song", default=False)


@contextlib.contextmanager
def for_a_song() -> Iterator[None]:
    """What is made inside is put into a song, which has room ahead of a stretch and after it.

    So `finished` and `from_zero` leave it as it was played.
    """
    token = _FOR_A_SONG.set(True)
    try:
        yield
    finally:
        _FOR_A_SONG.reset(token)


def as_loop(piece: Any) -> Any:
    """Makes a loop of a piece whose `total_time` is its length; returns the piece.

    Played again and again, all is where it was: notes ahead of the first beat go to the end, those
    that begin at the end or later to the beginning, and no note rings beyond the end.

    Example:
        >>> beat.notes[0].start_time, beat.total_time = -0.01, 8.0
        >>> generation.as_loop(beat).notes[0].start_time
        7.99
    """
    length, near = piece.total_time, 30.0 / first_qpm(piece) / _TICKS_PER_QUARTER
    for note in piece.notes:
        turns = (note.start_time + near) // length
        note.start_time = max(0.0, note.start_time - turns * length)
        note.end_time = min(note.end_time - turns * length, length)
    return piece


def finished(piece: Any) -> Any:
    """Makes a loop of a new piece, with what a sequencer shows: names, key, fine ticks.

    Instruments without a name are called by what they play: `Drums`, `Bass`, `Chords`, `Melody`. A
    piece of pitched notes without a key gets the one that fits it best. Returns the piece.

    Example:
        >>> [info.name for info in generation.finished(beat).instrument_infos]
        ['Drums']
    """
    if _FOR_A_SONG.get():
        return piece
    as_loop(piece).ticks_per_quarter = _TICKS_PER_QUARTER
    named = {info.instrument for info in piece.instrument_infos}
    for number in sorted({note.instrument for note in piece.notes} - named):
        name = _name([note for note in piece.notes if note.instrument == number])
        piece.instrument_infos.add(instrument=number, name=name)
    key = None if piece.key_signatures else key_of(piece)
    if key:
        piece.key_signatures.add(key=key[0], mode=key[1])
    return piece


def from_zero(piece: Any) -> Any:
    """Moves a piece later as a whole, so that its first note is at 0; returns the piece.

    So it keeps its feel. A piece without notes before 0 stays as it is; `total_time` is never
    before the last note's end.

    Example:
        >>> beat.notes[0].start_time = -0.01
        >>> [note.start_time for note in generation.from_zero(beat).notes][:2]
        [0.0, 0.51]
    """
    if _FOR_A_SONG.get():
        return piece
    early = max(0.0, -min((note.start_time for note in piece.notes), default=0.0))
    if early:
        for note in piece.notes:
            note.start_time, note.end_time = note.start_time + early, note.end_time + early
        for name in (*_SHIFTED, *_SETTINGS):
            for event in getattr(piece, name):
                if event.time > 0 or name in _SHIFTED:
                    event.time += early
    last = max((note.end_time for note in piece.notes), default=0.0)
    piece.total_time = max(piece.total_time, last)
    return piece


def _name(notes: list[Any]) -> str:
    """Returns what the notes of an instrument are called."""
    if notes[0].is_drum:
        return "Drums"
    if notes[0].program in _BASSES:
        return "Bass"
    if len({note.start_time for note in notes}) < len(notes):
        return "Chords"
    low = sum(note.pitch for note in notes) < _LOW * len(notes)
    return "Bass" if low else "Melody"
