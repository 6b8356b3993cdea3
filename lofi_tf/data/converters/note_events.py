"""Notes of a recording, in seconds, and which of them sound at a time."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

NUM_PITCHES = 128


class NoteEvent(NamedTuple):
    """A note of a recording: MIDI's pitch and velocity, 1 to 127, start and end in seconds."""

    pitch: int
    velocity: int
    start: float
    end: float


def roll_of(notes: Sequence[NoteEvent], times: np.ndarray) -> np.ndarray:
    """Returns the velocity of each pitch at some times, uint8 [T, 128]; 0 where it is silent."""
    roll = np.zeros([len(times), NUM_PITCHES], np.uint8)
    for note in notes:
        sounds = (times >= note.start) & (times < note.end)
        roll[sounds, note.pitch] = np.maximum(roll[sounds, note.pitch], note.velocity)
    return roll
