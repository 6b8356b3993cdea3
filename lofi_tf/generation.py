"""Generation over any backend: new music from the prior, and paths between pieces."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np

from lofi_tf.backends import Backend
from lofi_tf.data.converter import build_converter
from lofi_tf.data.dataset import model_view
from lofi_tf.data.examples import Examples, examples_of_records
from lofi_tf.errors import LofiError, NotConvertible
from lofi_tf.models.interface import seeds_from
from lofi_tf.models.latents import great_circle
from lofi_tf.models.noise import row_normal
from lofi_tf.models.noise import row_seeds as tf_seeds

NoteSequence = Any


@dataclasses.dataclass(frozen=True)
class Excerpt:
    """What a model takes of a piece of music.

    Attributes:
        inputs: [N, T, D], one row an excerpt.
        lengths: valid steps, int32 [N].
        targets: what it should give back, [N, T, D].
        controls: [N, T, C], or None where the model takes none.
    """

    inputs: np.ndarray
    lengths: np.ndarray
    targets: np.ndarray
    controls: np.ndarray | None


@dataclasses.dataclass(frozen=True)
class How:
    """How outputs are drawn.

    Attributes:
        temperature: 0 takes the likeliest, 1 draws as the model says.
        seed: the same seed draws the same outputs, whatever their number.
        qpm: tempo of the outputs, quarter notes a minute.
        max_batch_size: outputs decoded at once; the outputs do not depend on it.
    """

    temperature: float = 0.5
    seed: int = 0
    qpm: float = 120.0
    max_batch_size: int = 16


def sample(
    backend: Backend,
    num_outputs: int,
    how: How = How(),
    controls: np.ndarray | None = None,  # noqa: B008
) -> list[NoteSequence]:
    """Returns new pieces, their latents drawn from the prior.

    Args:
        backend: the model.
        num_outputs: pieces to draw.
        how: temperature, seed, tempo.
        controls: [T, C], for all pieces, where the model takes them.

    Raises:
        LofiError: the model takes controls and none are given.
    """
    z = prior(row_seeds(how.seed, num_outputs), backend.config.model.z_size)
    return decode(backend, z, how, controls)


def interpolate(
    backend: Backend,
    start: Excerpt,
    end: Excerpt,
    num_steps: int,
    how: How = How(),  # noqa: B008
) -> list[NoteSequence]:
    """Returns pieces on the way from one to another, both included.

    The way is the great circle between the posteriors' means (White 2016, "Sampling Generative
    Networks"). Where the model takes controls, the start's are used throughout.

    Args:
        backend: the model.
        start: one excerpt.
        end: one excerpt.
        num_steps: pieces, both ends included.
        how: temperature, seed, tempo.
    """
    means = [backend.encode(e.inputs, e.lengths, e.controls)[0][0] for e in (start, end)]
    z = great_circle(*means, np.linspace(0.0, 1.0, num_steps)).numpy()
    controls = None if start.controls is None else start.controls[0]
    return decode(backend, z, how, controls, np.repeat(row_seeds(how.seed, 1), num_steps))


def decode(
    backend: Backend,
    z: np.ndarray,
    how: How = How(),
    controls: np.ndarray | None = None,  # noqa: B008
    seeds: np.ndarray | None = None,
) -> list[NoteSequence]:
    """Returns the pieces of latents [N, Z]; `controls` [T, C] serves all of them.

    Each row draws by its own of the seeds, int64 [N]; by default those of `how`.
    """
    converter = build_converter(backend.config.data.converter)
    _check_controls(converter, controls, backend.config.name)
    seeds = row_seeds(how.seed, len(z)) if seeds is None else seeds
    pieces = []
    for rows in _batches(np.arange(len(z)), how.max_batch_size):
        repeated = None if controls is None else np.repeat(controls[None], len(rows), axis=0)
        temperature = np.full(len(rows), how.temperature, np.float32)
        outputs = backend.decode(z[rows], temperature, seeds[rows], repeated)
        pieces += [converter.from_outputs(output, how.qpm, controls) for output in outputs]
    return pieces


def prior(seeds: np.ndarray, z_size: int) -> np.ndarray:
    """Returns draws of the prior, float32 [B, Z], one for each of the seeds, int64 [B]."""
    return row_normal(tf_seeds(seeds), z_size).numpy()


def row_seeds(seed: int, count: int) -> np.ndarray:
    """Returns the rows' seeds, int64 [count], of a whole request's seed."""
    return seeds_from(seed, count).numpy()


def excerpts_of(backend: Backend, sequence: NoteSequence) -> Excerpt:
    """Returns what the model takes of a piece of music.

    Raises:
        NotConvertible: the piece holds nothing that fits, and which rule says so.
    """
    settings = {**backend.config.data.converter, "mode": "infer"}
    found = examples_of_records([sequence.SerializeToString()], settings)
    if not len(found):
        for refusal in found.refusals:
            raise NotConvertible(refusal.rule, refusal.message)
        raise NotConvertible("no_example", "it holds no whole window of the model's length")
    return _excerpt(found, backend)


def start_at_zero(sequence: NoteSequence) -> int:
    """Moves notes that would start before 0 to 0 and sets `total_time`; returns how many moved.

    A model's early notes may fall before the first beat; files cannot hold them.
    """
    early = [note for note in sequence.notes if note.start_time < 0]
    for note in early:
        note.end_time = max(note.end_time, 0.01)
        note.start_time = 0.0
    sequence.total_time = max((note.end_time for note in sequence.notes), default=0.0)
    return len(early)


def _excerpt(found: Examples, backend: Backend) -> Excerpt:
    converter = build_converter(backend.config.data.converter)
    view = model_view(found, converter, backend.config.model.max_seq_len)
    return Excerpt(view["inputs"], view["length"], view["targets"], view.get("controls"))


def _check_controls(converter, controls, name: str) -> None:
    wanted = converter.model_spec.get("controls")
    if wanted is not None and controls is None:
        raise LofiError(f"{name} takes controls: give --input_midi_1, whose hits it is to play")
    if wanted is None and controls is not None:
        raise LofiError(f"{name} takes no controls")


def _batches(rows: np.ndarray, size: int) -> Iterator[np.ndarray]:
    for first in range(0, len(rows), size):
        yield rows[first : first + size]
