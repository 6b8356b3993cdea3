"""The latents of a passage's windows as one piece."""

import dataclasses

import numpy as np

from lofi_tf.backends.base import Backend
from lofi_tf.generation.chunks import ChunkedSequence, join_chunks
from lofi_tf.generation.decoding import (
    GenerationConfig,
    NoteSequence,
    decode_arrays,
    pieces_of,
    window_seeds,
)
from lofi_tf.generation.progressions import chord_controls, write_chords
from lofi_tf.music.progressions import progression


def played(
    backend: Backend,
    passage: ChunkedSequence,
    z: np.ndarray,
    how: GenerationConfig,
    output: int = 0,
    chords: str | None = None,
) -> NoteSequence:
    """Returns the music of a latent for each row of a passage, in the passage's places.

    Args:
        backend: the model.
        passage: where the windows lie; its controls are used.
        z: [N, Z].
        how: with tempo and metre.
        output: its number, which its random numbers go by.
        chords: a text that `progressions.progression` reads, in place of the passage's chords.
    """
    converter = backend.converter
    changes = progression(chords, passage.layout.num_bars) if chords else None
    if changes:
        controls = chord_controls(backend, changes, passage.layout)[list(passage.rows)]
        excerpt = dataclasses.replace(passage.excerpt, controls=controls)
        passage = dataclasses.replace(passage, excerpt=excerpt)
    outputs = rows_played(backend, passage, z, how, output)
    controls = passage.excerpt.controls
    windows = pieces_of(backend, outputs, how, controls)
    piece = join_chunks(windows, passage, how, converter)
    if changes:
        write_chords(piece, changes, converter)
    return piece


def rows_played(
    backend: Backend,
    passage: ChunkedSequence,
    z: np.ndarray,
    how: GenerationConfig,
    output: int = 0,
) -> np.ndarray:
    """Returns the outputs [N, T, D] of a latent for each row of a passage; see `played`."""
    seeds = window_seeds(how.seed, output, len(passage.layout.starts))[list(passage.rows)]
    return decode_arrays(backend, z, how, passage.excerpt.controls, seeds)
