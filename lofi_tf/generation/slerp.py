"""The way between two points of a latent."""

import numpy as np


def slerp(start: np.ndarray, end: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Returns points [N, Z] at the shares [N] of the great circle from `start` to `end`, both [Z].

    White 2016, "Sampling Generative Networks". Where there is no one great circle (equal,
    opposite or zero vectors) the way is straight.
    """
    one, other = np.asarray(start, np.float64), np.asarray(end, np.float64)
    share = np.asarray(shares, np.float64)[:, None]
    norms = np.linalg.norm(one) * np.linalg.norm(other)
    angle = np.arccos(np.clip(one @ other / norms if norms else 0.0, -1.0, 1.0))
    if norms and np.sin(angle) > 1e-6:
        way = (np.sin((1.0 - share) * angle) * one + np.sin(share * angle) * other) / np.sin(angle)
    else:
        way = (1.0 - share) * one + share * other
    return way.astype(np.asarray(start).dtype)
