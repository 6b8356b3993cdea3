"""Samples between samples, by cubic Hermite (Catmull-Rom) polynomials."""

import numpy as np


def cubic(data: np.ndarray, index: np.ndarray, fraction: np.ndarray) -> np.ndarray:
    """Returns the values of `data` at `index + 1 + fraction`.

    Args:
        data: [n].
        index: whole numbers [m], from 0 to n - 4.
        fraction: [m], in [0, 1).

    Returns:
        [m].
    """
    before, here, after, last = (data[place:].take(index, mode="clip") for place in range(4))
    # In place, as this is where most of the time of a render goes.
    twist = here - after
    twist *= 3
    twist += last
    twist -= before
    twist *= fraction
    bend = here * -5
    last -= 2 * before
    bend -= last
    bend += 4 * after
    twist += bend
    twist *= fraction
    after -= before
    twist += after
    twist *= fraction
    twist *= 0.5
    twist += here
    return twist
