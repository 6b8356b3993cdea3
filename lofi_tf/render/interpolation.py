"""Samples between samples, by cubic Hermite (Catmull-Rom) polynomials."""

import numpy as np


def cubic(data: np.ndarray, index: np.ndarray, fraction: np.ndarray) -> np.ndarray:
    """Returns the values of `data` at `index + fraction`.

    Args:
        data: [..., n].
        index: whole numbers [m], from 1 to n - 3.
        fraction: [m], in [0, 1).

    Returns:
        [..., m].
    """
    index = index - 1
    before, here, after, last = (
        np.take(data[..., place:], index, axis=-1, mode="clip") for place in range(4)
    )
    slope = after - before
    bend = before - 2.5 * here + 2 * after - 0.5 * last
    twist = 0.5 * (last - before) + 1.5 * (here - after)
    return here + fraction * (0.5 * slope + fraction * (bend + fraction * twist))
