"""Figures as arrays and as files, drawn without a screen."""

import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lofi_tf.files import write_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def new_figure(
    inches: tuple[float, float], rows: int = 1, columns: int = 1, **grid
) -> tuple["Figure", np.ndarray]:
    """Returns a figure of so many inches, and its axes [rows, columns]."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=inches, layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False, **grid)


def array_of(figure: "Figure") -> np.ndarray:
    """Returns a figure's pixels, uint8 [height, width, 3]."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]


def png_of(figure: "Figure") -> bytes:
    """Returns a figure as a PNG file."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():  # letters that the font lacks are boxes, without a line each
        warnings.filterwarnings("ignore", message="Glyph", category=UserWarning)
        figure.savefig(buffer, format="png", dpi=100)
    return buffer.getvalue()


def save_png(figure: "Figure", path: str | Path) -> None:
    """Writes a figure as a PNG file, which appears only when whole."""
    write_file(path, png_of(figure))


def main_directions(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns the two principal components of values [N, Z].

    Returns:
        The points [N, 2] along them, where the zero lies [2], and their shares of the variance [2];
        a direction that a single point or number lacks is 0.
    """
    values = np.asarray(values, np.float64)
    mean = values.mean(axis=0)
    _, scales, directions = np.linalg.svd(values - mean, full_matrices=False)
    shares = np.square(scales) / max(np.square(scales).sum(), 1e-12)
    missing = max(0, 2 - len(scales))
    directions = np.pad(directions[:2], [(0, missing), (0, 0)])
    points = (values - mean) @ directions.T
    return points, -mean @ directions.T, np.pad(shares[:2], (0, missing))
