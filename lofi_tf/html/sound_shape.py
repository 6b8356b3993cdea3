"""What a picture shows of a sound file of any length, read block by block."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lofi_tf.audio.channels import mono_blocks
from lofi_tf.audio.io import probe, read_blocks

LEAST_DB = -80.0
LOWEST_HZ = 30.0
WINDOW, HOP = 4096, 2048  # samples
MOST_WINDOWS = 64  # in a column


@dataclass(frozen=True)
class SoundShape:
    """A sound in columns of equal time.

    Attributes:
        seconds: How long the sound is.
        column_seconds: How long a column is; the last may be shorter.
        low: Least sample of each column [C], of the channels' mean.
        high: Greatest sample of each column [C].
        level_db: Level of each band in each column [F, C]; a sine of amplitude 1 has 0 dB.
        edges_hz: Borders of the bands [F + 1], evenly spaced in pitch.
    """

    seconds: float
    column_seconds: float
    low: np.ndarray
    high: np.ndarray
    level_db: np.ndarray
    edges_hz: np.ndarray


def sound_shape(path: str | Path, columns: int = 1000, bands: int = 96) -> SoundShape:
    """Returns the outline and the log-frequency levels of a sound file (WAV, FLAC, Ogg).

    Only one column of samples is held at a time. A column has the mean power of the Hann windows of
    4096 samples that end in it: at its end and every 2048 samples before, or 64 of them evenly.

    Raises:
        NotConvertible: As `lofi_tf.audio.io.read_blocks`.
    """
    info = probe(path)
    size = -(-info.num_samples // columns)
    low, high, level = [], [], []
    edges = np.geomspace(min(LOWEST_HZ, info.sample_rate / 8), info.sample_rate / 2, bands + 1)
    kept = np.zeros(WINDOW)
    for block in mono_blocks(read_blocks(path, size)):
        samples = block[:, 0].astype(np.float64)
        low.append(samples.min())
        high.append(samples.max())
        heard = np.concatenate([kept, samples])
        level.append(_levels(heard, info.sample_rate, edges))
        kept = heard[-WINDOW:]
    seconds = info.num_samples / info.sample_rate
    return SoundShape(
        seconds, size / info.sample_rate, np.array(low), np.array(high), np.array(level).T, edges
    )


def _levels(samples: np.ndarray, rate: int, edges: np.ndarray) -> np.ndarray:
    """Returns the greatest level within each band [F]; a band between bins takes the nearest.

    The first 4096 samples are from before: no window ends in them.
    """
    window = np.hanning(WINDOW)
    hop = max(HOP, -(-(len(samples) - WINDOW) // MOST_WINDOWS))
    frames = np.stack([samples[end - WINDOW : end] for end in range(len(samples), WINDOW, -hop)])
    power = np.mean(np.abs(np.fft.rfft(frames * window)) ** 2, axis=0)
    amplitude = np.sqrt(power) * 2 / window.sum()
    level = 20 * np.log10(np.maximum(amplitude, 10 ** (LEAST_DB / 20)))
    first = np.clip(np.round(edges[:-1] * WINDOW / rate).astype(int), 0, len(level) - 1)
    last = np.clip(np.round(edges[1:] * WINDOW / rate).astype(int), first + 1, len(level))
    return np.array([level[a:b].max() for a, b in zip(first, last, strict=True)])
