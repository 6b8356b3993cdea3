"""Notes to sound with a SoundFont, by the synthesiser of the midirenderer package."""

import functools
import io
from pathlib import Path

import numpy as np
import soundfile
import soxr

from lofi_tf.audio.io import Audio
from lofi_tf.errors import LofiError

SYNTH_RATE = 48000  # Hz, the synthesiser's own
FULL_VOLUME = ((7, 127), (11, 127))  # MIDI controls: channel volume and expression


def default_soundfont() -> Path:
    """Returns the General MIDI SoundFont that comes with the pretty_midi package."""
    import pretty_midi

    return Path(pretty_midi.__file__).parent / "TimGM6mb.sf2"


def render_midi(
    midi: bytes, sample_rate: int = SYNTH_RATE, soundfont: str | Path | None = None
) -> Audio:
    """Returns the sound of a MIDI file, in stereo.

    The same bytes give the same sound. It is quantised to 16 bits at 48 kHz before it is resampled.

    Args:
        midi: the bytes of the file.
        sample_rate: Hz.
        soundfont: an .sf2 file; `default_soundfont` if not given.

    Returns:
        float32 [n, 2], the last sounds included.

    Raises:
        LofiError: a SoundFont that cannot be read, or no MIDI file.
    """
    import midirenderer

    font = _font(str(soundfont or default_soundfont()))
    try:
        wave = midirenderer.render_wave_from(font, midi)
    except (ValueError, RuntimeError) as error:
        line = " ".join(str(error).split())
        raise LofiError(f"{soundfont or 'the music'} cannot be rendered: {line}") from error
    samples, rate = soundfile.read(io.BytesIO(wave), dtype="float32", always_2d=True)
    if rate != sample_rate:
        samples = soxr.resample(samples, rate, sample_rate, "HQ")
    return Audio(np.ascontiguousarray(samples, np.float32), sample_rate)


@functools.lru_cache(maxsize=2)
def _font(path: str) -> bytes:
    try:
        font = Path(path).read_bytes()
    except OSError as error:
        raise LofiError(f"cannot read the SoundFont {path}: {error.strerror}") from error
    if font[:4] != b"RIFF" or font[8:12] != b"sfbk":
        raise LofiError(f"a SoundFont is an .sf2 file. Received: {path}")
    return font
