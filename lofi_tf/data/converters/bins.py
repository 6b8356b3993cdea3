"""Numbers in bins."""

import numpy as np


def bin_edges(low: float, high: float, num_bins: int) -> np.ndarray:
    """Returns the upper edges of the bins, float64 [num_bins]; the last lies just above `high`."""
    return np.linspace(low, high + 0.0001, num_bins)


def to_bins(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Returns the bin of each value, 0 to the number of edges - 1."""
    return np.minimum(np.digitize(values, edges, right=True), len(edges) - 1)
