"""Of several draws for each output one that makes a good loop."""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from lofi_tf.backends.base import Backend
from lofi_tf.data.converters.progression_tracks import ChordEvent
from lofi_tf.errors import LofiError, check_range
from lofi_tf.generation.decoding import HOW, GenerationConfig, prior, row_seeds, windows_of
from lofi_tf.generation.judge import judge_of
from lofi_tf.generation.loops import finished
from lofi_tf.generation.sampling import drawn
from lofi_tf.generation.scoring import (
    BLOCK_STEPS,
    STRONG,
    chord_classes,
    key_share,
    line_score,
    progression_score,
)
from lofi_tf.music.beats import beats_of
from lofi_tf.music.chord_qualities import TONICS, chord_of_figure
from lofi_tf.music.chords import triad_of
from lofi_tf.music.quantize import STEPS_PER_BAR, first_qpm
from lofi_tf.music.splits import Segment, part_of
from lofi_tf.progress import tracked

NOTES_A_BAR = (2.0, 6.0)  # fewest and most that count nothing against a line
LEAST_NOTES = 3
ROWS = 128  # pieces drawn at once

Scores = Callable[[Sequence[Any], int], np.ndarray]  # of pieces of so many bars; higher is better
Draws = tuple[np.ndarray, np.ndarray, list[Any]]  # numbers of outputs and of their draws, pieces


def sample_best(
    backend: Backend,
    num_outputs: int,
    best_of: int,
    how: GenerationConfig = HOW,
    show_progress: bool = False,
    **given: Any,
) -> list[Any]:
    """Returns new pieces, each chosen among several draws; the first of them is `sample`'s.

    Of beats one is drawn by how much more often drummers play it than the model does (`judge`).
    Of chords the best by `scoring.progression_score` is taken, of lines that by
    `scoring.line_score`, how well they keep to a key, and how they sit on their chords.

    Args:
        backend: a model of drums, of chord progressions or of single lines, in bars of sixteen
            steps.
        num_outputs: pieces.
        best_of: draws for each.
        how: temperature, seed, tempo.
        show_progress: whether to show how many draws there are.
        given: what else `sample` takes: chords, a length.

    Raises:
        LofiError: a model of something else, or `best_of` below 1.

    Example:
        >>> len(generation.sample_best(backend, 2, best_of=4))
        2
    """
    check_range("num_outputs", num_outputs, 1)
    check_range("best_of", best_of, 1)
    scores = scores_of(backend, how)
    converter = backend.converter
    bars = given.get("length_bars") or converter.window_bars(backend.num_steps)
    found, best = [None] * num_outputs, np.full(num_outputs, -np.inf)
    how = dataclasses.replace(how, max_batch_size=max(how.max_batch_size, ROWS))
    asked = {name: value for name, value in given.items() if value is not None}
    draw, size = (_long_draws, num_outputs) if asked else (_draws, ROWS)
    batches, total = draw(backend, num_outputs, best_of, how, asked), num_outputs * best_of
    for outputs, numbers, pieces in tracked(
        batches, total, " draws", "drawing", show_progress, size
    ):
        values = scores(pieces, bars)
        if converter.loop == "beat":
            values = values + _luck(how.seed, outputs, numbers)
        for output, value, piece in zip(outputs, values, pieces, strict=True):
            if found[output] is None or value > best[output]:
                found[output], best[output] = piece, value
    return [finished(piece) for piece in found]


def scores_of(backend: Backend, how: GenerationConfig) -> Scores:
    """Returns what says how good loops pieces of a model are.

    Raises:
        LofiError: a model of music of another kind.
    """
    converter = backend.converter
    if converter.steps_per_bar == STEPS_PER_BAR:
        if converter.loop == "beat":
            judge = judge_of(backend)
            return lambda pieces, bars: judge.log_ratios(beats_of(pieces, bars), how.temperature)
        one = {"chords": chords_of_piece, "line": line_of_piece}.get(converter.loop)
        if one is not None:
            return lambda pieces, bars: np.array([one(piece, bars) for piece in pieces])
    raise LofiError(
        "best_of chooses among new beats, chord progressions and lines, in bars of sixteen "
        f"steps. Received: a model of other music, {backend.config.name}"
    )


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


def _draws(
    backend: Backend, num_outputs: int, best_of: int, how: GenerationConfig, given: dict[str, Any]
) -> Iterator[Draws]:
    """Yields pieces of the model's length, output after output, many at once."""
    seeds = [row_seeds(_seed(how.seed, draw), num_outputs) for draw in range(best_of)]
    rows = np.stack(seeds, axis=1).reshape(-1)  # of each output its draws
    for first in range(0, len(rows), ROWS):
        part = rows[first : first + ROWS]
        z = prior(part, backend.config.model.z_size)
        numbers = np.arange(first, first + len(part))
        yield *np.divmod(numbers, best_of), windows_of(backend, z, how, seeds=part)


def _long_draws(
    backend: Backend, num_outputs: int, best_of: int, how: GenerationConfig, given: dict[str, Any]
) -> Iterator[Draws]:
    """Yields pieces with chords, controls or a length of their own, draw after draw."""
    outputs = np.arange(num_outputs)
    for draw in range(best_of):
        again = dataclasses.replace(how, seed=_seed(how.seed, draw))
        pieces = drawn(backend, num_outputs, again, **given)
        yield outputs, np.full(num_outputs, draw), pieces


def _luck(seed: int, outputs: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """Returns draws of a Gumbel distribution, one a piece.

    The largest of logarithms of weights, each with one of these added, falls on each piece with a
    chance in proportion to its weight (Gumbel and Lieblein 1954), however many pieces follow.
    """
    pairs = zip(outputs.tolist(), draws.tolist(), strict=True)
    return np.array([np.random.default_rng([seed, *pair]).gumbel() for pair in pairs])


def _seed(seed: int, draw: int) -> int:
    """Returns the seed of all outputs' draws of a number; the first is the request's."""
    if not draw:
        return seed
    return int(np.random.SeedSequence([seed, draw]).generate_state(1, np.uint32)[0]) >> 1
