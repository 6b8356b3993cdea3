"""Pictures of a cross-modal model: both reconstructions and transfers, and its latent space."""

import numpy as np
import tensorflow as tf

from lofi_tf.data.converters.paired import PairedConverter
from lofi_tf.data.converters.symbols import NUM_PITCH_CLASSES, Symbol
from lofi_tf.models.common.latent_model import Batch
from lofi_tf.models.crossmodal.model import CrossModal
from lofi_tf.plotting.figures import array_of, figure_of

SHOWN = 4  # examples of which spectra and symbols are drawn


def write_cross_pictures(model: CrossModal, converter: PairedConverter, batch: Batch) -> None:
    """Writes the pictures to TensorBoard's default writer.

    Args:
        model: whose pictures they are.
        converter: the model's.
        batch: examples by the converter's `model_spec`; more than a few for the latent space.
    """
    spectra, symbols = batch["inputs"][:, 0], batch["targets"][:, 0]
    heard = model.signal.encode(spectra).draws[0]
    read = model.symbol.encode(symbols).draws[0]
    pictures = {
        "spectra": lambda: spectra_array(
            spectra[:SHOWN],
            {"sound to sound": model.signal.decode(heard[:SHOWN]),
             "notes to sound": model.signal.decode(read[:SHOWN])},
        ),
        "symbols": lambda: symbols_array(
            symbols[:SHOWN],
            {"notes to notes": model.probabilities(model.symbol.decode(read[:SHOWN])),
             "sound to notes": model.probabilities(model.symbol.decode(heard[:SHOWN]))},
            [f"{converter.instruments[f.instrument]} {f.label}" for f in converter.layout.fields],
            [f.begin for f in converter.layout.fields],
        ),
        "latent": lambda: latent_array(
            np.asarray(heard), np.asarray(symbols), converter
        ),
    }  # fmt: skip
    for name, draw in pictures.items():
        tf.summary.image(f"cross_modal/{name}", draw()[None])


def spectra_array(truth: np.ndarray, others: dict[str, np.ndarray]) -> np.ndarray:
    """Returns a picture, uint8 [H, W, 3], of spectra [N, F] and what was made of each."""

    def draw(figure):
        for number, spectrum in enumerate(np.asarray(truth)):
            axes = figure.add_subplot(len(truth), 1, number + 1)
            axes.plot(spectrum, color="black", linewidth=0.8, label="true")
            for name, values in others.items():
                axes.plot(np.asarray(values)[number], linewidth=0.8, label=name)
            axes.set_ylim(-0.05, 1.1)
            axes.margins(x=0)
        figure.axes[0].legend(fontsize=7, ncol=3)
        figure.axes[-1].set_xlabel("constant-Q band")

    return array_of(figure_of(draw, (9, 2 * len(truth))))


def symbols_array(
    truth: np.ndarray, others: dict[str, np.ndarray], names: list[str], begins: list[int]
) -> np.ndarray:
    """Returns a picture of symbols [N, S] and the probabilities made of each, a row each."""

    def draw(figure):
        rows = {"true": truth, **others}
        for place, (title, values) in enumerate(rows.items()):
            axes = figure.add_subplot(len(rows), 1, place + 1)
            axes.imshow(np.asarray(values), aspect="auto", cmap="Greys", vmin=0, vmax=1)
            axes.set_ylabel(title, fontsize=8)
            axes.set_xticks(begins, names if place == len(rows) - 1 else [], fontsize=6)
            axes.tick_params(axis="x", rotation=60)
            axes.set_yticks([])

    return array_of(figure_of(draw, (10, 5)))


def latent_array(z: np.ndarray, symbols: np.ndarray, converter: PairedConverter) -> np.ndarray:
    """Returns a picture of the two main directions of z [N, Z].

    Left by the pitch class of the first instrument that plays, right by which instruments play.
    """
    centred = z - z.mean(axis=0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    places = centred @ directions[:2].T
    played = [converter.layout.decode(vector) for vector in symbols]
    pitch = [next((s.pitch for s in row if s.pitch is not None), -1) for row in played]
    who = [sum(2**n for n, s in enumerate(row) if s != Symbol()) for row in played]

    def draw(figure):
        for place, (title, colours, top) in enumerate(
            [("pitch class", pitch, NUM_PITCH_CLASSES), ("instruments", who, max(who) + 1)]
        ):
            axes = figure.add_subplot(1, 2, place + 1)
            dots = axes.scatter(*places.T, c=colours, cmap="hsv", s=8, vmin=-1, vmax=top)
            axes.set_title(title, fontsize=9)
            figure.colorbar(dots, ax=axes)

    return array_of(figure_of(draw, (10, 4.5)))
