"""Pictures of a model: its latent space, what it makes of music, what it draws, how it learned."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lofi_tf.backends.base import Backend
from lofi_tf.data.storage.examples import Examples
from lofi_tf.errors import unknown_name
from lofi_tf.evaluation.excerpts import drawn_outputs
from lofi_tf.evaluation.groups import OTHERS, fewer
from lofi_tf.evaluation.held_out import some_of
from lofi_tf.evaluation.reconstructing import views
from lofi_tf.generation.decoding import GenerationConfig, decode_arrays, pieces_of
from lofi_tf.models.kinds import answers
from lofi_tf.plotting.figures import main_directions, new_figure, save_png
from lofi_tf.plotting.pieces import draw_pieces
from lofi_tf.training.history import HISTORY, read_history

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LATENT_PICTURES = ("pca", "tsne", "none")
MOST_POINTS, NUM_PIECES, NUM_SAMPLES = 2000, 4, 6
PRIOR_RADIUS = 2.0  # of two normal numbers, 86 in a hundred lie within it
COLUMNS = 3  # panels of curves in a row
SKIPPED = ("step", "wall_time", "global_norm")


def write_pictures(
    backend: Backend,
    held_out: Examples,
    folder: Path,
    how: GenerationConfig,
    run_dir: Path | None = None,
    latent_picture: str = "pca",
    groups: tuple[np.ndarray, str] | None = None,
    log: Callable[[str], None] = lambda text: None,
) -> list[Path]:
    """Writes pictures into a folder, each a PNG file that appears only when whole.

    Args:
        backend: the model.
        held_out: examples that it did not learn from.
        folder: where they go.
        how: temperature of samples, and seed.
        run_dir: of the run, whose curves are drawn; None draws none.
        latent_picture: one of `LATENT_PICTURES`.
        groups: of each held-out example, and what groups are (`groups_of`); None colours nothing.
        log: told what is being done.

    Returns:
        The files: `latent.png` (of a model that has a latent), `reconstructions.png`,
        `samples.png` (neither of a continuation), `curves.png`.

    Raises:
        LofiError: an unknown kind of picture.
    """
    if latent_picture not in LATENT_PICTURES:
        raise unknown_name("picture of the latent", latent_picture, LATENT_PICTURES)
    log("Drawing pictures.")
    figures = {}
    if len(held_out) and not answers(backend.config, "continue"):
        if backend.config.model.z_size:
            if latent_picture != "none":
                figures["latent"] = _latent(backend, held_out, how, latent_picture, groups)
            figures["reconstructions"] = _reconstructions(backend, held_out, how)
        figures["samples"] = _samples(backend, held_out, how)
    curves = None if run_dir is None else draw_curves(run_dir, backend.config.name)
    if curves is not None:
        figures["curves"] = curves
    for name, figure in figures.items():
        save_png(figure, Path(folder) / f"{name}.png")
    return [Path(folder) / f"{name}.png" for name in figures]


def draw_latent(
    points: np.ndarray, groups: np.ndarray, names: list[str], axes_names: list[str], title: str
) -> "Figure":
    """Returns a picture of points [N, 2], a colour for each of `names`, grey for other groups."""
    figure, ((axes,),) = new_figure((9, 7))
    others = ~np.isin(groups, names)
    if others.any():
        axes.scatter(*points[others].T, s=9, c="0.75", linewidths=0, label=OTHERS)
    for number, name in enumerate(names):
        chosen = groups == name
        label = f"{name} ({chosen.sum()})"
        axes.scatter(*points[chosen].T, s=9, color=f"C{number}", linewidths=0, label=label)
    axes.set_xlabel(axes_names[0], fontsize=8)
    axes.set_ylabel(axes_names[1], fontsize=8)
    axes.set_title(title, loc="left", fontsize=9)
    axes.set_aspect("equal", adjustable="datalim")
    axes.tick_params(labelsize=7)
    figure.legend(fontsize=8, loc="outside right upper", markerscale=2.5)
    return figure


def draw_curves(run_dir: Path, title: str) -> "Figure | None":
    """Returns a picture of a run's scalars by step, in training and evaluation; None without any.

    Both stand in one panel where both have a scalar.
    """
    histories = {name: _columns(run_dir / name / HISTORY) for name in ("train", "eval")}
    names = dict.fromkeys([*histories["eval"], *histories["train"]])
    names = [name for name in names if name not in SKIPPED]
    if not names:
        return None
    rows = -(-len(names) // COLUMNS)
    figure, grid = new_figure((4 * COLUMNS, 2.6 * rows), rows, COLUMNS)
    for axes in grid.flat[len(names) :]:
        axes.remove()
    for axes, name in zip(grid.flat, names, strict=False):
        for color, (part, columns) in enumerate(histories.items()):
            if name in columns:
                _plot(axes, columns["step"], columns[name], f"C{color}", part)
        axes.set_title(name, loc="left", fontsize=8)
        axes.tick_params(labelsize=7)
        axes.grid(alpha=0.3)
    grid[0, 0].legend(fontsize=7)
    figure.suptitle(f"{title}, by step", x=0.01, ha="left", fontsize=10)
    return figure


def neighbours_of_two(values: np.ndarray, seed: int) -> np.ndarray:
    """Returns points [N, 2] whose neighbours are those of values [N, Z] (t-SNE)."""
    from sklearn.manifold import TSNE  # not with Keras, which would be slower

    perplexity = min(30.0, (len(values) - 1) / 3)
    return TSNE(init="pca", perplexity=perplexity, random_state=seed).fit_transform(values)


def _latent(
    backend: Backend, examples: Examples, how: GenerationConfig, kind: str, groups
) -> "Figure":
    given, what = groups or (np.full(len(examples), "held-out", object), "")
    examples = dataclasses.replace(examples, sources=given)
    examples = some_of(examples, MOST_POINTS, how.seed)
    means = np.concatenate([_encoded(backend, view) for view in views(backend, examples)])
    own, names = fewer(examples.sources)
    title = f"{backend.config.name}: posterior means of {len(means)} held-out examples"
    title += f", by {what}" if what else ""
    if kind == "tsne" and len(means) > 2:
        points = neighbours_of_two(means, how.seed)
        return draw_latent(points, own, names, ["t-SNE 1", "t-SNE 2"], title)
    points, zero, shares = main_directions(means)
    labels = [f"component {n + 1}, {share:.1%} of the variance" for n, share in enumerate(shares)]
    title += f"\ndashed: the prior, {PRIOR_RADIUS:g} standard deviations"
    figure = draw_latent(points, own, names, labels, title)
    turn = np.linspace(0, 2 * np.pi, 100)
    circle = zero[:, None] + PRIOR_RADIUS * np.stack([np.cos(turn), np.sin(turn)])
    figure.axes[0].plot(*circle, "--", color="0.4", linewidth=0.8)
    return figure


def _reconstructions(backend: Backend, examples: Examples, how: GenerationConfig) -> "Figure":
    """Returns originals, each of another source where there are several, above what is decoded."""
    _, firsts = np.unique(examples.sources.astype(str), return_index=True)
    chosen = some_of(
        examples.where(np.isin(np.arange(len(examples)), firsts)), NUM_PIECES, how.seed
    )
    view = next(views(backend, chosen))
    controls = view.get("controls")
    likeliest = GenerationConfig(temperature=0.0, seed=how.seed)
    outputs = decode_arrays(backend, _encoded(backend, view), likeliest, controls)
    originals = pieces_of(backend, view["targets"], likeliest, controls)
    decoded = pieces_of(backend, outputs, likeliest, controls)
    titles = [(f"original: {source}", "reconstruction") for source in chosen.sources]
    pairs = zip(originals, decoded, strict=True)
    return draw_pieces([p for pair in pairs for p in pair], [t for pair in titles for t in pair])


def _samples(backend: Backend, examples: Examples, how: GenerationConfig) -> "Figure":
    outputs = np.concatenate(list(drawn_outputs(backend, NUM_SAMPLES, how, examples)))
    titles = [f"sample {n}, temperature {how.temperature:g}" for n in range(len(outputs))]
    return draw_pieces(pieces_of(backend, outputs, how), titles)


def _encoded(backend: Backend, view: dict[str, np.ndarray]) -> np.ndarray:
    """Returns the posterior's means [n, Z]."""
    return backend.encode(view["inputs"], view["length"], view.get("controls"))[0]


def _plot(axes, steps: np.ndarray, values: np.ndarray, color: str, label: str) -> None:
    """Draws a curve; what an untrained model scored is left out where there is more."""
    later = steps > 0
    if later.any():
        steps, values = steps[later], values[later]
    axes.plot(steps, values, marker="." if len(steps) < 30 else "", color=color, label=label)


def _columns(path: Path) -> dict[str, np.ndarray]:
    """Returns a history's columns, NaN where a line lacks a number."""
    lines = read_history(path)
    names = list(lines[0]) if lines else []
    return {name: np.array([float(line[name] or "nan") for line in lines]) for name in names}
