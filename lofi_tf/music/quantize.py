"""Onto the grid: the one tempo and metre of a piece, and times in steps.

The rules are those of note-seq's `quantize_note_sequence`: an implicit 4/4 and 120 quarters a
minute at time zero, one tempo and one metre for the whole piece (`time_changes.py` says what is no
change), a note belongs to its nearest step.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from lofi_tf.errors import NotConvertible
from lofi_tf.music.time_changes import DEFAULT_QPM, time_changes_of

STEPS_PER_QUARTER, STEPS_PER_BAR = 4, 16  # where nothing else is said: sixteenths, bars of 4/4


def first_qpm(sequence: Any) -> float:
    """Returns the tempo that a NoteSequence begins with, 120 where it has none."""
    tempos = time_changes_of(sequence).tempos
    return tempos[0].qpm if tempos else DEFAULT_QPM


@dataclasses.dataclass(frozen=True)
class Grid:
    """The steps of a piece of so many quarters a minute, above 0."""

    qpm: float
    steps_per_quarter: int

    @property
    def step_seconds(self) -> float:
        """Length of a step in seconds."""
        return 60.0 / self.qpm / self.steps_per_quarter

    def steps(self, seconds: np.ndarray) -> np.ndarray:
        """Returns the nearest step of each time, int64; halves go up.

        Like Magenta's, it cuts towards zero: up to a step and a half before zero is step 0.
        """
        per_second = self.steps_per_quarter * self.qpm / 60.0
        return (seconds * per_second + 0.5).astype(np.int64)


def refusal(rule: str, what: str, allowed: str, received: str) -> NotConvertible:
    """Returns the error of a piece that a rule refuses."""
    return NotConvertible(rule, f"{rule}: {what}. Allowed: {allowed}. Received: {received}")


def grid_of(note_sequence: Any, steps_per_quarter: int, steps_per_bar: int) -> Grid:
    """Returns the grid of a piece in one tempo and one metre, a bar of which has `steps_per_bar`.

    Raises:
        NotConvertible: `metre_change`, `metre`, `tempo_change` or `tempo`.
    """
    changes = time_changes_of(note_sequence)
    numerator, denominator = _metre(changes.time_signatures)
    qpm = _tempo(changes.tempos)
    if steps_per_quarter * 4.0 * numerator / denominator != steps_per_bar:
        quarters = steps_per_bar / steps_per_quarter
        raise refusal(
            "metre",
            "the bars have another length",
            f"bars of {quarters:g} quarters",
            f"{numerator}/{denominator}",
        )
    return Grid(qpm, steps_per_quarter)


def _metre(signatures: Any) -> tuple[int, int]:
    events = [(s.time, (s.numerator, s.denominator)) for s in signatures]
    numerator, denominator = _steady("metre", events, (4, 4), "4/4", lambda m: f"{m[0]}/{m[1]}")
    if numerator < 1 or denominator < 1 or denominator & (denominator - 1):
        raise refusal(
            "metre", "this is no metre", "n/1, n/2, n/4, n/8, ...", f"{numerator}/{denominator}"
        )
    return numerator, denominator


def _tempo(tempos: Any) -> float:
    events, usual = [(t.time, t.qpm) for t in tempos], f"{DEFAULT_QPM:g} qpm"
    qpm = _steady("tempo", events, DEFAULT_QPM, usual, lambda qpm: f"{qpm:.2f} qpm")
    if not qpm > 0:
        raise refusal("tempo", "this is no tempo", "more than 0 qpm", f"{qpm:g} qpm")
    return qpm


def _steady(what: str, events: list[tuple], default: Any, usual: str, shown: Callable) -> Any:
    """Returns what events, (time, value), say at all times; the default holds before the first."""
    if not events:
        return default
    time, value = min(events, key=lambda event: event[0])
    if len({value for _, value in events} | ({default} if time != 0 else set())) > 1:
        raise refusal(
            f"{what}_change",
            f"the {what} changes",
            f"one {what} for the whole piece ({usual} where none is given)",
            ", ".join(f"{shown(value)} at {time:.2f} s" for time, value in sorted(events)[:4]),
        )
    return value
