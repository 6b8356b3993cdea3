"""Samples between samples, by cubic Hermite (Catmull-Rom) polynomials."""

import numpy as np

BEFORE, AFTER = 1, 2  # samples around a stretch that its curve depends on


def curves(data: np.ndarray) -> np.ndarray:
    """Returns the polynomials between samples [n], [4, n - 3], from the highest power down.

    The first curve goes from the second sample to the third.
    """
    before, here, after, last = data[:-3], data[1:-2], data[2:-1], data[3:]
    twist = (3 * (here - after) + last - before) / 2
    bend = before - (5 * here - 4 * after + last) / 2
    return np.stack([twist, bend, (after - before) / 2, here])


def values(curves: np.ndarray, index: np.ndarray, fraction: np.ndarray) -> np.ndarray:
    """Returns what curves are at places [m]: which curve, and which fraction in [0, 1) along it."""
    found = curves[0].take(index, mode="clip")
    for coefficients in curves[1:]:
        found *= fraction
        found += coefficients.take(index, mode="clip")
    return found
