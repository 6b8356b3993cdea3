"""How well a continuation goes on with held-out recordings, beside simple ways to do so."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from lofi_tf.backends.base import Backend
from lofi_tf.data.storage.examples import Examples
from lofi_tf.errors import LofiError
from lofi_tf.evaluation.reconstructing import views
from lofi_tf.evaluation.tables import Table
from lofi_tf.generation.decoding import row_seeds
from lofi_tf.generation.sound_continuation import continue_from, encode_sounds, latent_paths
from lofi_tf.progress import tracked

TEMPERATURES = (0.0, 0.5, 1.0)
COPIED = "the last segment again"
CLIPS_AT_ONCE = 16
FFT_SIZES = (128, 512, 2048)
FLOOR_DB = -80.0


def continuation_table(
    backend: Backend, examples: Examples, seed: int = 0, show_progress: bool = False
) -> Table:
    """Returns the table of what follows the first half of each clip when the model goes on alone.

    The distance is that of spectra (`log_spectral_distance`) to what was there, a mean over the
    clips of a recording and then over recordings.
    """
    clips = np.concatenate([view["inputs"][..., 0] for view in views(backend, examples)])
    found = distances(backend, clips, seed, show_progress)
    copied = by_recording(found[COPIED], examples.sources)
    rows = []
    for name, values in found.items():
        mine = by_recording(values, examples.sources)
        near = None if name == COPIED else int(np.sum(mine < copied))
        row = {"way": name, "distance_db": float(mine.mean()), "recordings": len(mine)}
        rows.append(row | {"nearer_than_copy": near})
    note = (
        "distance_db: log-spectral, of the second half of each clip, from -80 dB on; "
        f"nearer_than_copy: recordings where it is nearer than {COPIED}."
    )
    return Table.of_rows("Going on alone", rows, [note])


def by_recording(values: np.ndarray, sources: np.ndarray) -> np.ndarray:
    """Returns the mean over the clips of each recording."""
    return np.array([values[sources == name].mean() for name in sorted(set(sources))])


def distances(
    backend: Backend, clips: np.ndarray, seed: int = 0, show_progress: bool = False
) -> Mapping[str, np.ndarray]:
    """Returns the distance [B] of the second half of clips [B, n] to each way of going on."""
    half = clips.shape[1] // 2
    heard, true = clips[:, :half], clips[:, half:]
    found = {}
    for temperature in TEMPERATURES:
        gone_on = _gone_on(backend, heard, true.shape[1], temperature, seed, show_progress)
        found[f"the model, temperature {temperature:g}"] = _distance(gone_on, true)
    found[COPIED] = _distance(repeated(heard, true.shape[1]), true)
    found["silence"] = _distance(np.zeros_like(true), true)
    return found


def repeated(before: np.ndarray, size: int) -> np.ndarray:
    """Returns the last `size` samples of sounds [B, n] again, over and over where n is less."""
    segment = before[:, -size:]
    return np.tile(segment, [1, math.ceil(size / segment.shape[1])])[:, :size]


def log_spectral_distance(
    one: np.ndarray, other: np.ndarray, fft_sizes: Sequence[int] = FFT_SIZES
) -> np.ndarray:
    """Returns how far the spectra of sounds [B, n] are apart, dB, [B].

    It is the mean absolute difference of the magnitudes in dB, over bins and frames and then over
    window lengths, as in multi-scale spectral losses (Engel et al. 2020, "DDSP"). Magnitudes below
    -80 dB, 0 dB being a sine of full scale, count as that.
    """
    distances = []
    for fft_size in fft_sizes:
        if fft_size <= one.shape[1]:
            difference = _decibels(one, fft_size) - _decibels(other, fft_size)
            distances.append(np.abs(difference).mean(axis=(1, 2)))
    return np.mean(distances, axis=0)


def _distance(way: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Returns log-spectral distances; a few at a time, for memory."""
    parts = [slice(first, first + 4) for first in range(0, len(true), 4)]
    return np.concatenate([log_spectral_distance(way[part], true[part]) for part in parts])


def _gone_on(
    backend: Backend, heard: np.ndarray, size: int, temperature: float, seed: int, show: bool
) -> np.ndarray:
    """Returns `size` samples after each of the sounds, [B, size], by a seed of its own."""
    firsts = range(0, len(heard), CLIPS_AT_ONCE)
    name, parts = f"going on, temperature {temperature:g}", []
    for first in tracked(firsts, len(heard), " clips", name, show, CLIPS_AT_ONCE):
        rows = heard[first : first + CLIPS_AT_ONCE]
        z = latent_paths(backend, seed + 1 + first, len(rows), 1)  # a block is a clip's length
        seeds = row_seeds(seed + 1 + first, len(rows))[:, None]
        heat = np.full(len(rows), temperature, np.float32)
        start = encode_sounds(backend, rows)
        parts.append(continue_from(backend, start, z, seeds, heat)[:, :size])
    whole = np.concatenate(parts)
    if whole.shape[1] < size:
        raise LofiError(f"{backend.config.name}: its frames fill less than half a clip")
    return whole


def _decibels(sounds: np.ndarray, fft_size: int) -> np.ndarray:
    window = np.hanning(fft_size + 1)[:-1]
    views = np.lib.stride_tricks.sliding_window_view(sounds, fft_size, axis=1)
    spectra = np.fft.rfft(views[:, :: fft_size // 4] * window, axis=-1)
    magnitudes = np.abs(spectra) / (0.5 * window.sum())
    return 20.0 * np.log10(np.maximum(magnitudes, 10.0 ** (FLOOR_DB / 20.0)))
