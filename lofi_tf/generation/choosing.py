"""Of several draws for each output the one that makes the best loop."""

from collections.abc import Callable
from typing import Any

import numpy as np

from lofi_tf.backends import Backend
from lofi_tf.data.converter import Converter, build_converter
from lofi_tf.data.drum_classes import REDUCED, class_table
from lofi_tf.data.drums import DrumsConverter
from lofi_tf.data.groove import GrooveConverter
from lofi_tf.data.melody import MelodyConverter
from lofi_tf.data.progression import ProgressionConverter
from lofi_tf.data.quantize import DEFAULT_QPM
from lofi_tf.errors import LofiError
from lofi_tf.generation.drawing import HOW, How, decode_arrays, pieces_of, prior, row_seeds
from lofi_tf.loops import (
    CLASSES,
    STEPS_PER_BAR,
    TONICS,
    beat_score,
    key_share,
    line_score,
    progression_score,
    strikes_of,
)

ENERGIES = (0.25, 0.5, 0.75)  # a beat counts by the one it suits best
NOTES_A_BAR = (2.0, 6.0)  # fewest and most that count nothing against a line
LEAST_NOTES = 3
_CLASS = class_table(REDUCED, nearest=True)


def sample_best(backend: Backend, num_outputs: int, best_of: int, how: How = HOW) -> list[Any]:
    """Returns new pieces, each the best of several draws; the first of them is `sample`'s.

    Beats are judged by `loops.beat_score`, chords by `loops.progression_score`, lines by
    `loops.line_score` and how well they keep to a key.

    Args:
        backend: a model of drums, of chord progressions or of single lines, in bars of sixteen
            steps, that takes no chords or other controls.
        num_outputs: pieces.
        best_of: draws for each.
        how: temperature, seed, tempo.

    Raises:
        LofiError: a model of something else, or `best_of` below 1.
    """
    if best_of < 1:
        raise LofiError(f"best_of must be at least 1. Received: {best_of}")
    score = scorer_of(backend)
    seeds = np.concatenate([row_seeds(_seed(how.seed, n), num_outputs) for n in range(best_of)])
    z = prior(seeds, backend.config.model.z_size)
    outputs = decode_arrays(backend, z, how, None, seeds)
    scores = np.array([score(output) for output in outputs]).reshape(best_of, num_outputs)
    rows = scores.argmax(axis=0) * num_outputs + np.arange(num_outputs)
    return pieces_of(backend, outputs[rows], how)


def scorer_of(backend: Backend) -> Callable[[np.ndarray], float]:
    """Returns what says how good a loop an output [T, D] of a model is.

    Raises:
        LofiError: a model of music of another kind.
    """
    converter = build_converter(backend.config.data.converter)
    bar = getattr(converter, "steps_per_quarter", 0) * getattr(converter, "quarters_per_bar", 4)
    if bar == STEPS_PER_BAR:
        if isinstance(converter, GrooveConverter | DrumsConverter):
            return lambda output: _beat(converter, output)
        if isinstance(converter, ProgressionConverter):
            return _chords
        if isinstance(converter, MelodyConverter) and not converter.control_depth:
            return lambda output: _line(converter, output)
    raise LofiError(
        "best_of chooses among new beats, chord progressions, and lines without chords, in bars of "
        "sixteen steps. "
        f"Received: a model of other music, {backend.config.name}"
    )


def hits_of(piece: Any, num_bars: int) -> np.ndarray:
    """Returns what is hit in a piece of drums, bool [bars, 16, 9], each on the nearest step."""
    qpm = piece.tempos[0].qpm if piece.tempos else DEFAULT_QPM
    hits = np.zeros([num_bars * STEPS_PER_BAR, CLASSES], bool)
    for note in piece.notes:
        step = round(note.start_time * qpm / 15)
        if 0 <= step < len(hits):
            hits[step, _CLASS[note.pitch]] = True
    return hits.reshape(num_bars, STEPS_PER_BAR, CLASSES)


def _beat(converter: Converter, output: np.ndarray) -> float:
    hits = hits_of(converter.from_outputs(output), max(1, len(output) // STEPS_PER_BAR))
    return max(beat_score(hits, energy) for energy in ENERGIES)


def _chords(output: np.ndarray) -> float:
    strikes = strikes_of(output.argmax(-1))
    return max(progression_score(strikes, mode, len(output)) for mode in TONICS)


def _line(converter: Converter, output: np.ndarray) -> float:
    piece = converter.from_outputs(output)
    notes = sorted((note.start_time, note.end_time, note.pitch) for note in piece.notes)
    if len(notes) < LEAST_NOTES:
        return -np.inf
    starts, ends, pitches = np.array(notes).T
    starts, ends = (np.rint(times * DEFAULT_QPM / 15) for times in (starts, ends))
    a_bar = len(notes) * STEPS_PER_BAR / len(output)
    away = a_bar - np.clip(a_bar, *NOTES_A_BAR)
    in_key = key_share(pitches, ends - starts)
    return line_score(starts, ends, pitches, len(output)) + 6.0 * in_key - 0.7 * abs(away)


def _seed(seed: int, draw: int) -> int:
    """Returns the seed of all outputs' draws of a number; the first is the request's."""
    if not draw:
        return seed
    return int(np.random.SeedSequence([seed, draw]).generate_state(1, np.uint32)[0]) >> 1
