"""Notes on a grid of sixteenths: what all parts of a track are made of.

Steps are sixteenths from the first of a track or a block, and may be fractions; a bar has 16.
Pitches are those of C major and A minor until the track is moved to its key.
"""

import zlib
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

BLOCK_BARS = 4
END_BARS = 2  # that the last chord of a track rings
STEP_SECONDS = 0.125  # of what models decode: at 120 quarters a minute


class Note(NamedTuple):
    """A note from `start` to `end`, in steps."""

    start: float
    end: float
    pitch: int
    velocity: int


def notes_in_steps(piece: Any) -> list[Note]:
    """Returns the notes of a NoteSequence at 120 quarters a minute, in steps."""
    found = [
        Note(
            note.start_time / STEP_SECONDS, note.end_time / STEP_SECONDS, note.pitch, note.velocity
        )
        for note in piece.notes
    ]
    return sorted(found)


def moved(notes: Iterable[Note], steps: float) -> list[Note]:
    """Returns notes so many steps later."""
    return [note._replace(start=note.start + steps, end=note.end + steps) for note in notes]


def within(notes: Iterable[Note], start: float, end: float) -> list[Note]:
    """Returns the notes that begin from `start` until before `end`, cut off at `end`."""
    kept = (note for note in notes if start <= note.start < end)
    return [note._replace(end=min(note.end, end)) for note in kept]


def stream(seed: int, *words: Any) -> np.random.Generator:
    """Returns the random numbers of one purpose, apart from those of all others."""
    keys = [zlib.crc32(str(word).encode()) for word in words]
    return np.random.default_rng([seed, *keys])


def row_seeds(random: np.random.Generator, count: int) -> np.ndarray:
    """Returns what rows of a model draw by, int64 [count]."""
    return random.integers(0, 2**62, count)


def swung(step: float, swing: float) -> float:
    """Returns where a step falls when the first sixteenth of each pair takes `swing` of the eighth.

    0.5 is straight, 2/3 is a triplet.
    """
    pair, rest = divmod(step, 2.0)
    late = 2.0 * swing
    inside = rest * late if rest < 1.0 else late + (rest - 1.0) * (2.0 - late)
    return 2.0 * pair + inside
