"""What an encoder says of rows: a Gaussian over the latents of each, and draws by a seed."""

from typing import NamedTuple

import numpy as np


class Posterior(NamedTuple):
    """A Gaussian over the lowest latents of each row: mean and stddev, float32 [N, Z]."""

    mean: np.ndarray
    stddev: np.ndarray

    def draw(self, seed: int, first_row: int = 0) -> np.ndarray:
        """Returns z [N, Z]; a row's noise depends on the seed and its number alone."""
        return self.mean + self.stddev * row_noise(seed, *self.mean.shape, first_row)


def row_noise(seed: int, count: int, size: int, first_row: int = 0) -> np.ndarray:
    """Returns standard normal numbers, float32 [count, size], of each row's own generator."""
    numbers = range(first_row, first_row + count)
    rows = [np.random.default_rng([seed, row]).standard_normal(size) for row in numbers]
    return np.array(rows, np.float32).reshape(count, size)
