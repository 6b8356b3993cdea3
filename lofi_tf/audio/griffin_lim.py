"""From magnitudes to samples: what fits bands, and phases by Griffin and Lim (1984)."""

import warnings

import numpy as np

ITERATIONS = 32  # of Griffin-Lim
FIT_ITERATIONS = 100


def fitted(bands: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Returns x [K, frames] >= 0 with bands @ x near the target [F, frames], itself from 0 on.

    By the multiplicative steps of Daube-Witherspoon and Muehllehner (1986). Bands [F, K], from 0
    on, say what each of K bins adds to each band.
    """
    wanted, squares = bands.T @ target, bands.T @ bands
    found = wanted / np.maximum(squares.sum(1, keepdims=True), 1e-12)
    for _ in range(FIT_ITERATIONS):
        found = found * wanted / np.maximum(squares @ found, 1e-20)
    return found


def griffin_lim(
    spectrum: np.ndarray, fft_size: int, hop_size: int, num_samples: int, iterations: int
) -> np.ndarray:
    """Returns samples [num_samples] that have nearly the given amplitudes, the same each time.

    The spectrum, [1 + fft_size / 2, frames] of Hann windows, is 1 for a sine of full scale.
    """
    import librosa

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of sounds shorter than a window
        return librosa.griffinlim(
            spectrum / bin_scale(fft_size),
            n_iter=iterations,
            hop_length=hop_size,
            n_fft=fft_size,
            length=num_samples,
            random_state=0,
        )


def bin_scale(fft_size: int) -> np.float32:
    """Returns what brings the bins of a transform to amplitudes: Hann's window adds up to half."""
    return np.float32(4 / fft_size)
