"""Pictures of what a model makes, music or sound."""

from pathlib import Path
from typing import TYPE_CHECKING

from lofi_tf.audio.io import Audio
from lofi_tf.plotting.figures import save_png
from lofi_tf.plotting.piano_roll import draw_piano_roll
from lofi_tf.plotting.waveform import draw_sounds

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_pieces(pieces: list, titles: list[str]) -> "Figure":
    """Returns a figure of NoteSequences, one above the other, or of sounds, side by side."""
    draw = draw_sounds if isinstance(pieces[0], Audio) else draw_piano_roll
    return draw(pieces, titles)


def save_piece(piece, path: str | Path) -> None:
    """Writes a PNG picture of a NoteSequence or of a sound."""
    save_png(draw_pieces([piece], [""]), path)
