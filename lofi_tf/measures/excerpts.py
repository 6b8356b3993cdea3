"""Music to be measured: excerpts that a model draws, and excerpts of the data, alike."""

import dataclasses
from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from lofi_tf.backends import Backend
from lofi_tf.data.converter import Converter, build_converter
from lofi_tf.data.examples import Examples
from lofi_tf.generation.drawing import How, decode_arrays, prior, row_seeds
from lofi_tf.generation.layout import window_bars
from lofi_tf.measures.codes import Codes, codes_of_examples, codes_of_outputs, comparable, joined
from lofi_tf.measures.features import FEATURES, Excerpt, excerpt_of

ROWS_AT_ONCE = 64


@dataclasses.dataclass(frozen=True)
class Measured:
    """Excerpts of one set, N of them.

    Attributes:
        features: by the names of `FEATURES`, float64 [N] or [N, K].
        notes: of all excerpts, one a line: pitch, velocity, sixteenths late, whether it is a drum,
            float64 [notes, 4].
        num_bars: of all excerpts.
        codes: to compare them by; None where this kind of music has none.
        rows: their numbers among the samples, or among the examples, int64 [N].
    """

    features: dict[str, np.ndarray]
    notes: np.ndarray
    num_bars: int
    codes: Codes | None
    rows: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)


def has_notes(backend: Backend) -> bool:
    """Says whether a model is one of notes on a grid, not of sound."""
    return "steps_per_quarter" in dir(build_converter(backend.config.data.converter))


def chosen_rows(count: int, most: int, seed: int) -> np.ndarray:
    """Returns at most so many of `count` rows, drawn by a seed, in rising order."""
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng([seed, 7]).choice(count, most, replace=False))


def model_views(
    converter: Converter, examples: Examples, rows: np.ndarray
) -> Iterator[dict[str, np.ndarray]]:
    """Yields what the model eats of some examples, 64 at a time."""
    seed = tf.zeros([2], tf.int32)
    for first in range(0, len(rows), ROWS_AT_ONCE):
        part = rows[first : first + ROWS_AT_ONCE]
        arrays = {name: tf.constant(array[part]) for name, array in examples.arrays.items()}
        view = converter.to_model(arrays, training=False, seed=seed)
        yield {name: value.numpy() for name, value in view.items()}


def drawn_outputs(
    backend: Backend, count: int, how: How, examples: Examples, steps: int = ROWS_AT_ONCE
) -> Iterator[np.ndarray]:
    """Yields outputs [n, T, D] of latents drawn from the prior, n at most `steps` at a time.

    A model that takes controls gets those of `examples`, one after the other.
    """
    converter = build_converter(backend.config.data.converter)
    seeds = row_seeds(how.seed, count)
    z = prior(seeds, backend.config.model.z_size)
    for first in range(0, count, steps):
        part = slice(first, min(first + steps, count))
        controls = None
        if "controls" in converter.model_spec:
            rows = np.arange(part.start, part.stop) % len(examples)
            views = model_views(converter, examples, rows)
            controls = np.concatenate([view["controls"] for view in views])
            controls = controls[:, : backend.config.model.max_seq_len]
        yield decode_arrays(backend, z[part], how, controls, seeds[part])


def of_samples(backend: Backend, count: int, how: How, examples: Examples) -> Measured:
    """Returns samples of a model, measured; takes what `drawn_outputs` takes."""
    converter = build_converter(backend.config.data.converter)
    excerpts, codes = [], []
    for outputs in drawn_outputs(backend, count, how, examples):
        excerpts += _excerpts(backend, converter, outputs)
        if comparable(converter):
            codes.append(codes_of_outputs(converter, outputs))
    return _measured(excerpts, joined(codes) if codes else None, np.arange(count))


def of_examples(backend: Backend, examples: Examples, most: int, seed: int) -> Measured:
    """Returns at most so many examples of the data, measured, drawn by a seed."""
    converter = build_converter(backend.config.data.converter)
    rows = chosen_rows(len(examples), most, seed)
    excerpts = []
    for view in model_views(converter, examples, rows):
        excerpts += _excerpts(backend, converter, view["targets"])
    codes = all_codes(backend, examples)
    return _measured(excerpts, codes and codes.take(rows), rows)


def all_codes(backend: Backend, examples: Examples) -> Codes | None:
    """Returns examples to compare others with; None of a kind of music that has no codes."""
    converter = build_converter(backend.config.data.converter)
    if not comparable(converter):
        return None
    return codes_of_examples(converter, examples.arrays, backend.config.model.max_seq_len)


def _excerpts(backend: Backend, converter: Converter, outputs: np.ndarray) -> list[Excerpt]:
    sliced = ("split_bars", "slice_bars", "hop_size_bars")
    fixed = any(getattr(converter, name, None) for name in sliced)
    num_bars = window_bars(converter, backend.config.model.max_seq_len) if fixed else None
    pieces = (converter.from_outputs(output) for output in outputs)
    return [excerpt_of(piece, converter.quarters_per_bar, num_bars) for piece in pieces]


def _measured(excerpts: list[Excerpt], codes: Codes | None, rows: np.ndarray) -> Measured:
    features = {name: np.array([f(e) for e in excerpts]) for name, f in FEATURES.items()}
    columns = [np.stack([e.pitches, e.velocities, e.late, e.drums], axis=1) for e in excerpts]
    notes = np.concatenate([np.zeros([0, 4]), *columns])
    return Measured(features, notes, sum(e.num_bars for e in excerpts), codes, rows)
