"""Pictures and players, shown where a notebook is, and returned everywhere."""

import base64
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from lofi_tf.api.display import displayed
from lofi_tf.api.music import Music, music_of
from lofi_tf.api.sound import Sound, render
from lofi_tf.audio.io import Audio
from lofi_tf.files import atomic_write

if TYPE_CHECKING:  # a track's module imports the models
    from lofi_tf.composing.compose import Track


@dataclasses.dataclass(frozen=True)
class Picture:
    """A picture; a notebook shows it.

    Attributes:
        png: a PNG file's bytes.

    Example:
        >>> picture = lofi_tf.show(beat)
        >>> picture.png[1:4]
        b'PNG'
    """

    png: bytes

    def write(self, path: str | Path) -> None:
        """Writes the PNG file."""
        with atomic_write(path) as file:
            file.write(self.png)

    def __repr__(self) -> str:
        return f"Picture({len(self.png) / 1000:.0f} KB; .write('picture.png') saves it)"

    def data(self) -> dict[str, str]:
        """Returns what a notebook shows, by MIME type."""
        return {"image/png": base64.b64encode(self.png).decode(), "text/plain": repr(self)}

    def _repr_png_(self) -> bytes:
        return self.png

    def _ipython_display_(self) -> None:
        if not displayed(self, self.data()):
            raise NotImplementedError  # a terminal prints it


def show(music: Music | Sound | Sequence[Music | Sound], titles: Sequence[str] = ()) -> Picture:
    """Shows music as a piano roll, or sound as waveform and spectrogram; in a notebook, at once.

    Args:
        music: one or several of a kind: NoteSequences or files of them, or `Sound`s.
        titles: one for each.

    Returns:
        The picture; its `write` saves it.

    Example:
        >>> lofi_tf.show(beat).write("beat.png")
        >>> lofi_tf.show([beat, beat], ["one", "two"]).write("beats.png")
    """
    from lofi_tf.plotting.figures import png_of
    from lofi_tf.plotting.pieces import draw_pieces

    several = isinstance(music, Sequence) and not isinstance(music, str | Sound)
    items: Any = list(cast(Sequence, music)) if several else [music]
    titles = list(titles) or [""] * len(items)
    pieces = [Audio(*one) if isinstance(one, Sound) else music_of(one) for one in items]
    picture = Picture(png_of(draw_pieces(pieces, titles)))
    displayed(picture, picture.data())
    return picture


def listen(music: "Music | Sound | Track", preset: str | Path | None = None) -> Sound:
    """Plays music or sound; in a notebook, a player appears at once.

    Args:
        music: a `Sound`, or what `render` takes.
        preset: as of `render`.

    Returns:
        The sound; its `write` saves it.

    Example:
        >>> sound = lofi_tf.listen(beat)
        >>> sound.write("beat.wav")
    """
    sound = music if isinstance(music, Sound) else render(music, preset)
    displayed(sound, sound.data())
    return sound
