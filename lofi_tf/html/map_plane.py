"""Where latents lie in a picture: along the directions in which their music changes most."""

import dataclasses
from collections.abc import Mapping

import numpy as np

from lofi_tf.errors import check_range
from lofi_tf.evaluation.music_features import Excerpt
from lofi_tf.music.drum_classes import DRUM_NAMES

LEAST_POINTS, MOST_POINTS = 30, 5000
DIRECTIONS = 16  # that neighbours are told by
NEIGHBOURS = 6
_BLUR = 2.0  # half steps: how near pitches are that count as alike


@dataclasses.dataclass(frozen=True)
class Plane:
    """Directions of a latent, that of most change first.

    Attributes:
        mean: of the latents [Z].
        directions: [Z, D], orthogonal; each as long as its music changes, the first 1.
        axes: what the first two are like, in words.
    """

    mean: np.ndarray
    directions: np.ndarray
    axes: list[str]

    def places(self, z: np.ndarray) -> np.ndarray:
        """Returns latents [N, Z] along the directions, float64 [N, D]."""
        return (z - self.mean) @ self.directions


def check_points(points: int) -> None:
    """Refuses a number of points that a map cannot have.

    Raises:
        LofiError: too few or too many.
    """
    check_range("map_points", points, LEAST_POINTS, MOST_POINTS)


def plane_of(
    z: np.ndarray, excerpts: list[Excerpt], measures: Mapping[str, np.ndarray] = ()
) -> Plane:
    """Returns the directions of latents [N, Z] that go along with their music.

    They are the left singular vectors of the covariance between latents and what is played
    (partial least squares by a singular value decomposition; Bookstein 1994). The prior varies
    alike in every direction, so its own principal components say nothing of music.

    Args:
        z: latents [N, Z].
        excerpts: their music.
        measures: values [N] by name; an axis is called after the one that goes along with it most,
            the second after another than the first.
    """
    centred = np.asarray(z, np.float64) - z.mean(axis=0)
    steps = min(excerpt.num_bars * excerpt.bar_steps for excerpt in excerpts)
    played = np.stack([image(excerpt, steps) for excerpt in excerpts])  # [N, I]
    played -= played.mean(axis=0)
    left, values, _ = np.linalg.svd(centred.T @ played, full_matrices=False)
    values, left = values[:DIRECTIONS], left[:, :DIRECTIONS]
    directions, axes = left * values / max(values[0], 1e-12), []
    left_over = dict(measures)
    for number in range(min(2, directions.shape[1])):
        sign, name, correlation = _called(centred @ directions[:, number], left_over)
        directions[:, number] *= sign
        left_over.pop(name, None)
        axes.append(name and f"{name} (correlation {correlation:.2f})")
    return Plane(z.mean(axis=0), directions, axes)


def image(excerpt: Excerpt, steps: int) -> np.ndarray:
    """Returns what is played as numbers [I]: drums by the step, pitches blurred and by the beat.

    What begins after so many steps does not count.
    """
    drums = np.zeros([steps, len(DRUM_NAMES)])
    pitched = np.zeros([steps, 128])
    begun = np.zeros([steps, 1])
    rows = zip(excerpt.steps, excerpt.ends, excerpt.lines, excerpt.drums, strict=True)
    for start, end, line, is_drum in rows:
        if start >= steps:
            continue
        if is_drum:
            drums[start, line - 128] = 1
        else:
            pitched[start : max(start + 1, int(end + 0.5)), line] = 1
            begun[start] = 1
    away = np.subtract.outer(np.arange(128), np.arange(128)) / _BLUR
    blurred = pitched.reshape(-1, 4, 128).mean(axis=1) @ np.exp(-(away**2) / 2)
    return np.concatenate([part.reshape(-1) for part in (drums, blurred, begun)])


def nearest(places: np.ndarray, count: int = NEIGHBOURS) -> np.ndarray:
    """Returns the rows that are nearest to each of the rows [N, D] by cosine, int [N, count]."""
    units = places / np.maximum(np.linalg.norm(places, axis=1, keepdims=True), 1e-12)
    cosines = units @ units.T
    np.fill_diagonal(cosines, -np.inf)
    return np.argsort(-cosines, axis=1, kind="stable")[:, : min(count, len(places) - 1)]


def far_points(places: np.ndarray, count: int) -> np.ndarray:
    """Returns rows of places [N, 2] far from each other: each next is farthest from those before.

    The first is the farthest from the mean (Gonzalez 1985).
    """
    found = [int(np.linalg.norm(places - places.mean(axis=0), axis=1).argmax())]
    while len(found) < count:
        gaps = np.linalg.norm(places[:, None] - places[found], axis=2).min(axis=1)
        gaps[found] = -1
        found.append(int(gaps.argmax()))
    return np.array(found)


def triangles_of(places: np.ndarray) -> np.ndarray:
    """Returns the Delaunay triangles of places [N, 2], int [M, 3]; none of places in a line."""
    from scipy.spatial import Delaunay, QhullError

    try:
        found = Delaunay(places).simplices
    except QhullError:
        return np.zeros([0, 3], int)
    return np.sort(found, axis=1)[np.lexsort(np.sort(found, axis=1).T[::-1])]


def _called(along: np.ndarray, measures: Mapping[str, np.ndarray]) -> tuple[float, str, float]:
    """Returns the sign that turns an axis the way a measure grows, its name and correlation."""
    best, name = 0.0, ""
    for other, values in measures.items():
        known = np.isfinite(values)
        if known.sum() < 3 or not values[known].std() or not along[known].std():
            continue
        found = float(np.corrcoef(along[known], values[known])[0, 1])
        if abs(found) > abs(best):
            best, name = found, other
    return (-1.0 if best < 0 else 1.0), name, abs(best)
