"""Beats longer than a model's window: some bars at a time, each given the bars before them.

A window begins with what the last one ends with; the model draws the rest, and knows which bar of
a phrase it is at.
"""

import numpy as np

from lofi_tf.backends.base import Backend
from lofi_tf.generation.decoding import (
    GenerationConfig,
    NoteSequence,
    by_row,
    filled_arrays,
    knows_expression,
    pieces_of,
    window_seeds,
)
from lofi_tf.generation.layout import bar_seconds
from lofi_tf.music.time_changes import DEFAULT_QPM


def can_go_on(backend: Backend) -> bool:
    """Says whether a model can be given bars: its head fills cells, and it needs no other music."""
    converter = backend.converter
    alone = (
        "controls" not in converter.model_spec or converter.own_controls(1, DEFAULT_QPM) is not None
    )
    return knows_expression(backend.config) and alone


def going_on(
    backend: Backend,
    z: np.ndarray,
    how: GenerationConfig,
    num_bars: int,
    before: np.ndarray | None = None,
    first_bar: int = 0,
) -> list[NoteSequence]:
    """Returns beats of so many bars, one for each latent; takes what `gone_on` takes."""
    pieces = pieces_of(backend, gone_on(backend, z, how, num_bars, before, first_bar), how)
    for piece in pieces:
        piece.total_time = num_bars * bar_seconds(backend.converter, how.qpm or DEFAULT_QPM)
    return pieces


def gone_on(
    backend: Backend,
    z: np.ndarray,
    how: GenerationConfig,
    num_bars: int,
    before: np.ndarray | None = None,
    first_bar: int = 0,
) -> np.ndarray:
    """Returns outputs [N, num_bars * steps a bar, D], one for each latent.

    Args:
        backend: a model that `can_go_on`.
        z: latents, [N, Z], each for the whole of an output.
        how: with tempo.
        num_bars: of each output.
        before: a window that they follow, [T, D]; without it each begins as the model's own window
            of its seed does.
        first_bar: of the outputs, counted in the piece that they go on with.
    """
    converter, size = backend.converter, backend.num_steps
    bar = size // converter.window_bars(size)
    half, steps = max(size // 2 // bar, 1) * bar, num_bars * bar
    known = np.zeros([len(z), 0, converter.depth], np.float32)
    if before is not None:
        known = np.repeat(np.asarray(before, np.float32)[None, -half:], len(z), axis=0)
    begun = known.shape[1]
    most = 2 + steps // (size - half)  # windows, the one before and the last included
    seeds = np.stack([window_seeds(how.seed, row, most) for row in range(len(z))], axis=1)
    for window in seeds if before is None else seeds[1:]:
        if (done := known.shape[1]) >= begun + steps:
            break
        overlap = min(done, half)
        given, kept = np.zeros([2, len(z), size, converter.depth], np.float32)
        given[:, :overlap] = known[:, done - overlap :]
        kept[:, :overlap] = 1.0
        at = first_bar + (done - overlap - begun) // bar
        controls = converter.own_controls(size, how.qpm or DEFAULT_QPM, at)
        controls = by_row(converter.conditioned(controls, how.style, how.density), len(z))
        outputs, _ = filled_arrays(backend, z, given, kept, how, window, controls)
        known = np.concatenate([known, outputs[:, overlap:]], axis=1)
    return known[:, begun : begun + steps]
