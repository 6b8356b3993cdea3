"""Music in which some bars or drums are drawn anew, to fit all that stays.

A window's latent is drawn so that what stays is likely: of several, half of them from the posterior
of the music without what is drawn anew and half from the prior, each decoded with what stays given,
one is taken by its weight p(z) p(what stays | z, what was drawn before it) / q(z), which is
importance sampling (what is drawn costs nothing: it is drawn from the model). So bars that follow
count as those before do.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from lofi_tf.backends.base import Backend
from lofi_tf.config import Config, config_names, load_config
from lofi_tf.data.converters.build import build_converter
from lofi_tf.data.converters.grid import GridConverter
from lofi_tf.errors import LofiError, NoSuchFunction
from lofi_tf.generation.chunks import Taken, taken
from lofi_tf.generation.decoding import (
    HOW,
    GenerationConfig,
    filled_arrays,
    pieces_of,
    prior,
    window_seeds,
)
from lofi_tf.generation.exchange import exchange
from lofi_tf.generation.redrawing import Redrawn, redrawn_of
from lofi_tf.music.sequence_proto import NoteSequence

CANDIDATES = 16  # latents of a window, one of which is taken
LATEST = 0.49  # of a step: a hit that is later would be read as the next step's
HEADS = ("groove", "groove_mixture", "categorical", "bernoulli", "nade")


def infill(
    backend: Backend,
    piece: NoteSequence,
    num_outputs: int = 1,
    how: GenerationConfig = HOW,
    bars: str | Sequence[int] | None = None,
    drums: str | Sequence[str] | None = None,
) -> list[NoteSequence]:
    """Returns a piece with some bars or drums drawn anew, all other notes as they are.

    Arguments and errors are those of `lofi_tf.SequenceModel.infill`.

    Example:
        >>> (other,) = generation.infill(backend, beat, bars="3-4")
        >>> [note for note in other.notes if note.start_time < 3.9] == list(beat.notes[:4])
        True
    """
    check_infills(backend.config)
    what = redrawn_of(backend, piece, bars, drums)
    if how.qpm is not None and abs(how.qpm - what.grid.qpm) > 0.01:
        raise LofiError(
            f"infill keeps the music's tempo, {what.grid.qpm:.2f} qpm: leave out qpm. "
            f"Received: {how.qpm:g}"
        )
    how = dataclasses.replace(how.like(piece), qpm=what.grid.qpm)
    pieces = [NoteSequence.FromString(piece.SerializeToString()) for _ in range(num_outputs)]
    for number, (start, now, free) in enumerate(what.windows()):
        rests = [what.without(one, free) for one in pieces]
        windows = _drawn(backend, what, pieces, rests, start, free, how, number)
        for one, rest, window in zip(pieces, rests, windows, strict=True):
            exchange(one, what, rest, window, start, now)
    return pieces


def check_infills(config: Config) -> None:
    """Refuses a model that cannot be given some of its music, and names those that can."""
    if can_infill(config):
        return
    names = [name for name in config_names() if can_infill(load_config(name))]
    raise LofiError(
        f"{config.name} cannot be given some music and draw the rest. Configs that can: "
        f"{', '.join(names)}"
    )


def can_infill(config: Config) -> bool:
    """Says whether models of a config draw some bars and keep others."""
    if config.model.kind != "vae" or config.model.decoder["kind"] != "lstm":
        return False
    converter = build_converter(config.data.converter)
    plain = converter.loop is not None and not converter.modes and converter.rows_a_step == 1
    return plain and config.model.head["kind"] in HEADS


@dataclasses.dataclass(frozen=True)
class _Given:
    """What a model is given of N windows.

    Attributes:
        read: which windows the encoder can take, bool [N].
        inputs: [N, T, D], without what is drawn anew.
        lengths: int32 [N].
        outputs: what the decoder is given, [N, T, D], of which what is kept counts.
        controls: [N, T, C], or None.
    """

    read: np.ndarray
    inputs: np.ndarray
    lengths: np.ndarray
    outputs: np.ndarray
    controls: np.ndarray | None


def _drawn(
    backend: Backend,
    what: Redrawn,
    pieces: list[NoteSequence],
    rests: list[NoteSequence],
    start: int,
    free: frozenset[int],
    how: GenerationConfig,
    number: int,
) -> list[NoteSequence]:
    """Returns a window of each piece, in which the bars that are free are drawn.

    Args:
        backend: the model.
        what: is drawn anew.
        pieces: as they are.
        rests: without what is drawn anew.
        start: first bar of the window.
        free: bars that are not drawn yet.
        how: with tempo and metre.
        number: of the window, which its random numbers go by.
    """
    crops = [[what.window(piece, start) for piece in them] for them in (pieces, rests)]
    given = _given(backend, crops, start, how)
    kept = np.zeros_like(given.outputs)
    for row, rest in enumerate(rests):
        mask = what.kept(rest, start, free)
        kept[row, : len(mask)] = mask
    each = [_seeds(how.seed, output, number) for output in range(len(pieces))]
    z, weights = _latents(backend, given, each)
    seeds, rows = np.concatenate(each), [np.repeat(a, CANDIDATES, 0) for a in (given.outputs, kept)]
    controls = None if given.controls is None else np.repeat(given.controls, CANDIDATES, 0)
    outputs, nats = filled_arrays(backend, z, *rows, how, seeds, controls)
    if nats is None:
        raise NoSuchFunction(
            f"this export of {backend.config.name} fills and tells no nats: export the model again"
        )
    best = _choice(weights - nats.reshape(weights.shape), how, each)
    outputs = outputs[np.arange(len(pieces)) * CANDIDATES + best]
    if backend.converter.expressive:
        early = outputs.shape[2] // 3 * 2
        outputs[:, :, early:] = np.maximum(outputs[:, :, early:], -2 * LATEST)
    return pieces_of(backend, outputs, how, given.controls)


def _seeds(seed: int, output: int, window: int) -> np.ndarray:
    """Returns the seeds of the candidates for a window of an output, int64 [K]."""
    draws = range(CANDIDATES)
    return np.array([window_seeds(seed, output, window + 1, draw)[-1] for draw in draws])


def _given(
    backend: Backend, crops: list[list[NoteSequence]], first_bar: int, how: GenerationConfig
) -> _Given:
    """Returns what a model is given of windows: as they are, and without what is drawn anew."""
    converter, count = backend.converter, len(crops[0])
    whole, rest = (taken(backend, windows) for windows in crops)
    shape = count, backend.num_steps
    outputs = np.zeros([*shape, converter.depths["targets"]], np.float32)
    if converter.tracks[0].kind == "class":
        outputs[:, :, 0] = 1.0  # nothing happens
    inputs = np.zeros([*shape, converter.depths["inputs"]], np.float32)
    lengths = np.full(count, backend.num_steps, np.int32)
    for array, name in ((outputs, "targets"), (inputs, "inputs"), (lengths, "lengths")):
        if rest.rows:
            array[list(rest.rows)] = getattr(rest.excerpt, name)
    controls = _controls(converter, whole, shape, first_bar, how)
    read = np.isin(np.arange(count), rest.rows)
    return _Given(read, inputs, lengths, outputs, controls)


def _controls(
    converter: GridConverter,
    whole: Taken,
    shape: tuple[int, int],
    first_bar: int,
    how: GenerationConfig,
) -> np.ndarray | None:
    """Returns the controls of windows, [N, T, C]: of new music, or those of the music."""
    if not converter.control_depth:
        return converter.conditioned(None, how.style, how.density)
    controls = np.zeros([*shape, converter.control_depth], np.float32)
    own = converter.own_controls(shape[1], how.qpm, first_bar)
    controls[:] = np.eye(converter.control_depth)[0] if own is None else own  # the first: no chord
    if own is None and whole.rows:
        controls[list(whole.rows)] = whole.excerpt.controls
    return converter.conditioned(controls, how.style, how.density)


def _latents(
    backend: Backend, given: _Given, seeds: list[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Returns candidates [N * K, Z] for each of N windows, and log p(z) - log q(z), [N, K]."""
    size, count = backend.config.model.z_size, len(seeds)
    mean, stddev = np.zeros([count, 1, size]), np.ones([count, 1, size])
    if size and given.read.any():
        rows = [a[given.read] for a in (given.inputs, given.lengths)]
        controls = None if given.controls is None else given.controls[given.read]
        known = backend.encode(*rows, controls)
        mean[given.read, 0], stddev[given.read, 0] = known
    noise = np.stack([prior(one, size) for one in seeds]).astype(np.float64)  # [N, K, Z]
    z = np.where(np.arange(CANDIDATES)[:, None] % 2, noise, mean + stddev * noise)
    by_prior = _log_normal(z, 0.0, 1.0)
    by_both = np.logaddexp(by_prior, _log_normal(z, mean, stddev)) - np.log(2.0)
    return z.reshape(-1, size), by_prior - by_both


def _log_normal(z: np.ndarray, mean: Any, stddev: Any) -> np.ndarray:
    """Returns log densities [N, K] of latents [N, K, Z], but for a constant."""
    return np.sum(-0.5 * ((z - mean) / stddev) ** 2 - np.log(stddev), axis=-1)


def _choice(weights: np.ndarray, how: GenerationConfig, seeds: list[np.ndarray]) -> np.ndarray:
    """Returns a candidate of each row [N], drawn by log weights [N, K]; at 0 the heaviest."""
    if how.temperature > 0:  # the Gumbel trick
        drawn = [np.random.default_rng(one.tolist()).gumbel(size=len(one)) for one in seeds]
        weights = weights + np.stack(drawn)
    return np.argmax(weights, axis=1)
