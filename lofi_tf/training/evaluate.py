"""Evaluation: how well a model explains held-out examples."""

import numpy as np
import tensorflow as tf

from lofi_tf.audio.io import Audio
from lofi_tf.data.converters.base import Converter
from lofi_tf.errors import LofiError
from lofi_tf.models.common.latent_model import ACTIVE_VARIANCE, Batch, LatentModel
from lofi_tf.models.crossmodal.model import CrossModal
from lofi_tf.plotting.crossmodal import write_cross_pictures
from lofi_tf.plotting.figures import array_of
from lofi_tf.plotting.pieces import draw_pieces
from lofi_tf.progress import tracked


def evaluate(
    model: LatentModel,
    batches: tf.data.Dataset,
    num_batches: int | None = None,
    show_progress: bool = False,
) -> dict[str, float]:
    """Returns the mean loss and its parts over the examples of `batches`.

    The latent is drawn from the posterior and the decoder fed the truth, or its own samples where
    the config trains with scheduled sampling, as Magenta does. The loss weighs the KL cost by
    `max_beta`, so that it can be compared between steps. A latent unit is active where its
    posterior's mean varies over the examples (Burda et al. 2016, "Importance Weighted
    Autoencoders": a variance above 0.01).

    Raises:
        LofiError: no examples.
    """
    totals: dict[str, np.ndarray] = {}
    count = 0
    batches = batches.take(-1 if num_batches is None else num_batches)
    total = max(int(batches.cardinality()), 0) or None
    for batch in tracked(batches, total, "batch", "evaluating", show_progress):
        sums = model.evaluate_batch(batch)
        count += len(batch["length"])
        for name, value in sums.items():
            totals[name] = totals.get(name, 0.0) + value.numpy().astype(np.float64)
    if not count:
        raise LofiError("there are no examples to evaluate on")
    means, squares = totals.pop("z_mean") / count, totals.pop("z_mean_square") / count
    active = float(np.count_nonzero(squares - np.square(means) > ACTIVE_VARIANCE))
    sums = {name: tf.constant(value, tf.float32) for name, value in totals.items()}
    scalars = {name: float(value) for name, value in model.scalars(sums, count).items()}
    beta = model.training_settings.max_beta
    loss = scalars["losses/r_loss"] + beta * scalars["losses/kl_loss"]
    return {"loss": loss, **scalars, "metrics/active_units": active}


def write_pictures(model: LatentModel, converter: Converter, batch: Batch) -> None:
    """Writes histograms of weights and latents, and reconstructions, to the default writer.

    Each reconstruction decodes the posterior's mean, the likeliest output at each step.
    """
    for variable in model.trainable_variables:
        tf.summary.histogram(f"weights/{variable.path}", variable)
    if isinstance(model, CrossModal):
        write_cross_pictures(model, converter, batch)
        return
    mean, stddev, decoded = model.reconstruct(batch)
    tf.summary.histogram("latent/mean", mean)
    tf.summary.histogram("latent/stddev", stddev)
    pairs = zip(batch["targets"].numpy(), decoded.numpy(), batch["length"].numpy(), strict=True)
    for number, (target, output, length) in enumerate(pairs):
        steps = None if np.ndim(length) else length  # segments are padded where they stand
        pieces = [converter.from_outputs(part[:steps]) for part in (target, output)]
        titles = ["original", "reconstruction"]
        tf.summary.image(f"reconstruction/{number}", array_of(draw_pieces(pieces, titles))[None])
        for title, piece in zip(titles, pieces, strict=True):
            if isinstance(piece, Audio):
                samples, rate = piece.samples[None], piece.sample_rate
                tf.summary.audio(f"reconstruction/{number}/{title}", samples, rate)
