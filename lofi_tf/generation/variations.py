"""Variations of a piece: at random, or along attributes such as density."""

from collections.abc import Mapping

import numpy as np

from lofi_tf.backends.base import Backend
from lofi_tf.errors import LofiError
from lofi_tf.generation.chunks import passage_of
from lofi_tf.generation.decode_windows import played
from lofi_tf.generation.decoding import HOW, GenerationConfig, NoteSequence, prior, window_seeds
from lofi_tf.generation.latent_perturbation import AMOUNT, neighbours

_VARIATION = 1  # draw of the latents; the outputs' own draws have number 0


def vary(
    backend: Backend,
    piece: NoteSequence,
    num_outputs: int = 1,
    how: GenerationConfig = HOW,
    amount: float | None = None,
    attributes: Mapping[str, float] | None = None,
    vectors: Mapping[str, np.ndarray] | None = None,
    chords: str | None = None,
) -> list[NoteSequence]:
    """Returns neighbours of a piece, as long as it is.

    All windows of an output move the same way.

    Arguments and errors are those of `lofi_tf.SequenceModel.vary`.

    Example:
        >>> len(generation.vary(backend, beat, 3, amount=0.2))
        3
    """
    shift = shift_of(attributes or {}, vectors or {})
    if amount is None:
        amount = 0.0 if attributes else AMOUNT
    passage, how = passage_of(backend, piece), how.like(piece)
    means = passage.excerpt.means(backend)
    found = []
    for output in range(num_outputs):
        seeds = window_seeds(how.seed, output, 1, _VARIATION)
        z = neighbours(means, prior(seeds, means.shape[1]), amount) + shift
        found.append(played(backend, passage, z, how, output, chords))
    return found


def shift_of(
    attributes: Mapping[str, float], vectors: Mapping[str, np.ndarray]
) -> np.ndarray | float:
    """Returns the sum of attribute vectors, each times its amount, [Z]."""
    missing = [name for name in attributes if name not in vectors]
    if missing:
        raise LofiError(
            f"no vector for the attribute {missing[0]}. Allowed: {', '.join(vectors) or 'none'} "
            "(lofi_attributes computes them)"
        )
    return sum((value * vectors[name] for name, value in attributes.items()), 0.0)
