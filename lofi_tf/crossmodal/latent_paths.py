"""Ways through a latent space: between points, along figures, and by numbers that are given."""

from pathlib import Path

import numpy as np

from lofi_tf.errors import LofiError, check_range

TURNS = 3  # of a helix
MAX_ORDER = 3


def through(points: np.ndarray, num_steps: int, order: int = 1) -> np.ndarray:
    """Returns z [num_steps, Z] on the way through points, which are equally far apart in time.

    Args:
        points: [P, Z], more than `order` and 2 at least.
        num_steps: 2 or more; the first is the first point and the last the last.
        order: 0, the nearest point; 1, straight lines; 2 and 3, splines.

    Raises:
        LofiError: an order or steps out of range, or too few points.
    """
    from scipy.interpolate import interp1d, make_interp_spline

    points = np.asarray(points, np.float64)
    check_range("interp_order", order, 0, MAX_ORDER)
    check_range("n_steps", num_steps, 2)
    if len(points) < max(2, order + 1):
        raise LofiError(
            f"interp_order {order} needs {max(2, order + 1)} points. Received: {len(points)}; "
            "give more, or --n_points"
        )
    known, asked = np.arange(len(points)), np.linspace(0, len(points) - 1, num_steps)
    if order == 0:
        found = interp1d(known, points, kind="nearest-up", axis=0)(asked)
    else:
        found = make_interp_spline(known, points, k=order)(asked)
    return found.astype(np.float32)


def line(points: np.ndarray, num_steps: int) -> np.ndarray:
    """Returns a straight way [num_steps, Z] from the first of points [3, Z] to the second."""
    return through(points[:2], num_steps)


def circle(points: np.ndarray, num_steps: int) -> np.ndarray:
    """Returns a whole circle [num_steps, Z] about the origin.

    It lies in the plane of the first two of points [3, Z], with the first one's radius, from it on.
    """
    check_range("n_steps", num_steps, 2)
    first, second, _ = _directions(points)
    angles = np.linspace(0, 2 * np.pi, num_steps)[:, None]
    radius = np.linalg.norm(points[0])
    return (radius * (np.cos(angles) * first + np.sin(angles) * second)).astype(np.float32)


def helix(points: np.ndarray, num_steps: int) -> np.ndarray:
    """Returns a helix [num_steps, Z] of three turns.

    Half of its square distance from the origin is, at both ends, along an axis that stands upright
    on the circle that `circle` gives.
    """
    check_range("n_steps", num_steps, 2)
    first, second, axis = _directions(points)
    share = np.linspace(0, 1, num_steps)[:, None]
    angles, radius = 2 * np.pi * TURNS * share, np.linalg.norm(points[0]) / np.sqrt(2)
    around = np.cos(angles) * first + np.sin(angles) * second
    return (radius * (around + (2 * share - 1) * axis)).astype(np.float32)


TRAJECTORIES = {"line": line, "circle": circle, "helix": helix}


def given_path(text: str, start: np.ndarray, num_steps: int) -> np.ndarray:
    """Returns the way that a person gives, [T, Z].

    It is a CSV file, a step a row with Z numbers; or `dim:from:to`, several with commas between
    them, for dimensions (from 0) that change at once in so many steps; others stay at `start`.

    Raises:
        LofiError: no such file, no numbers, another number of dimensions or one out of range.
    """
    if ":" in text and not Path(text).is_file():
        return _by_dimensions(text, start, num_steps)
    try:
        with open(text, encoding="utf-8") as file:
            rows = np.loadtxt(file, np.float32, delimiter=",", ndmin=2)
    except OSError as error:
        raise LofiError(
            f"--path is a CSV file, or such as 0:-2:2,5:0:1. Received: {text!r} ({error.strerror})"
        ) from error
    except ValueError as error:
        raise LofiError(
            f"{text} is no CSV file of numbers: {str(error).splitlines()[0]}"
        ) from error
    if rows.shape[1] != len(start) or len(rows) < 2 or not np.isfinite(rows).all():
        raise LofiError(
            f"{text} does not fit. Allowed: 2 rows or more of {len(start)} numbers. "
            f"Received: {len(rows)} of {rows.shape[1]}"
        )
    return rows


def _by_dimensions(text: str, start: np.ndarray, num_steps: int) -> np.ndarray:
    check_range("n_steps", num_steps, 2)
    path = np.repeat(np.asarray(start, np.float32)[None], num_steps, axis=0)
    for word in text.split(","):
        parts = word.split(":")
        try:
            number, begin, end = int(parts[0]), float(parts[1]), float(parts[2])
            fine = len(parts) == 3 and 0 <= number < len(start) and np.isfinite([begin, end]).all()
        except (ValueError, IndexError):
            fine = False
        if not fine:
            raise LofiError(
                f"--path is a CSV file, or dim:from:to with dim 0 to {len(start) - 1}, such as "
                f"0:-2:2,5:0:1. Received: {word!r}"
            )
        path[:, number] = np.linspace(begin, end, num_steps)
    return path


def _directions(points: np.ndarray) -> np.ndarray:
    """Returns three unit vectors [3, Z], at right angles; of smaller spaces zeros are the rest."""
    found = []
    for point in np.asarray(points, np.float64):
        rest = point - sum((point @ other) * other for other in found)
        length = np.linalg.norm(rest)
        found.append(rest / length if length > 1e-9 else np.zeros_like(rest))
    return np.array(found)
