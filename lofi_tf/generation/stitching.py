"""Music longer than a model's window: windows chained so that their joints are plausible.

All windows are neighbours of one theme, so that the music stays what it is. Of several candidates
for the next window the one is taken whose joint the model itself finds most plausible: the music
that lies half in the window before and half in the candidate is encoded and decoded again, and
what comes back is compared with what went in. A model has learned windows of whole music, and so
gives back badly what does not belong together.
"""

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lofi_tf.backends.base import Backend
from lofi_tf.data.converters.base import Converter
from lofi_tf.generation.chunks import ModelInputs, taken
from lofi_tf.generation.decoding import (
    GenerationConfig,
    NoteSequence,
    by_row,
    decode_arrays,
    prior,
    window_seeds,
    windows_of,
)
from lofi_tf.generation.latent_perturbation import CHAIN_AMOUNT, neighbours
from lofi_tf.generation.layout import Layout, bar_seconds, joined_at
from lofi_tf.generation.slices import crop
from lofi_tf.music.quantize import Grid

CANDIDATES = 8
_FIRST_DRAW = 16  # numbers of draws before it belong to other modes
ROWS = 128  # decoded at once
CHAINS = ROWS // CANDIDATES


class Chain(NamedTuple):
    """A piece of several windows.

    Attributes:
        theme: the latent that all windows are near, [Z].
        seed: of the request.
        output: its number, which its random numbers go by.
        before: a window of music that the first one follows; without it the first window is the
            theme itself.
    """

    theme: np.ndarray
    seed: int
    output: int
    before: NoteSequence | None = None


def chained(
    backend: Backend,
    chains: Sequence[Chain],
    layout: Layout,
    how: GenerationConfig,
    amount: float = CHAIN_AMOUNT,
    controls: np.ndarray | None = None,
) -> list[NoteSequence]:
    """Returns the windows of a layout for each chain, each chosen to follow the one before.

    Args:
        backend: the model.
        chains: the pieces; what comes before them is at the tempo of `how`.
        layout: how many windows and bars.
        how: with tempo and metre.
        amount: how far each window goes from the theme, as in `neighbours`.
        controls: [W, T, C], of each window, where the model takes them.
    """
    how = dataclasses.replace(how, max_batch_size=max(how.max_batch_size, ROWS))
    places = [(start, *layout.kept(number)) for number, start in enumerate(layout.starts)]
    pieces = []
    for first in range(0, len(chains), CHAINS):
        some = chains[first : first + CHAINS]
        windows = _windows(backend, some, len(places), how, amount, controls)
        pieces += [
            joined_at(each, places, layout.num_bars, how, backend.converter) for each in windows
        ]
    return pieces


def _windows(
    backend: Backend,
    chains: Sequence[Chain],
    num_windows: int,
    how: GenerationConfig,
    amount: float,
    controls: np.ndarray | None,
) -> list[list[NoteSequence]]:
    """Returns the windows of each chain."""
    found: list[list[NoteSequence]] = [[] for _ in chains]
    last = [chain.before for chain in chains]
    for window in range(num_windows):
        given = None if controls is None else controls[window]
        if None in last:
            seeds = np.concatenate([window_seeds(c.seed, c.output, 1) for c in chains])
            themes = np.stack([chain.theme for chain in chains])
            last = windows_of(backend, themes, how, by_row(given, len(chains)), seeds)
        else:
            last = _next(backend, chains, last, window, how, amount, given)
        for windows, one in zip(found, last, strict=True):
            windows.append(one)
    return found


def _next(
    backend: Backend,
    chains: Sequence[Chain],
    last: Sequence[NoteSequence],
    window: int,
    how: GenerationConfig,
    amount: float,
    controls: np.ndarray | None,
) -> list[NoteSequence]:
    """Returns of several candidates that whose joint the model gives back best, for each chain."""
    seeds = np.concatenate(
        [
            window_seeds(chain.seed, chain.output, window + 1, _FIRST_DRAW + number)[-1:]
            for chain in chains
            for number in range(CANDIDATES)
        ]
    )
    themes = np.repeat([chain.theme for chain in chains], CANDIDATES, axis=0)
    z = neighbours(themes, prior(seeds, themes.shape[1]), amount)
    heard = windows_of(backend, z, how, by_row(controls, len(z)), seeds)
    pairs = [(last[number // CANDIDATES], one) for number, one in enumerate(heard)]
    errors = joint_errors(backend, pairs, how, backend.converter).reshape(-1, CANDIDATES)
    best = np.argmin(errors, axis=1) + CANDIDATES * np.arange(len(chains))
    return [heard[number] for number in best]


def joint_errors(
    backend: Backend,
    pairs: Sequence[tuple[NoteSequence, NoteSequence]],
    how: GenerationConfig,
    converter: Converter,
) -> np.ndarray:
    """Returns how much worse the model gives back each joint than the windows beside it, [N].

    It is the joint's error less half the later window's own (the other half, that of the window
    before, is the same for all that may follow it): busy windows come back worse than sparse ones,
    and to take the least error alone would empty the music. Infinite where the model takes nothing
    of a joint.

    Args:
        backend: the model.
        pairs: a window, and one that may follow it.
        how: with tempo and metre.
        converter: the model's.
    """
    size = converter.window_bars(backend.num_steps)
    length = size * bar_seconds(converter, how.qpm)
    grid = Grid(how.qpm, converter.steps_per_quarter)
    places, crops = [(0, 0, size), (size, 0, size)], []
    for pair in pairs:
        both = joined_at(list(pair), places, 2 * size, how, converter)
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
    still = dataclasses.replace(how, temperature=0.0, expression_temperature=None)
    seeds = np.zeros(len(excerpt.inputs), np.int64)
    again = decode_arrays(backend, excerpt.means(backend), still, excerpt.controls, seeds)
    return np.mean((again - excerpt.targets) ** 2, axis=(1, 2))
