"""Of several draws for each output the one that makes the best loop."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from lofi_tf.backends.base import Backend
from lofi_tf.data.converters.progression_tracks import ChordEvent
from lofi_tf.errors import LofiError, check_range
from lofi_tf.generation.decoding import HOW, GenerationConfig
from lofi_tf.generation.sampling import sample
from lofi_tf.generation.scoring import (
    BLOCK_STEPS,
    CLASSES,
    STRONG,
    TONICS,
    beat_score,
    chord_classes,
    key_share,
    line_score,
    progression_score,
)
from lofi_tf.music.chord_qualities import chord_of_figure
from lofi_tf.music.chords import triad_of
from lofi_tf.music.drum_classes import REDUCED, class_table
from lofi_tf.music.quantize import STEPS_PER_BAR, first_qpm
from lofi_tf.music.splits import Segment, part_of

ENERGIES = (0.25, 0.5, 0.75)  # a beat counts by the one it suits best
NOTES_A_BAR = (2.0, 6.0)  # fewest and most that count nothing against a line
LEAST_NOTES = 3
_CLASS = class_table(REDUCED, nearest=True)

Score = Callable[[Any, int], float]  # of a piece of so many bars; higher is better


def sample_best(
    backend: Backend, num_outputs: int, best_of: int, how: GenerationConfig = HOW, **given: Any
) -> list[Any]:
    """Returns new pieces, each the best of several draws; the first of them is `sample`'s.

    Beats are judged by `scoring.beat_score`, chords by `scoring.progression_score`, lines by
    `scoring.line_score`, how well they keep to a key, and how they sit on their chords.

    Args:
        backend: a model of drums, of chord progressions or of single lines, in bars of sixteen
            steps.
        num_outputs: pieces.
        best_of: draws for each.
        how: temperature, seed, tempo.
        given: what else `sample` takes: chords, a length.

    Raises:
        LofiError: a model of something else, or `best_of` below 1.

    Example:
        >>> len(generation.sample_best(backend, 2, best_of=4))
        2
    """
    check_range("best_of", best_of, 1)
    score = scorer_of(backend)
    converter = backend.converter
    bars = given.get("length_bars") or converter.window_bars(backend.num_steps)
    found, best = [None] * num_outputs, np.full(num_outputs, -np.inf)
    for draw in range(best_of):
        again = dataclasses.replace(how, seed=_seed(how.seed, draw))
        for number, piece in enumerate(sample(backend, num_outputs, again, **given)):
            value = score(piece, bars)
            if found[number] is None or value > best[number]:
                found[number], best[number] = piece, value
    return found


def scorer_of(backend: Backend) -> Score:
    """Returns what says how good a loop a piece of a model is.

    Raises:
        LofiError: a model of music of another kind.
    """
    converter = backend.converter
    scores = {"beat": beat_of_piece, "chords": chords_of_piece, "line": line_of_piece}
    score = scores.get(converter.loop)
    if score is None or converter.steps_per_bar != STEPS_PER_BAR:
        raise LofiError(
            "best_of chooses among new beats, chord progressions and lines, in bars of sixteen "
            f"steps. Received: a model of other music, {backend.config.name}"
        )
    return score


def hits_of(piece: Any, num_bars: int) -> np.ndarray:
    """Returns what is hit in a piece of drums, bool [bars, 16, 9], each on the nearest step."""
    part, hits = part_of(piece), np.zeros([num_bars * STEPS_PER_BAR, CLASSES], bool)
    steps = _steps(part, part.notes.starts)
    inside = (steps >= 0) & (steps < len(hits))
    hits[steps[inside], _CLASS[part.notes.pitches[inside]]] = True
    return hits.reshape(num_bars, STEPS_PER_BAR, CLASSES)


def beat_of_piece(piece: Any, num_bars: int) -> float:
    """Says how good a beat a piece is, in the energy that it suits best."""
    hits = hits_of(piece, num_bars)
    return max(beat_score(hits, energy) for energy in ENERGIES)


def chords_of_piece(piece: Any, num_bars: int) -> float:
    """Says how good loops the chords of a piece make, four bars each, in the better mode."""
    chords = [(step, chord_of_figure(figure)) for step, figure in _figures(part_of(piece))]
    if not chords:
        return -np.inf
    ends = [*(step for step, _ in chords[1:]), num_bars * STEPS_PER_BAR]
    strikes = [
        ChordEvent(step, end, chord)
        for (step, chord), end in zip(chords, ends, strict=True)
        if chord is not None and end > step
    ]
    scores = []
    for first in range(0, num_bars * STEPS_PER_BAR, BLOCK_STEPS):
        size = min(BLOCK_STEPS, num_bars * STEPS_PER_BAR - first)
        block = [
            ChordEvent(s.start - first, min(s.end - first, size), s.chord)
            for s in strikes
            if first <= s.start < first + size
        ]
        scores.append([progression_score(block, mode, size) for mode in TONICS])
    return float(np.mean(scores, axis=0).max())


def line_of_piece(piece: Any, num_bars: int) -> float:
    """Says how good a line a piece is, over its chords where it has any."""
    part = part_of(piece)
    notes = part.notes.take(np.argsort(part.notes.starts, kind="stable"))
    if len(notes) < LEAST_NOTES:
        return -np.inf
    starts, ends, pitches = _steps(part, notes.starts), _steps(part, notes.ends), notes.pitches
    a_bar = len(notes) / num_bars
    away = abs(a_bar - np.clip(a_bar, *NOTES_A_BAR))
    score = line_score(starts, ends, pitches, num_bars * STEPS_PER_BAR) - 0.7 * away
    figures = _figures(part)
    if not figures:
        return score + 6.0 * key_share(pitches, np.maximum(ends - starts, 1))
    held = (starts % STRONG == 0) | (ends - starts >= STRONG)
    fits = [_fits(figures, step, pitch) for step, pitch in zip(starts, pitches, strict=True)]
    return score + 6.0 * (np.mean(np.array(fits)[held]) if held.any() else np.mean(fits))


def _fits(figures: list[tuple[int, str]], step: int, pitch: int) -> bool:
    """Says whether a pitch is of the chord in force at a step; where none is known, any is."""
    before = [figure for start, figure in figures if start <= step]
    chord = chord_of_figure(before[-1]) if before and triad_of(before[-1]) else None
    return chord is None or pitch % 12 in chord_classes(chord)


def _figures(part: Segment) -> list[tuple[int, str]]:
    """Returns the chord symbols of a piece, each with the step that it is written at."""
    steps = _steps(part, np.array([chord.time for chord in part.chords]))
    return sorted(zip(steps.tolist(), (chord.text for chord in part.chords), strict=True))


def _steps(part: Segment, seconds: np.ndarray) -> np.ndarray:
    """Returns the nearest sixteenths, int64."""
    qpm = first_qpm(part)
    return np.rint(seconds * qpm / 15).astype(np.int64)


def _seed(seed: int, draw: int) -> int:
    """Returns the seed of all outputs' draws of a number; the first is the request's."""
    if not draw:
        return seed
    return int(np.random.SeedSequence([seed, draw]).generate_state(1, np.uint32)[0]) >> 1
