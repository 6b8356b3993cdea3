"""New music from the prior, and pieces played again through the latent."""

import numpy as np

from lofi_tf.backends.base import Backend
from lofi_tf.errors import LofiError, check_range
from lofi_tf.generation.chunks import passage_of
from lofi_tf.generation.decode_windows import played
from lofi_tf.generation.decoding import (
    HOW,
    GenerationConfig,
    NoteSequence,
    prior,
    row_seeds,
    windows_of,
)
from lofi_tf.generation.going_on import can_go_on, going_on
from lofi_tf.generation.latent_perturbation import CHAIN_AMOUNT
from lofi_tf.generation.layout import Layout
from lofi_tf.generation.loops import finished
from lofi_tf.generation.progressions import chord_controls, write_chords
from lofi_tf.generation.stitching import Chain, chained
from lofi_tf.music import sequence_proto
from lofi_tf.music.progressions import progression


def sample(
    backend: Backend,
    num_outputs: int,
    how: GenerationConfig = HOW,
    controls: np.ndarray | None = None,
    hits: NoteSequence | None = None,
    chords: str | None = None,
    length_bars: int | None = None,
    amount: float = CHAIN_AMOUNT,
) -> list[NoteSequence]:
    """Returns new pieces, their latents drawn from the prior; each is a loop of whole bars.

    Arguments and errors are those of `lofi_tf.SequenceModel.sample`; besides, `controls` [T, C] of
    all pieces, where the model takes them, and `amount`, how far the windows of a longer piece go
    from its first, from 0 to 1. Longer pieces go on where the model can (`going_on`), others are
    chained (`stitching`); each begins as the short one of its seed does.

    Example:
        >>> how = generation.GenerationConfig(temperature=0.8, seed=1, qpm=90)
        >>> beats = generation.sample(backend, 2, how)
        >>> [piece.tempos[0].qpm for piece in beats]
        [90.0, 90.0]
    """
    found = drawn(backend, num_outputs, how, controls, hits, chords, length_bars, amount)
    return found if backend.converter.medium == "sound" else [finished(piece) for piece in found]


def drawn(
    backend: Backend,
    num_outputs: int,
    how: GenerationConfig,
    controls: np.ndarray | None = None,
    hits: NoteSequence | None = None,
    chords: str | None = None,
    length_bars: int | None = None,
    amount: float = CHAIN_AMOUNT,
) -> list[NoteSequence]:
    """Returns what `sample` does, notes ahead of the first beat before 0."""
    check_range("num_outputs", num_outputs, 1)
    z = prior(row_seeds(how.seed, num_outputs), backend.config.model.z_size)
    if hits is not None:
        if chords or length_bars:
            raise LofiError("hits have chords and a length of their own: leave out the others")
        return _on_hits(backend, z, how, hits)
    if controls is not None or not (chords or length_bars):
        return windows_of(backend, z, how, controls)
    layout = _layout(backend, length_bars, chords)
    how = how.like(sequence_proto.NoteSequence())
    if can_go_on(backend):
        return going_on(backend, z, how, layout.num_bars)
    changes = progression(chords, layout.num_bars) if chords else None
    controls = chord_controls(backend, changes, layout) if changes else None
    chains = [Chain(theme, how.seed, output) for output, theme in enumerate(z)]
    found = chained(backend, chains, layout, how, amount, controls)
    if changes:
        for piece in found:
            write_chords(piece, changes, backend.converter)
    return found


def reconstruct(
    backend: Backend,
    piece: NoteSequence,
    num_outputs: int = 1,
    how: GenerationConfig = HOW,
    chords: str | None = None,
) -> list[NoteSequence]:
    """Returns a piece as the model plays it, as long as it is.

    Each window is encoded, the posterior's mean decoded. See `passage_of` for the windows.

    Arguments and errors are those of `lofi_tf.SequenceModel.reconstruct`.

    Example:
        >>> (again,) = generation.reconstruct(backend, beat)
        >>> again.tempos[0].qpm == beat.tempos[0].qpm
        True
    """
    passage, how = passage_of(backend, piece), how.like(piece)
    z = passage.excerpt.means(backend)
    return [played(backend, passage, z, how, output, chords) for output in range(num_outputs)]


def _on_hits(
    backend: Backend, z: np.ndarray, how: GenerationConfig, hits: NoteSequence
) -> list[NoteSequence]:
    """Returns the hits of a piece in the feel of each latent."""
    converter = backend.converter
    if not converter.hits_as_controls:
        raise LofiError(f"{backend.config.name} takes no hits: leave out the input")
    passage, how = passage_of(backend, hits), how.like(hits)
    return [
        played(backend, passage, np.repeat(row[None], len(passage.rows), 0), how, output)
        for output, row in enumerate(z)
    ]


def _layout(backend: Backend, length_bars: int | None, chords: str | None) -> Layout:
    """Returns the windows of a new piece; some kinds have a bar or more for each chord."""
    converter = backend.converter
    size = converter.window_bars(backend.num_steps)
    length = length_bars or size
    if not length_bars and chords and converter.bar_a_chord:
        length = max(size, len(progression(chords, size)))
    return Layout.onwards(length, size)
