"""Figures as arrays and as files, drawn without a screen."""

import io
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lofi_tf.files import atomic_write

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Draw = Callable[["Figure"], None]


def figure_of(draw: Draw, inches: tuple[float, float]) -> "Figure":
    """Returns a figure of so many inches that `draw` has drawn on."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=inches, layout="constrained")
    draw(figure)
    return figure


def array_of(figure: "Figure") -> np.ndarray:
    """Returns a figure's pixels, uint8 [height, width, 3]."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]


def png_of(figure: "Figure", dpi: int = 100) -> bytes:
    """Returns a figure as a PNG file."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():  # letters that the font lacks are boxes, without a line each
        warnings.filterwarnings("ignore", message="Glyph", category=UserWarning)
        figure.savefig(buffer, format="png", dpi=dpi)
    return buffer.getvalue()


def save_png(figure: "Figure", path: str | Path, dpi: int = 100) -> None:
    """Writes a figure as a PNG file, which appears only when whole."""
    data = png_of(figure, dpi)
    with atomic_write(path) as file:
        file.write(data)
