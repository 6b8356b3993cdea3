"""What a model makes of examples: their latents, and what it decodes of these."""

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping

import numpy as np
import tensorflow as tf

from lofi_tf.backends.base import Backend
from lofi_tf.data.storage.dataset import evaluation_batches
from lofi_tf.data.storage.examples import Examples
from lofi_tf.errors import NoSuchFunction
from lofi_tf.generation.decoding import prior, row_seeds
from lofi_tf.models.common.losses import valid_steps
from lofi_tf.progress import tracked


@dataclasses.dataclass(frozen=True)
class Reconstruction:
    """A batch of examples, and what a model makes of it.

    Attributes:
        view: the examples as the model sees them: `inputs`, `targets` [B, T, D], `length`, ...
        mean, stddev: of their posteriors, [B, Z].
        free: the mean decoded, fed with its own outputs, the likeliest at each step, [B, T, D].
        taught: the same, fed with the truth, [B, T, D]; None where the model cannot tell.
        played: the mean decoded with the targets' own hits, [B, T, D]; None where the model cannot.
        loss: of the reconstruction from a z that is drawn of the posterior, fed with the truth,
            [B]; None where the model cannot tell.
    """

    view: Mapping[str, np.ndarray]
    mean: np.ndarray
    stddev: np.ndarray
    free: np.ndarray
    taught: np.ndarray | None
    played: np.ndarray | None
    loss: np.ndarray | None


def reconstructions(
    backend: Backend,
    examples: Examples,
    batch_size: int = 64,
    seed: int = 0,
    show_progress: bool = False,
) -> Iterator[Reconstruction]:
    """Yields what a VAE makes of examples, batch after batch, on whose size no number depends."""
    first, seeds = 0, row_seeds(seed, len(examples))
    batches = views(backend, examples, batch_size)
    total, name = len(examples), "reconstructing"
    for view in tracked(batches, total, " examples", name, show_progress, batch_size):
        count = len(view["length"])
        yield _reconstruct(backend, view, seeds[first : first + count])
        first += count


def views(
    backend: Backend, examples: Examples, batch_size: int = 64
) -> Iterator[Mapping[str, np.ndarray]]:
    """Yields examples as a model sees them, nothing random drawn, batch after batch."""
    converter = backend.converter
    steps = backend.num_steps
    for batch in evaluation_batches(examples, converter, batch_size, steps):
        yield {name: value.numpy() for name, value in batch.items()}


def valid_rows(view: Mapping[str, np.ndarray]) -> np.ndarray:
    """Returns which rows of a batch's `targets` count, bool [B, T]."""
    lengths = tf.constant(view["length"])
    return valid_steps(lengths, view["targets"].shape[1], tf.bool).numpy()


def _reconstruct(backend: Backend, view, seeds: np.ndarray) -> Reconstruction:
    controls, lengths, count = view.get("controls"), view["length"], len(view["length"])
    mean = stddev = np.zeros([count, 0], np.float32)
    if backend.config.model.z_size:
        mean, stddev = backend.encode(view["inputs"], lengths, controls)
    free = backend.decode(mean, np.zeros(count, np.float32), seeds, controls)
    drawn = mean + stddev * prior(seeds, mean.shape[1])
    taught = played = loss = None
    with contextlib.suppress(NoSuchFunction):
        _, taught = backend.score(mean, view["targets"], lengths, controls)
        loss, _ = backend.score(drawn, view["targets"], lengths, controls)
    if backend.converter.expressive:
        hits = view["targets"][:, :, : view["targets"].shape[2] // 3]
        with contextlib.suppress(NoSuchFunction):
            played = backend.play_hits(mean, hits, controls)
    return Reconstruction(view, mean, stddev, free, taught, played, loss)
