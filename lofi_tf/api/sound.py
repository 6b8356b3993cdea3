"""Sounds: read, rendered of notes, written, and heard in a notebook.

What renders is imported where it is used: it takes half a second that a model can do without.
"""

import base64
import io
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import soundfile

from lofi_tf.api.display import displayed
from lofi_tf.api.music import Music, music_of
from lofi_tf.audio import io as audio_io
from lofi_tf.errors import naming
from lofi_tf.rendering.settings import DEFAULT_PRESET, RenderSettings

if TYPE_CHECKING:  # a track's module imports the models
    from lofi_tf.composing.compose import Track


class Sound(NamedTuple):
    """A piece of audio; a notebook shows a player for it.

    Attributes:
        samples: float32 [n, channels], in [-1, 1].
        sample_rate: Hz.

    Example:
        >>> sound = lofi_tf.Sound(np.zeros([44100, 2], np.float32), 44100)
        >>> sound
        Sound(1.0 s, 2 channels, 44100 Hz)
        >>> sound.write("silence.wav")
    """

    samples: np.ndarray
    sample_rate: int

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.samples) / self.sample_rate

    def write(self, path: str | Path) -> None:
        """Writes a .wav or .flac (24 bits) or .ogg (Vorbis) file, which appears only when whole.

        Raises:
            LofiError: another ending, or a place that cannot be written to.
        """
        from lofi_tf.rendering.sound_files import write_audio

        write_audio(Path(path), self.samples, self.sample_rate)

    def __repr__(self) -> str:
        channels = self.samples.shape[1]
        word = "channel" if channels == 1 else "channels"
        return f"Sound({self.seconds:.1f} s, {channels} {word}, {self.sample_rate} Hz)"

    def data(self) -> dict[str, str]:
        """Returns what a notebook shows, by MIME type."""
        return {"text/html": self._repr_html_(), "text/plain": repr(self)}

    def _ipython_display_(self) -> None:
        if not displayed(self, self.data()):
            raise NotImplementedError  # a terminal prints it

    def _repr_html_(self) -> str:
        from lofi_tf.html.page import MP3_RATES

        kind = "MP3" if self.sample_rate in MP3_RATES else "WAV"
        made = io.BytesIO()
        soundfile.write(made, self.samples, self.sample_rate, format=kind)
        mime = {"MP3": "audio/mpeg", "WAV": "audio/wav"}[kind]
        data = base64.b64encode(made.getvalue()).decode()
        return f'<audio controls src="data:{mime};base64,{data}"></audio>'


def read_audio(path: str | Path) -> Sound:
    """Returns a whole WAV, FLAC, Ogg, MP3 or AIFF file.

    Raises:
        LofiError: a file that cannot be read, and why.

    Example:
        >>> lofi_tf.read_audio("drums.wav")
        Sound(1.0 s, 1 channel, 8000 Hz)
    """
    with naming(path):
        audio = audio_io.read_audio(path)
    return Sound(audio.samples, audio.sample_rate)


def render(
    music: "Music | Track",
    preset: str | Path | RenderSettings | None = None,
    seed: int | None = None,
    **options: Any,
) -> Sound:
    """Returns music as a finished sound: played, mixed, through tape and vinyl, at its loudness.

    Args:
        music: a NoteSequence, the path of a file, or what `compose` gives.
        preset: the sound: a name of `lofi_render`'s, a YAML file of such settings, or settings;
            `tape`, or a track's own, if not given.
        seed: of noise, wow, flutter and hits; 0, or a track's own, if not given.
        **options: of `lofi_tf.rendering.render.render`: `values`, `soundfont`, `drum_kit`,
            `stems_dir`, `plugins`, `loop`.

    Returns:
        Samples, float32 [n, 2], and their rate; the very ones that `lofi_render` writes.

    Raises:
        LofiError: music without notes, or an unknown preset.

    Example:
        >>> samples, sample_rate = lofi_tf.render(beat, preset="tape")
        >>> samples.shape[1], samples.dtype.name, sample_rate
        (2, 'float32', 44100)
    """
    from lofi_tf.rendering import render as rendering

    plan = getattr(music, "plan", None)
    if plan is not None:
        from lofi_tf.composing.compose import levels_of

        values = {"gain_db": levels_of(plan), **options.get("values", {})}
        options, preset = {**options, "values": values}, preset or plan.preset
        seed = plan.seed if seed is None else seed
    with tempfile.TemporaryDirectory() as folder:
        path, how = Path(folder) / "sound.wav", (preset or DEFAULT_PRESET, seed or 0)
        rendering.render(music_of(music), path, *how, **options)
        return read_audio(path)


def sound_of(sound: Sound | str | Path) -> Sound:
    """Returns a sound as it was given, or that of a file."""
    return read_audio(sound) if isinstance(sound, str | Path) else sound
