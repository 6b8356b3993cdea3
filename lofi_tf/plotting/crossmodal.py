"""Pictures of a cross-modal model: both reconstructions and transfers, and its latent space."""

from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from lofi_tf.data.converters.paired import PairedConverter
from lofi_tf.data.converters.symbols import NUM_PITCH_CLASSES, Symbol
from lofi_tf.models.common.latent_model import Batch
from lofi_tf.models.crossmodal.model import CrossModal
from lofi_tf.plotting.figures import array_of, main_directions, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

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
    notes = {
        "notes to notes": model.probabilities(model.symbol.decode(read[:SHOWN])),
        "sound to notes": model.probabilities(model.symbol.decode(heard[:SHOWN])),
    }
    sounds = {
        "sound to sound": model.signal.decode(heard[:SHOWN]),
        "notes to sound": model.signal.decode(read[:SHOWN]),
    }
    figures = {
        "spectra": draw_spectra(spectra[:SHOWN], sounds),
        "symbols": draw_symbols(symbols[:SHOWN], notes, converter),
        "latent": draw_latents(heard, np.asarray(symbols), converter),
    }
    for name, figure in figures.items():
        tf.summary.image(f"cross_modal/{name}", array_of(figure)[None])


def draw_spectra(truth: np.ndarray, others: dict[str, np.ndarray]) -> "Figure":
    """Returns a figure of spectra [N, F] and what was made of each."""
    figure, grid = new_figure((9, 2 * len(truth)), len(truth))
    for number, axes in enumerate(grid[:, 0]):
        axes.plot(truth[number], color="black", linewidth=0.8, label="true")
        for name, values in others.items():
            axes.plot(values[number], linewidth=0.8, label=name)
        axes.set_ylim(-0.05, 1.1)
        axes.margins(x=0)
    grid[0, 0].legend(fontsize=7, ncol=3)
    grid[-1, 0].set_xlabel("constant-Q band")
    return figure


def draw_symbols(
    truth: np.ndarray, others: dict[str, np.ndarray], converter: PairedConverter
) -> "Figure":
    """Returns a figure of symbols [N, S] and the probabilities made of each, a row each."""
    fields, rows = converter.layout.fields, {"true": truth, **others}
    names = [f"{converter.instruments[field.instrument]} {field.label}" for field in fields]
    figure, grid = new_figure((10, 5), len(rows))
    for axes, (title, values) in zip(grid[:, 0], rows.items(), strict=True):
        axes.imshow(values, aspect="auto", cmap="Greys", vmin=0, vmax=1)
        axes.set_ylabel(title, fontsize=8)
        labels = names if axes is grid[-1, 0] else []
        axes.set_xticks([field.begin for field in fields], labels, fontsize=6)
        axes.tick_params(axis="x", rotation=60)
        axes.set_yticks([])
    return figure


def draw_latents(z: np.ndarray, symbols: np.ndarray, converter: PairedConverter) -> "Figure":
    """Returns a figure of the two main directions of z [N, Z].

    Left by the pitch class of the first instrument that plays, right by which instruments play.
    """
    points = main_directions(z)[0]
    played = [converter.layout.decode(vector) for vector in symbols]
    pitch = [next((s.pitch for s in row if s.pitch is not None), -1) for row in played]
    who = [sum(2**n for n, s in enumerate(row) if s != Symbol()) for row in played]
    panels = [("pitch class", pitch, NUM_PITCH_CLASSES), ("instruments", who, max(who) + 1)]
    figure, grid = new_figure((10, 4.5), 1, 2)
    for axes, (title, colours, top) in zip(grid[0], panels, strict=True):
        dots = axes.scatter(*points.T, c=colours, cmap="hsv", s=8, vmin=-1, vmax=top)
        axes.set_title(title, fontsize=9)
        figure.colorbar(dots, ax=axes)
    return figure
