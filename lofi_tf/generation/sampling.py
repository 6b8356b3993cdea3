"""New music from the prior, and pieces played again through the latent."""

import numpy as np

from lofi_tf.backends import Backend
from lofi_tf.data.converter import build_converter
from lofi_tf.errors import LofiError
from lofi_tf.generation.drawing import (
    HOW,
    How,
    NoteSequence,
    decode,
    decode_arrays,
    pieces_of,
    prior,
    row_seeds,
    window_seeds,
)
from lofi_tf.generation.windows import Passage, joined, passage_of


def sample(
    backend: Backend,
    num_outputs: int,
    how: How = HOW,
    controls: np.ndarray | None = None,
    hits: NoteSequence | None = None,
) -> list[NoteSequence]:
    """Returns new pieces, their latents drawn from the prior.

    Args:
        backend: the model.
        num_outputs: pieces to draw.
        how: temperature, seed, tempo.
        controls: [T, C], for all pieces, where the model takes them.
        hits: a piece that a hits-control model is to play, all of it, in one feel an output.

    Raises:
        LofiError: the model takes controls and none are given, or the reverse.
    """
    z = prior(row_seeds(how.seed, num_outputs), backend.config.model.z_size)
    if hits is None:
        return decode(backend, z, how, controls)
    converter = build_converter(backend.config.data.converter)
    if not getattr(converter, "hits_as_controls", False):
        raise LofiError(f"{backend.config.name} takes no hits: leave out the input")
    passage, how = passage_of(backend, hits), how.like(hits)
    return [
        played(backend, passage, np.repeat(row[None], len(passage.rows), 0), how, output)
        for output, row in enumerate(z)
    ]


def reconstruct(
    backend: Backend,
    piece: NoteSequence,
    num_outputs: int = 1,
    how: How = HOW,
) -> list[NoteSequence]:
    """Returns a piece as the model plays it, as long as it is.

    Each window is encoded, the posterior's mean decoded. See `passage_of` for the windows.

    Args:
        backend: the model.
        piece: music.
        num_outputs: outputs; they differ where `how` has a temperature above 0.
        how: temperature, seed, and a tempo other than the piece's.

    Raises:
        NotConvertible: the model takes nothing of the piece, and which rule says so.
    """
    passage, how = passage_of(backend, piece), how.like(piece)
    z = passage.excerpt.means(backend)
    return [played(backend, passage, z, how, output) for output in range(num_outputs)]


def played(
    backend: Backend, passage: Passage, z: np.ndarray, how: How, output: int = 0
) -> NoteSequence:
    """Returns the music of a latent for each row of a passage, in the passage's places.

    Args:
        backend: the model.
        passage: where the windows lie; its controls are used.
        z: [N, Z].
        how: with tempo and metre.
        output: its number, which its random numbers go by.
    """
    outputs = rows_played(backend, passage, z, how, output)
    controls = passage.excerpt.controls
    windows = pieces_of(backend, outputs, how, controls)
    return joined(windows, passage, how, build_converter(backend.config.data.converter))


def rows_played(
    backend: Backend, passage: Passage, z: np.ndarray, how: How, output: int = 0
) -> np.ndarray:
    """Returns the outputs [N, T, D] of a latent for each row of a passage; see `played`."""
    seeds = window_seeds(how.seed, output, len(passage.layout.starts))[list(passage.rows)]
    return decode_arrays(backend, z, how, passage.excerpt.controls, seeds)
