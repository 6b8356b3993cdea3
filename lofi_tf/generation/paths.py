"""Ways and surfaces between pieces, on the spheres that latents lie on."""

import numpy as np

from lofi_tf.backends.base import Backend
from lofi_tf.errors import LofiError
from lofi_tf.generation.chunks import ModelInputs, excerpts_of
from lofi_tf.generation.decoding import HOW, GenerationConfig, NoteSequence, decode, row_seeds
from lofi_tf.generation.slerp import slerp


def interpolate(
    backend: Backend,
    start: ModelInputs | NoteSequence,
    end: ModelInputs | NoteSequence,
    num_steps: int,
    how: GenerationConfig = HOW,
) -> list[NoteSequence]:
    """Returns pieces on the way from one to another, both included.

    The way is the great circle between the posteriors' means (White 2016, "Sampling Generative
    Networks"). Where the model takes controls, the start's are used throughout, as is its tempo.

    Arguments and errors are those of `lofi_tf.SequenceModel.interpolate`; an end may be
    `ModelInputs`, whose first row counts.

    Example:
        >>> len(generation.interpolate(backend, beat, beat, 3))
        3
    """
    (one, other), how = _excerpts(backend, (start, end), how)
    means = [excerpt.means(backend)[0] for excerpt in (one, other)]
    z = slerp(*means, np.linspace(0.0, 1.0, num_steps))
    controls = None if one.controls is None else one.controls[0]
    return decode(backend, z, how, controls, np.repeat(row_seeds(how.seed, 1), num_steps))


def grid(
    backend: Backend,
    corners: tuple[ModelInputs | NoteSequence, ...],
    side: int,
    how: GenerationConfig = HOW,
) -> list[list[NoteSequence]]:
    """Returns the pieces of a square between four, row by row.

    The left and right edges are great circles from the upper to the lower corners; each row is
    the great circle between its points on them.

    Arguments and errors are those of `lofi_tf.SequenceModel.grid`; tempo and controls are the
    first corner's.

    Example:
        >>> rows = generation.grid(backend, (beat, beat, beat, beat), 2)
        >>> [len(row) for row in rows]
        [2, 2]
    """
    if len(corners) != 4 or side < 2:
        raise LofiError(
            "a grid needs four corners and a side of 2 or more. "
            f"Received: {len(corners)} and {side}"
        )
    excerpts, how = _excerpts(backend, corners, how)
    z = surface(np.stack([excerpt.means(backend)[0] for excerpt in excerpts]), side)
    controls = None if excerpts[0].controls is None else excerpts[0].controls[0]
    seeds = np.repeat(row_seeds(how.seed, 1), side * side)
    pieces = decode(backend, z.reshape(side * side, -1), how, controls, seeds)
    return [pieces[row * side : (row + 1) * side] for row in range(side)]


def surface(corners: np.ndarray, side: int) -> np.ndarray:
    """Returns the points [side, side, Z] between four corners [4, Z], as `grid` lays them."""
    shares = np.linspace(0.0, 1.0, side)
    left, right = (slerp(corners[n], corners[n + 2], shares) for n in (0, 1))
    return np.stack([slerp(*ends, shares) for ends in zip(left, right, strict=True)])


def _excerpts(
    backend: Backend, given, how: GenerationConfig
) -> tuple[list[ModelInputs], GenerationConfig]:
    """Returns one excerpt of each piece, and how to draw at the first piece's tempo."""
    if not isinstance(given[0], ModelInputs):
        how = how.like(given[0])
    return [_one(backend, e, number) for number, e in enumerate(given, 1)], how


def _one(backend: Backend, given: ModelInputs | NoteSequence, number: int) -> ModelInputs:
    if isinstance(given, ModelInputs):
        return given
    found = excerpts_of(backend, given)
    if len(found.inputs) != 1:
        raise LofiError(
            f"input {number} must hold exactly one example of the model's length. "
            f"Received: {len(found.inputs)}"
        )
    return found
