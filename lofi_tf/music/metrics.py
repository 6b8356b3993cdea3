"""Measures of music: density, syncopation, velocity, swing. Pure functions of NoteSequences.

A step is a sixteenth note; a piece is in one tempo, in bars of 4/4. Times are rounded to steps as
the converters do; a piece is as long as its bars, those before its first note included.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np

from lofi_tf.music.quantize import STEPS_PER_BAR, STEPS_PER_QUARTER, first_qpm

# How strong each step of a bar is: the level of the metre that it begins (Lerdahl and Jackendoff
# 1983), 0 for the bar, -1 for its half, down to -4 for sixteenths off the eighths.
WEIGHTS = (0, -4, -3, -4, -2, -4, -3, -4, -1, -4, -3, -4, -2, -4, -3, -4)


def density(piece: Any) -> float:
    """Returns the onsets a step: the notes by the steps of the piece (Roberts et al. 2018)."""
    return len(piece.notes) / _num_steps(piece)


def velocity(piece: Any) -> float:
    """Returns the mean MIDI velocity, 0 to 127; NaN without notes."""
    return _mean([note.velocity for note in piece.notes])


def swing(piece: Any) -> float:
    """Returns how late the off-beats are, in steps: the mean delay of onsets off the quarters.

    It is taken against the mean delay of those on the quarters, so that a drummer who drags as a
    whole does not swing. With eighths in triplets the off-beat lies at 2 2/3 steps, nearer to the
    third step: it counts as an eighth late by 2/3 where the third step's sixteenth is so early
    (by 1/4 of a step or more). NaN without off-beats.
    """
    on, off = [], []
    for position in _positions(piece):
        step = _step(position)
        late = position - step
        if step % 4 == 0:
            on.append(late)
        elif step % 4 == 3 and late <= -0.25:
            off.append(late + 1)
        else:
            off.append(late)
    return _mean(off) - (_mean(on) if on else 0.0)


def syncopation(piece: Any) -> float:
    """Returns the syncopation a bar, by Longuet-Higgins and Lee 1984.

    An onset is syncopated where the rest after it, up to the next onset of its line, holds a step
    that is stronger than its own; it counts by how much stronger the strongest one is (`WEIGHTS`).
    Each drum is a line, and so is each melodic instrument. The piece counts as a loop: after its
    last step comes its first.
    """
    lines = defaultdict(set)
    for note, position in zip(piece.notes, _positions(piece), strict=True):
        line = (True, note.pitch) if note.is_drum else (False, note.instrument)
        lines[line].add(_step(position))
    num_steps = _num_steps(piece)
    total = sum(_syncopation(sorted(steps), num_steps) for steps in lines.values())
    return total * STEPS_PER_BAR / num_steps


METRICS: dict[str, Callable[[Any], float]] = {
    "density": density,
    "swing": swing,
    "syncopation": syncopation,
    "velocity": velocity,
}


def _syncopation(steps: list[int], num_steps: int) -> int:
    """Returns the sum over the onsets of a line, in rising order."""
    total = 0
    for step, after in zip(steps, [*steps[1:], steps[0] + num_steps], strict=True):
        rests = [WEIGHTS[rest % STEPS_PER_BAR] for rest in range(step + 1, after)]
        total += max(0, max(rests, default=-4) - WEIGHTS[step % STEPS_PER_BAR])
    return total


def _positions(piece: Any) -> list[float]:
    """Returns the onsets in steps, not rounded."""
    qpm = first_qpm(piece)
    return [note.start_time * qpm / 60.0 * STEPS_PER_QUARTER for note in piece.notes]


def _num_steps(piece: Any) -> int:
    """Returns the steps of the bars that hold the piece, 16 or more."""
    qpm = first_qpm(piece)
    end = piece.total_time * qpm / 60.0 * STEPS_PER_QUARTER
    last = max([_step(position) + 1 for position in _positions(piece)] + [round(end), 1])
    return -(-last // STEPS_PER_BAR) * STEPS_PER_BAR


def _step(position: float) -> int:
    return max(0, int(np.floor(position + 0.5)))


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else float("nan")
