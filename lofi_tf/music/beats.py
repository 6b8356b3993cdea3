"""Pieces of drums as beats: what is hit, how hard and how late, in bars of sixteen steps."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from lofi_tf.music.drum_classes import DRUM_NAMES, REDUCED, class_table
from lofi_tf.music.quantize import STEPS_PER_BAR, first_qpm
from lofi_tf.music.splits import part_of

# Columns of a beat, by `DRUM_NAMES`.
KICK, SNARE, CLOSED, OPEN, LOW, MID, HIGH, CRASH, RIDE = range(9)
TOMS, HATS = [LOW, MID, HIGH], [CLOSED, OPEN, RIDE]
_CLASS = class_table(REDUCED, nearest=True)


@dataclasses.dataclass(frozen=True)
class Beats:
    """N beats of as many bars each, of nine drums; where nothing is hit, numbers are 0.

    Attributes:
        hits: bool [N, bars, 16, 9].
        velocities: 0 to 127, float32 [N, bars, 16, 9].
        late: after the step, in steps, float32 [N, bars, 16, 9].
    """

    hits: np.ndarray
    velocities: np.ndarray
    late: np.ndarray

    def __len__(self) -> int:
        return len(self.hits)

    @property
    def num_bars(self) -> int:
        """Bars of each."""
        return self.hits.shape[1]

    def take(self, rows: np.ndarray | slice) -> "Beats":
        """Returns the beats of a mask, of indices or of a slice."""
        return Beats(self.hits[rows], self.velocities[rows], self.late[rows])

    def bars(self, chosen: Sequence[int] | np.ndarray) -> "Beats":
        """Returns the beats with these bars alone, in this order."""
        return Beats(self.hits[:, chosen], self.velocities[:, chosen], self.late[:, chosen])


def beats_of(pieces: Sequence[Any], num_bars: int) -> Beats:
    """Returns NoteSequences of drums as beats, each note on its nearest step, so many bars of each.

    Of several notes of a drum on a step the loudest counts.
    """
    shape = [len(pieces), num_bars * STEPS_PER_BAR, len(DRUM_NAMES)]
    hits, velocities, late = np.zeros(shape, bool), np.zeros(shape, "f4"), np.zeros(shape, "f4")
    for row, piece in enumerate(pieces):
        part = part_of(piece, harmony=False)
        notes = part.notes.take(np.argsort(part.notes.velocities, kind="stable"))
        times = notes.starts * first_qpm(part) / 15
        steps = np.rint(times).astype(np.int64)
        inside = (steps >= 0) & (steps < shape[1])
        at = row, steps[inside], _CLASS[notes.pitches[inside]]
        hits[at], velocities[at] = True, notes.velocities[inside]
        late[at] = (times - steps)[inside]
    grid = [len(pieces), num_bars, STEPS_PER_BAR, len(DRUM_NAMES)]
    return Beats(hits.reshape(grid), velocities.reshape(grid), late.reshape(grid))


def joined(parts: Sequence[Beats]) -> Beats:
    """Returns beats of several sets as one."""
    return Beats(
        *(
            np.concatenate([getattr(part, f.name) for part in parts])
            for f in dataclasses.fields(Beats)
        )
    )
