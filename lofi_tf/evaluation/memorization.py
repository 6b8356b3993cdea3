"""How far excerpts are from the nearest of others: what a model copies of what it learned from."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import mannwhitneyu

from lofi_tf.data.converters.excerpt_codes import Codes
from lofi_tf.evaluation.tables import Table

SHIFTS = range(-11, 12)  # half steps
ROWS_AT_ONCE = 256
MOST_COPIES = 50  # that are named


class Nearest(NamedTuple):
    """The nearest of a bank for each of S excerpts: distances, 0 to 1, and its rows, [S]."""

    distances: np.ndarray
    rows: np.ndarray


def by_steps(codes: Codes, bank: Codes, shifts: Sequence[int] = (0,)) -> Nearest:
    """Returns the nearest by the share of steps whose tokens differ (Hamming distance).

    Of the shifts, half steps by which all pitches of an excerpt are moved, the best one counts.
    """
    columns = np.ascontiguousarray(bank.tokens.T)  # [K, N]
    best = [_best(columns, codes, row, shifts) for row in range(len(codes))]
    rows, matches = (np.array(part, np.int64) for part in zip(*best, strict=True))
    return Nearest(1 - matches / len(columns), rows)


def by_hits(codes: Codes, bank: Codes) -> Nearest:
    """Returns the nearest by the Jaccard distance of hits: 1 less the share that both have.

    Of equally near ones, that of the nearest velocities counts.
    """
    others = bank.hits.astype(np.float32)
    sizes, found = others.sum(axis=1), []
    for first in range(0, len(codes), ROWS_AT_ONCE):
        hits = codes.hits[first : first + ROWS_AT_ONCE].astype(np.float32)
        both = hits @ others.T
        either = hits.sum(axis=1)[:, None] + sizes - both
        distances = 1.0 - both.astype(np.float64) / np.maximum(either, 1.0)
        distances[either == 0] = 0.0
        found += [_softest(codes, bank, first + n, line) for n, line in enumerate(distances)]
    distances, rows = (np.array(part) for part in zip(*found, strict=True))
    return Nearest(distances, rows)


def touch(codes: Codes, bank: Codes, nearest: Nearest) -> tuple[np.ndarray, np.ndarray]:
    """Returns the mean differences of the hits that excerpts share with their nearest, [S] each.

    Of velocity (0 to 127) and of time (steps), float64; NaN where no hit is shared.
    """
    shared = codes.hits & bank.hits[nearest.rows]
    counts = np.where(shared.any(axis=1), shared.sum(axis=1), np.nan)
    pairs = ((codes.velocities, bank.velocities), (codes.late, bank.late))
    differences = (np.abs(own - other[nearest.rows]) for own, other in pairs)
    return tuple((d * shared).sum(axis=1, dtype=np.float64) / counts for d in differences)


def farther(distances: np.ndarray, others: np.ndarray) -> tuple[float, float]:
    """Returns how much farther some are than others, after Meehan et al. 2020.

    "A non-parametric test to detect data-copying in generative models": the probability that a
    sample is farther from the training data than a held-out excerpt is (half of it where they are
    equal), and the z-score of that (Mann and Whitney). Below 0.5 and 0 a model copies, above it
    does not reach the data.
    """
    sizes = len(distances), len(others)
    if not all(sizes):
        return np.nan, np.nan
    count = mannwhitneyu(distances, others, method="asymptotic").statistic
    product = sizes[0] * sizes[1]
    return count / product, (count - product / 2) / np.sqrt(product * (sum(sizes) + 1) / 12)


def nearest_tables(sets: dict[str, Codes], bank: Codes, sources: np.ndarray) -> list[Table]:
    """Returns the tables of distances to the nearest training example, and of copies.

    Of the sets the first are the model's, the last those that these are held against.
    """
    sounding = {name: np.flatnonzero(~codes.silent) for name, codes in sets.items()}
    heard = {name: codes.take(sounding[name]) for name, codes in sets.items()}
    kept = np.flatnonzero(~bank.silent)
    bank = bank.take(kept)
    if not len(bank) or not all(len(codes) for codes in heard.values()):
        return []
    lines, copies = [], []
    for measure, find in _measures(bank).items():
        found = {name: find(codes, bank) for name, codes in heard.items()}
        reference = list(found.values())[-1].distances
        for name, nearest in found.items():
            chance = farther(nearest.distances, reference)
            lines.append(_line(f"{measure}: {name}", nearest, chance))
            if bank.velocities is not None:
                differences = touch(heard[name], bank, nearest)
                lines[-1] |= dict(zip(_TOUCH, map(_median, differences), strict=True))
        first = next(iter(sets))
        exact = np.flatnonzero(found[first].distances == 0)
        numbers = sounding[first]
        copies += [
            {"copy": f"{measure} {numbers[n]}", "of": sources[kept[found[first].rows[n]]]}
            for n in exact[:MOST_COPIES]
        ]
    notes = [
        "Distance to the nearest training example: 0 is a copy, 1 shares nothing. Excerpts without "
        "a note are left out.",
        "farther: how probably one is farther than a held-out one (Meehan et al. 2020); 0.5 is "
        "like real music, less is copying. z counts neighbouring excerpts as independent.",
    ]
    tables = [Table.of_rows("Nearest training examples", lines, notes)]
    if copies:
        tables.append(Table.of_rows("Copies of training examples", copies))
    return tables


_TOUCH = ("velocity difference", "time difference, steps")


def _measures(bank: Codes) -> dict:
    """Returns ways to look for the nearest, by name."""
    found = {}
    if bank.tokens is not None:
        found["steps"] = by_steps
        if bank.pitched.any():
            found["steps, best transposition"] = lambda codes, b: by_steps(codes, b, SHIFTS)
    if bank.hits is not None:
        found["hits"] = by_hits
    return found


def _line(name: str, nearest: Nearest, chance: tuple[float, float]) -> dict:
    return {
        "set": name,
        "excerpts": len(nearest.distances),
        "median": float(np.median(nearest.distances)),
        "5th percentile": float(np.percentile(nearest.distances, 5)),
        "copies": int(np.count_nonzero(nearest.distances == 0)),
        "farther": chance[0],
        "z": chance[1],
    }


def _median(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else np.nan


def _best(columns: np.ndarray, codes: Codes, row: int, shifts: Sequence[int]) -> tuple[int, int]:
    """Returns the nearest of a bank [K, N], and how many of its tokens are the same."""
    tokens, higher = codes.tokens[row], codes.moved(row, 1)
    moves = tokens != higher
    still = _matches(columns, tokens, np.flatnonzero(~moves))
    nearest, most = 0, -1
    for shift in shifts:
        moved = codes.moved(row, shift)
        matches = still + _matches(columns, moved, np.flatnonzero(moves & (moved >= 0)))
        chosen = int(matches.argmax())
        if matches[chosen] > most:
            nearest, most = chosen, int(matches[chosen])
    return nearest, most


def _matches(columns: np.ndarray, tokens: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Returns in how many of the chosen columns [K, N] each row has these tokens [K], [N].

    Bytes hold the counts where they can, since those are added fastest.
    """
    few = len(columns) < 256
    total = np.zeros(columns.shape[1], np.uint8 if few else np.uint16)
    same = np.empty(columns.shape[1], bool)
    for column in chosen:
        np.equal(columns[column], tokens[column], out=same)
        np.add(total, same.view(np.uint8), out=total)
    return total


def _softest(codes: Codes, bank: Codes, row: int, distances: np.ndarray) -> tuple[float, int]:
    """Returns the least of distances [N] and where it is, by velocities where several are least."""
    least = distances.min()
    tied = np.flatnonzero(distances == least)
    if bank.velocities is None or len(tied) == 1:
        return least, int(tied[0])
    differences = np.abs(bank.velocities[tied] - codes.velocities[row]).sum(axis=1)
    return least, int(tied[differences.argmin()])
