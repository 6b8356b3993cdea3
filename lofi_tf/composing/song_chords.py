"""The chords of a song in sixteenths of its track: those that it names, else the likeliest."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from lofi_tf.composing.song_time import DOTTED, SongTime
from lofi_tf.composing.step_notes import STEP_SECONDS, Note
from lofi_tf.errors import NotConvertible
from lofi_tf.generation.scoring import chord_classes
from lofi_tf.music.chord_inference import with_inferred_chords
from lofi_tf.music.chord_qualities import NUM_QUALITIES, chord_of_figure
from lofi_tf.music.quantize import Grid
from lofi_tf.music.splits import CHORD_SYMBOL, Notes, Segment
from lofi_tf.music.time_changes import Metre

LOW = 55  # pitch below which the lowest note of the song is its bass
ON = 2.0  # steps after a chord's beginning at which its lowest note is heard
_QPM = 15.0 / STEP_SECONDS


class SongChord(NamedTuple):
    """A chord from `start` to `end`, in steps; `bass` is the pitch class below it."""

    start: float
    end: float
    chord: int
    bass: int


def song_chords(
    sequence: Any, time: SongTime, notes: Sequence[Note]
) -> tuple[list[SongChord], bool]:
    """Returns the chords of a song, and whether they were guessed; none where they cannot be.

    Args:
        sequence: the song.
        time: of the track.
        notes: all that have a pitch, in steps.
    """
    named = [a for a in sequence.text_annotations if a.annotation_type == CHORD_SYMBOL]
    found = [(time.steps(symbol.time), symbol.text) for symbol in named]
    if not any(chord_of_figure(text) is not None for _, text in found):
        found = _guessed(time, notes)
    return _lasting(found, time, notes), not named


def _guessed(time: SongTime, notes: Sequence[Note]) -> list[tuple[float, str]]:
    """Returns steps and figures of the likeliest chords; nothing where the metre is too odd."""
    if not notes:
        return []
    starts, ends, pitches, velocities = (np.array(column) for column in zip(*notes, strict=True))
    none = np.zeros(len(notes), np.int64)
    columns = Notes(pitches, velocities, none, none, none.astype(bool),
                    np.maximum(starts, 0) * STEP_SECONDS, ends * STEP_SECONDS)  # fmt: skip
    usual, seconds = time.usual, time.steps_of_all * STEP_SECONDS
    dotted = usual.beat == DOTTED  # a chord a beat, as in 6/8
    metre = Metre(0.0, *((6, 8) if dotted else (usual.numerator, usual.denominator)))
    try:
        part = with_inferred_chords(Segment(columns, seconds, (metre,)), Grid(_QPM, 4))
    except NotConvertible:
        return []
    return [(round(chord.time / STEP_SECONDS), chord.text) for chord in part.chords]


def _lasting(
    found: list[tuple[float, str]], time: SongTime, notes: Sequence[Note]
) -> list[SongChord]:
    """Returns chords that last until the next one, or until none is said."""
    kept: list[SongChord] = []
    found = sorted(found)
    ends = [*(start for start, _ in found), time.steps_of_all][1:]
    for (start, figure), end in zip(found, ends, strict=True):
        chord = chord_of_figure(figure)
        if chord is None or end - start < 1e-6:
            continue
        if kept and kept[-1].chord == chord and abs(kept[-1].end - start) < 1e-6:
            kept[-1] = kept[-1]._replace(end=end)
        else:
            kept.append(SongChord(start, end, chord, _bass(figure, chord, start, notes)))
    return kept


def _bass(figure: str, chord: int, start: float, notes: Sequence[Note]) -> int:
    """Returns the pitch class below a chord: that of its symbol, of the song's lowest, its root."""
    _, slash, below = figure.rpartition("/")
    named = chord_of_figure(below) if slash else None
    if named is not None:
        return named // NUM_QUALITIES
    at = start + ON
    near = [note.pitch for note in notes if note.start < at and note.end > at]
    lowest = min(near, default=127)
    if lowest < LOW and lowest % 12 in chord_classes(chord):
        return lowest % 12
    return chord // NUM_QUALITIES
