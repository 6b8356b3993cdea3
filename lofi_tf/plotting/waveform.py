"""Pictures of sound: the waveform, and the spectrogram below it."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lofi_tf.audio.io import Audio
from lofi_tf.plotting.figures import array_of, save_png

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LEAST_DB = -80.0
WINDOW_SECONDS = 0.046


def save_sound(audio: Audio, path: str | Path, title: str = "") -> None:
    """Writes a PNG picture of a piece of audio; see `draw_sounds`."""
    save_png(draw_sounds([audio], [title]), path)


def sounds_array(sounds: list[Audio], titles: list[str]) -> np.ndarray:
    """Returns a picture of pieces of audio side by side, uint8 [height, width, 3]."""
    return array_of(draw_sounds(sounds, titles))


def draw_sounds(sounds: list[Audio], titles: list[str]) -> "Figure":
    """Returns a figure of pieces of audio side by side: waveform, and spectrogram in dB of each.

    Time runs in seconds along x; of several channels the mean is drawn. Both axes of amplitude and
    of level are the same for all, so that pieces can be compared.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6 * max(1, len(sounds)), 5), layout="constrained")
    for number, (sound, title) in enumerate(zip(sounds, titles, strict=True)):
        samples, rate = np.asarray(sound.samples, np.float64).mean(axis=1), sound.sample_rate
        upper = figure.add_subplot(2, len(sounds), number + 1)
        upper.plot(np.arange(len(samples)) / rate, samples, linewidth=0.5)
        upper.set_ylim(-1, 1)
        upper.set_title(title, loc="left", fontsize=9)
        lower = figure.add_subplot(2, len(sounds), len(sounds) + number + 1)
        _draw_spectrogram(lower, samples, rate)
        for axes in (upper, lower):
            axes.set_xlim(0, max(len(samples) / rate, 1 / rate))
            axes.tick_params(labelsize=7)
        lower.set_xlabel("seconds", fontsize=7)
        lower.set_ylabel("Hz", fontsize=7)
    return figure


def _draw_spectrogram(axes, samples: np.ndarray, rate: int) -> None:
    from scipy.signal import stft

    size = 2 ** max(4, round(np.log2(WINDOW_SECONDS * rate)))
    padded = np.pad(samples, (0, max(0, size - len(samples))))
    frequencies, times, values = stft(padded, rate, nperseg=size, noverlap=size * 3 // 4)
    level = 20 * np.log10(np.maximum(np.abs(values) * 2, 10 ** (LEAST_DB / 20)))
    axes.pcolormesh(times, frequencies, level, vmin=LEAST_DB, vmax=0, cmap="magma", rasterized=True)
