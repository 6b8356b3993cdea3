"""How alike two sets of music are: the distances within one beside those to the other.

After Yang and Lerch 2020, "On the evaluation of generative models in music".
"""

from typing import NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.distance import cdist, pdist

BINS = 2048
TAILS = 4.0  # bandwidths beyond the values
LEAST = 1e-10  # of a density, so that logarithms are finite


class Likeness(NamedTuple):
    """How far a set is like another.

    Attributes:
        overlap: overlapped area (OA) of the two densities of distances, 0 to 1.
        divergence: their Kullback-Leibler divergence in nats, 0 or more.
    """

    overlap: float
    divergence: float


UNKNOWN = Likeness(np.nan, np.nan)


def likeness(data: np.ndarray, others: np.ndarray) -> Likeness:
    """Returns how like the data others are, by one feature, [N] or [N, K]; a NaN does not count.

    The Euclidean distances between all pairs of the data are held against those from the data to
    the others.
    """
    data, others = (_known(values) for values in (data, others))
    if len(data) < 2 or not len(others):
        return UNKNOWN
    within, between = pdist(data), cdist(data, others).reshape(-1)
    return Likeness(overlap(within, between), divergence(within, between))


def overlap(values: np.ndarray, others: np.ndarray) -> float:
    """Returns the area under both of two densities, 0 to 1; NaN where one has no values."""
    if not len(values) or not len(others):
        return np.nan
    return float(np.minimum(*densities(values, others)).sum())


def divergence(values: np.ndarray, others: np.ndarray) -> float:
    """Returns the Kullback-Leibler divergence of a density from another, in nats."""
    p, q = (np.maximum(density, LEAST) for density in densities(values, others))
    return float(np.sum(p * np.log(p / q)))


def densities(values: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns two densities over the same bins, each of which sums to 1, float64 [2048].

    They are Gaussian kernel estimates. Both have one bandwidth, the mean of theirs by Scott's rule:
    with two, values that many excerpts share, such as 0, would make peaks of two heights.
    """
    both = [np.asarray(found, np.float64) for found in (values, others)]
    width = float(np.mean([found.std() * len(found) ** -0.2 for found in both]))
    low, high = min(found.min() for found in both), max(found.max() for found in both)
    margin = TAILS * width or 0.5  # constant values take a bin each
    edges = np.linspace(low - margin, high + margin, BINS + 1)
    counts = [np.histogram(found, edges)[0] / len(found) for found in both]
    if width > 0:
        size = edges[1] - edges[0]
        counts = [gaussian_filter1d(count, width / size, mode="constant") for count in counts]
    return tuple(count / count.sum() for count in counts)


def _known(values: np.ndarray) -> np.ndarray:
    """Returns the rows [N, K] without any NaN."""
    values = np.asarray(values, np.float64)
    values = values.reshape(len(values), -1)
    return values[~np.isnan(values).any(axis=1)]
