"""Drum notes on a grid, the loudest of each drum and step."""

import dataclasses
from typing import Any

import numpy as np

from lofi_tf.music.drum_classes import UNKNOWN
from lofi_tf.music.quantize import Grid, refusal
from lofi_tf.music.splits import MAX_STEPS


@dataclasses.dataclass(frozen=True)
class DrumNotes:
    """The drum notes of a piece, in order: class, velocity (0 to 127), onset (s), [N] each."""

    drums: np.ndarray
    velocities: np.ndarray
    onsets: np.ndarray


@dataclasses.dataclass(frozen=True)
class DrumGrid:
    """A whole piece on the grid, padded to full bars; zero where a drum is silent.

    Attributes:
        hits: uint8 [S, D], 0 or 1.
        velocities: uint8 [S, D], 0 to 127.
        offsets: float64 [S, D], 2 * (grid - onset) / step: positive is early, mostly in [-1, 1].
    """

    hits: np.ndarray
    velocities: np.ndarray
    offsets: np.ndarray


def drum_notes(note_sequence: Any, table: np.ndarray, strict: bool) -> DrumNotes:
    """Returns the notes of a piece that are drums.

    Args:
        note_sequence: a NoteSequence.
        table: the class of each MIDI pitch or `UNKNOWN`, int64 [128].
        strict: whether every note is a drum and an unknown pitch refuses the piece; otherwise
            unknown pitches are dropped, and melodic notes where any note is marked as a drum.

    Raises:
        NotConvertible: `unknown_pitch` or `no_notes`.
    """
    fields = [(n.pitch, n.velocity, n.start_time, n.is_drum) for n in note_sequence.notes]
    columns = np.array(fields, np.float64).reshape(-1, 4)
    marked = columns[:, 3] != 0
    if not strict and marked.any() and not marked.all():
        columns = columns[marked]
    pitches, velocities = np.clip(columns[:, :2].T, 0, 127).astype(np.int64)
    drums, onsets = table[pitches], columns[:, 2]
    known = drums != UNKNOWN
    if strict and not known.all():
        raise _unknown_pitch(table, pitches, onsets)
    if not known.any():
        raise refusal("no_notes", "it has no drum notes", "one or more", f"{len(fields)} notes")
    if known.all():
        return DrumNotes(drums, velocities, onsets)
    return DrumNotes(drums[known], velocities[known], onsets[known])


def marks_no_drum(note_sequence: Any) -> bool:
    """Says whether a piece marks no note as a drum, so that `drum_notes` takes all for drums."""
    return not any(note.is_drum for note in note_sequence.notes)


def drum_grid(notes: DrumNotes, grid: Grid, num_drums: int, steps_per_bar: int) -> DrumGrid:
    """Returns notes on the grid; of equally loud ones in a cell, the first.

    Raises:
        NotConvertible: `negative_time` or `too_long`.
    """
    steps = _steps(notes, grid)
    size = -(-(int(steps.max()) + 1) // steps_per_bar) * steps_per_bar
    cells = steps * num_drums + notes.drums
    order = np.argsort(cells * 128 + (127 - notes.velocities), kind="stable")
    ordered = cells[order]
    first = np.append(True, ordered[1:] != ordered[:-1])
    cells, winners = ordered[first], order[first]
    seconds = grid.step_seconds
    offsets = (seconds * steps[winners] - notes.onsets[winners]) / seconds * 2
    shape = (size, num_drums)
    filled = DrumGrid(np.zeros(shape, np.uint8), np.zeros(shape, np.uint8), np.zeros(shape))
    filled.hits.reshape(-1)[cells] = 1
    filled.velocities.reshape(-1)[cells] = notes.velocities[winners]
    filled.offsets.reshape(-1)[cells] = offsets
    return filled


def _steps(notes: DrumNotes, grid: Grid) -> np.ndarray:
    """Returns the step of each note, int64 [N]."""
    onsets = notes.onsets
    with np.errstate(invalid="ignore"):  # infinite times fail the checks below
        steps = grid.steps(onsets)
    if steps.min() < 0:
        time = f"a note at {onsets[steps.argmin()]:.3f} s"
        raise refusal("negative_time", "a note starts too early", "times from 0 s on", time)
    if steps.max() >= MAX_STEPS:
        time = f"a note at {onsets.max():.0f} s"
        raise refusal("too_long", "it is too long", f"fewer than {MAX_STEPS} steps", time)
    return steps


def _unknown_pitch(table: np.ndarray, pitches: np.ndarray, onsets: np.ndarray) -> Exception:
    unknown = table[pitches] == UNKNOWN
    return refusal(
        "unknown_pitch",
        f"{unknown.sum()} of {len(pitches)} notes have a pitch in no drum class "
        "(the option unknown_pitch may be nearest or drop)",
        ", ".join(map(str, np.flatnonzero(table != UNKNOWN))),
        f"pitch {pitches[unknown][0]} at {onsets[unknown][0]:.2f} s",
    )
