"""Music longer than a model's window: windows chained so that their joints are plausible.

All windows are neighbours of one theme, so that the music stays what it is. Of several candidates
for the next window the one is taken whose joint the model itself finds most plausible: the music
that lies half in the window before and half in the candidate is encoded and decoded again, and
what comes back is compared with what went in. A model has learned windows of whole music, and so
gives back badly what does not belong together.
"""

import dataclasses

import numpy as np

from lofi_tf.backends.base import Backend
from lofi_tf.data.converters.base import Converter
from lofi_tf.generation.chunks import ModelInputs, taken
from lofi_tf.generation.decoding import (
    GenerationConfig,
    NoteSequence,
    by_row,
    decode,
    decode_arrays,
    prior,
    window_seeds,
)
from lofi_tf.generation.latent_perturbation import CHAIN_AMOUNT, neighbours
from lofi_tf.generation.layout import Layout, bar_seconds, joined_at
from lofi_tf.generation.slices import crop
from lofi_tf.music.quantize import Grid

CANDIDATES = 8
_FIRST_DRAW = 16  # numbers of draws before it belong to other modes


def chained(
    backend: Backend,
    theme: np.ndarray,
    before: NoteSequence | None,
    layout: Layout,
    how: GenerationConfig,
    output: int,
    amount: float = CHAIN_AMOUNT,
    controls: np.ndarray | None = None,
) -> NoteSequence:
    """Returns the windows of a layout, each chosen to follow the one before.

    Args:
        backend: the model.
        theme: the latent that all windows are near, [Z].
        before: a window of music at the tempo of `how` that the first one follows; without it the
            first window is the theme itself.
        layout: how many windows and bars.
        how: with tempo and metre.
        output: its number, which its random numbers go by.
        amount: how far each window goes from the theme, as in `neighbours`.
        controls: [W, T, C], of each window, where the model takes them.
    """
    converter = backend.converter
    windows = []
    for window in range(len(layout.starts)):
        given = None if controls is None else controls[window]
        if before is None:
            seeds = window_seeds(how.seed, output, 1)
            (before,) = decode(backend, theme[None], how, given, seeds)
        else:
            heard = _candidates(backend, theme, window, how, output, amount, given)
            before = _best(backend, before, heard, how, converter)
        windows.append(before)
    places = [(start, *layout.kept(number)) for number, start in enumerate(layout.starts)]
    return joined_at(windows, places, layout.num_bars, how, converter)


def _candidates(
    backend: Backend,
    theme: np.ndarray,
    window: int,
    how: GenerationConfig,
    output: int,
    amount: float,
    controls: np.ndarray | None,
) -> list[NoteSequence]:
    """Returns what may come next."""
    seeds = np.concatenate(
        [
            window_seeds(how.seed, output, window + 1, _FIRST_DRAW + number)[-1:]
            for number in range(CANDIDATES)
        ]
    )
    z = neighbours(theme[None], prior(seeds, len(theme)), amount)
    return decode(backend, z, how, by_row(controls, len(z)), seeds)


def _best(
    backend: Backend,
    before: NoteSequence,
    candidates: list[NoteSequence],
    how: GenerationConfig,
    converter: Converter,
) -> NoteSequence:
    """Returns the candidate whose joint with the window before the model gives back best."""
    errors = joint_errors(backend, before, candidates, how, converter)
    return candidates[int(np.argmin(errors))]


def joint_errors(
    backend: Backend,
    before: NoteSequence,
    candidates: list[NoteSequence],
    how: GenerationConfig,
    converter: Converter,
) -> np.ndarray:
    """Returns how much worse the model gives back each joint than the windows beside it, [N].

    It is the joint's error less half the candidate's own (the other half, that of the window
    before, is the same for all): busy windows come back worse than sparse ones, and to take the
    least error alone would empty the music. Infinite where the model takes nothing of a joint.

    Args:
        backend: the model.
        before: a window.
        candidates: windows that may follow it.
        how: with tempo and metre.
        converter: the model's.
    """
    size = converter.window_bars(backend.num_steps)
    length = size * bar_seconds(converter, how.qpm)
    grid = Grid(how.qpm, converter.steps_per_quarter)
    places, crops = [(0, 0, size), (size, 0, size)], []
    for candidate in candidates:
        both = joined_at([before, candidate], places, 2 * size, how, converter)
        crops += [crop(both, begin, length, grid, converter) for begin in (length / 2, length)]
    errors = np.full(len(crops), np.inf)
    windows = taken(backend, crops)
    if windows.rows:
        errors[list(windows.rows)] = reconstruction_errors(backend, windows.excerpt, how)
    joints, own = errors[::2], errors[1::2]
    return joints - np.where(np.isfinite(own), own, 0.0) / 2


def reconstruction_errors(
    backend: Backend, excerpt: ModelInputs, how: GenerationConfig
) -> np.ndarray:
    """Returns the mean squared error, [N], with which a model gives back each row."""
    still = dataclasses.replace(how, temperature=0.0)
    seeds = np.zeros(len(excerpt.inputs), np.int64)
    again = decode_arrays(backend, excerpt.means(backend), still, excerpt.controls, seeds)
    return np.mean((again - excerpt.targets) ** 2, axis=(1, 2))
