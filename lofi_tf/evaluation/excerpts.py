"""Music to be measured: excerpts that a model draws, and excerpts of the data, alike."""

import dataclasses
from collections.abc import Iterator

import numpy as np

from lofi_tf.backends.base import Backend
from lofi_tf.data.converters.base import Converter
from lofi_tf.data.converters.excerpt_codes import Codes, joined
from lofi_tf.data.storage.examples import Examples
from lofi_tf.evaluation.music_features import FEATURES, Excerpt, excerpt_of
from lofi_tf.evaluation.reconstructing import views
from lofi_tf.generation.decoding import GenerationConfig, decode_arrays, prior, row_seeds

BATCH_SIZE = 64


@dataclasses.dataclass(frozen=True)
class Measured:
    """Excerpts of one set, N of them.

    Attributes:
        features: by the names of `FEATURES`, float64 [N] or [N, K].
        notes: of all excerpts, one a line: pitch, velocity, sixteenths late, whether it is a drum,
            float64 [notes, 4].
        num_bars: of all excerpts.
        codes: to compare them by.
    """

    features: dict[str, np.ndarray]
    notes: np.ndarray
    num_bars: int
    codes: Codes

    def __len__(self) -> int:
        return len(next(iter(self.features.values())))


def drawn_outputs(
    backend: Backend,
    count: int,
    how: GenerationConfig,
    examples: Examples,
    batch_size: int = BATCH_SIZE,
) -> Iterator[np.ndarray]:
    """Yields outputs [B, T, D] of latents drawn from the prior, batch after batch.

    A model that takes controls gets those of `examples`, one after the other.
    """
    seeds = row_seeds(how.seed, count)
    z = prior(seeds, backend.config.model.z_size)
    controls = _controls(backend, count, examples)
    for first in range(0, count, batch_size):
        part = slice(first, first + batch_size)
        given = None if controls is None else controls[part]
        yield decode_arrays(backend, z[part], how, given, seeds[part])


def of_samples(backend: Backend, count: int, how: GenerationConfig, examples: Examples) -> Measured:
    """Returns samples of a model, measured; takes what `drawn_outputs` takes."""
    converter = backend.converter
    excerpts, codes = [], []
    for outputs in drawn_outputs(backend, count, how, examples):
        excerpts += _excerpts(converter, outputs)
        codes.append(converter.codes_of_outputs(outputs))
    return _measured(excerpts, joined(codes))


def of_examples(backend: Backend, examples: Examples) -> Measured:
    """Returns examples of the data, measured."""
    converter = backend.converter
    excerpts = []
    for view in views(backend, examples, BATCH_SIZE):
        excerpts += _excerpts(converter, view["targets"])
    return _measured(excerpts, all_codes(backend, examples))


def all_codes(backend: Backend, examples: Examples) -> Codes:
    """Returns examples to compare others with."""
    converter = backend.converter
    return converter.codes_of_examples(examples.arrays, backend.num_steps)


def _excerpts(converter: Converter, outputs: np.ndarray) -> list[Excerpt]:
    pieces = (converter.from_outputs(output) for output in outputs)
    return [excerpt_of(piece, converter.quarters_per_bar, converter.bars) for piece in pieces]


def _controls(backend: Backend, count: int, examples: Examples) -> np.ndarray | None:
    """Returns the controls of examples, [count, T, C], over again where there are too few."""
    if "controls" not in backend.converter.model_spec:
        return None
    chosen = examples.where(np.arange(len(examples)) < count)
    controls = np.concatenate([view["controls"] for view in views(backend, chosen, BATCH_SIZE)])
    return controls[np.arange(count) % len(controls)]


def _measured(excerpts: list[Excerpt], codes: Codes) -> Measured:
    features = {name: np.array([f(e) for e in excerpts]) for name, f in FEATURES.items()}
    columns = [np.stack([e.pitches, e.velocities, e.late, e.drums], axis=1) for e in excerpts]
    notes = np.concatenate([np.zeros([0, 4]), *columns])
    return Measured(features, notes, sum(e.num_bars for e in excerpts), codes)
