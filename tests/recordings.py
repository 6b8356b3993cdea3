"""Recordings for tests: tones and clicks whose samples are known, and files of every kind."""

from pathlib import Path

import numpy as np
import soundfile

REAL = Path(__file__).parent / "data" / "audio"

# ending: (format, subtype) as soundfile names them
KINDS = {
    "wav": ("WAV", "PCM_16"),
    "flac": ("FLAC", "PCM_16"),
    "aiff": ("AIFF", "PCM_16"),
    "ogg": ("OGG", "VORBIS"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
}


def tone(hz, seconds, rate=44100, channels=1, amplitude=0.5):
    """A sine that begins at phase 0, [n, channels]."""
    sine = amplitude * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)
    return np.repeat(sine[:, None], channels, 1).astype(np.float32)


def clicks(times, seconds, rate=44100):
    """Single samples of full scale at times in seconds, [n, 1]."""
    samples = np.zeros([round(seconds * rate), 1], np.float32)
    samples[[round(time * rate) for time in times]] = 1
    return samples


def noise(seconds, rate=16000, seed=0, amplitude=0.1):
    """Noise of 16 bits, [n, 1]."""
    random = np.random.default_rng(seed)
    samples = amplitude * random.standard_normal([round(seconds * rate), 1])
    return np.rint(samples * 32768).clip(-32768, 32767).astype(np.float32) / 32768


def write(path, samples, rate=44100):
    """Writes a file of the kind that its name says."""
    kind, subtype = KINDS[path.suffix[1:]]
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, rate, format=kind, subtype=subtype)
    return path


def blocks_of(samples, size=1000):
    """The samples in blocks."""
    return [samples[first : first + size] for first in range(0, len(samples), size)]
