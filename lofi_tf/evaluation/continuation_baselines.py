"""What a continuation has to beat: the last frame or segment again, the mean, the level alone.

One frame ahead, each is a distribution whose free numbers are fitted on training clips, measured in
nats a sample like the model's likelihood. On its own, each is a sound, and measured by the distance
of its spectra to those of the sound that was there.
"""

import math
from collections.abc import Sequence

import numpy as np

LEAST_SIGMA = math.exp(-9.0)  # as the model's
FFT_SIZES = (128, 512, 2048)
FLOOR_DB = -80.0
_EM_STEPS = 50


def frame_pairs(clips: np.ndarray, frame_size: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns the frames of the second half of clips [B, n], and of each the frame before.

    [B, F, S] each: what a model is judged by, and what it was fed last.
    """
    count = clips.shape[1] // frame_size
    frames = clips[:, : count * frame_size].reshape(len(clips), count, frame_size)
    half = count // 2
    return frames[:, half:], frames[:, half - 1 : -1]


def gaussian_nats(errors: np.ndarray, sigma: np.ndarray | float) -> np.ndarray:
    """Returns the negative log likelihood in nats a sample, [B], of errors [B, F, S].

    Args:
        errors: samples less their means.
        sigma: deviation, one, or one that broadcasts.
    """
    sigma = np.maximum(sigma, LEAST_SIGMA)
    nats = 0.5 * np.square(errors / sigma) + np.log(sigma) + 0.5 * math.log(2.0 * math.pi)
    return nats.mean(axis=(1, 2))


def best_sigma(errors: np.ndarray) -> float:
    """Returns the deviation under which errors are likeliest: their root mean square."""
    return float(np.sqrt(np.mean(np.square(errors, dtype=np.float64))))


def level_sigma(frames: np.ndarray, least: float, ratio: float = 1.0) -> np.ndarray:
    """Returns a deviation for what follows each frame, [B, F, 1] of [B, F, S].

    It is the frame's root mean square and `least`, their squares added, times `ratio`.
    """
    power = np.mean(np.square(frames, dtype=np.float64), axis=-1, keepdims=True)
    return ratio * np.sqrt(power + least**2)


def best_level(frames: np.ndarray, before: np.ndarray) -> tuple[float, float]:
    """Returns the likeliest `least` and `ratio` of `level_sigma`, for frames after those before.

    For each of some values of `least` the best ratio has a closed form.
    """
    found = []
    for least in np.exp(np.arange(-9.0, 0.5, 0.5)):
        sigma = level_sigma(before, least)
        ratio = best_sigma(frames / sigma)
        found.append((gaussian_nats(frames, ratio * sigma).mean(), float(least), ratio))
    return min(found)[1:]


def class_shares(codes: np.ndarray, classes: int) -> np.ndarray:
    """Returns the share of each class among codes, counted once more than it occurs."""
    counts = np.bincount(codes.ravel(), minlength=classes) + 1.0
    return counts / counts.sum()


def categorical_nats(
    codes: np.ndarray, shares: np.ndarray, copied: np.ndarray | None = None, trust: float = 0.0
) -> np.ndarray:
    """Returns the cross entropy in nats a sample, [B], of codes [B, F, S].

    Args:
        codes: classes of samples.
        shares: probability of each class.
        copied: codes that are likely to come again.
        trust: probability that these come again; else `shares` decides.
    """
    probability = (1.0 - trust) * shares[codes]
    if copied is not None:
        probability = probability + trust * (codes == copied)
    return -np.log(probability).mean(axis=(1, 2))


def best_trust(codes: np.ndarray, copied: np.ndarray, shares: np.ndarray) -> float:
    """Returns the likeliest `trust` of `categorical_nats`, by expectation and maximization."""
    same, other, trust = codes == copied, shares[codes], 0.5
    for _ in range(_EM_STEPS):
        joint = trust * same
        trust = float(np.mean(joint / (joint + (1.0 - trust) * other)))
    return trust


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


def _decibels(sounds: np.ndarray, fft_size: int) -> np.ndarray:
    window = np.hanning(fft_size + 1)[:-1]
    views = np.lib.stride_tricks.sliding_window_view(sounds, fft_size, axis=1)
    spectra = np.fft.rfft(views[:, :: fft_size // 4] * window, axis=-1)
    magnitudes = np.abs(spectra) / (0.5 * window.sum())
    return 20.0 * np.log10(np.maximum(magnitudes, 10.0 ** (FLOOR_DB / 20.0)))
