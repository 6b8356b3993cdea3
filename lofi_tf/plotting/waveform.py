"""Pictures of sound: the waveform, and the spectrogram below it."""

from typing import TYPE_CHECKING

import numpy as np

from lofi_tf.audio.io import Audio
from lofi_tf.plotting.figures import new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LEAST_DB = -80.0
WINDOW_SECONDS = 0.046


def draw_sounds(sounds: list[Audio], titles: list[str]) -> "Figure":
    """Returns a figure of pieces of audio side by side: waveform, and spectrogram in dB of each.

    Time runs in seconds along x; of several channels the mean is drawn. Both axes of amplitude and
    of level are the same for all, so that pieces can be compared.
    """
    figure, grid = new_figure((6 * len(sounds), 5), 2, len(sounds))
    for (upper, lower), sound, title in zip(grid.T, sounds, titles, strict=True):
        samples, rate = np.asarray(sound.samples, np.float64).mean(axis=1), sound.sample_rate
        upper.plot(np.arange(len(samples)) / rate, samples, linewidth=0.5)
        upper.set_ylim(-1, 1)
        upper.set_title(title, loc="left", fontsize=9)
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
