"""A beat's own hits in the feel of a model: how far they move, and what of their feel stays.

A hit that the grid holds (the loudest of its drum and step, near to it) goes towards what the model
plays there. Every other one (thirty-seconds, triplets, flams, layered claps, pitches of no drum) is
moved with its neighbours. So none is lost.
"""

import dataclasses
from collections.abc import Collection
from typing import Any, NamedTuple

import numpy as np

from lofi_tf.music.drum_classes import UNKNOWN
from lofi_tf.music.quantize import Grid

MAX_AMOUNT = 1.5
OFF_GRID = 0.31  # of a step: a hit further from its step, as triplets are, the grid cannot hold
VARIATION = 0.5  # of the spread of a beat's accents: the most that a model's own adds to them
PLACES = 4  # steps of a quarter


class Played(NamedTuple):
    """What a model plays of a whole piece; NaN where it plays nothing.

    Attributes:
        velocities: 0 to 127, [S, D].
        late: steps, [S, D].
    """

    velocities: np.ndarray
    late: np.ndarray


@dataclasses.dataclass(frozen=True)
class Hits:
    """The drum hits of a piece, [N] each.

    Attributes:
        starts: seconds.
        velocities: 0 to 127.
        drums: of the model, or `UNKNOWN`.
        steps: the nearest of each.
        late: how far from these, in steps.
    """

    starts: np.ndarray
    velocities: np.ndarray
    drums: np.ndarray
    steps: np.ndarray
    late: np.ndarray

    @classmethod
    def of(cls, notes: Collection[Any], table: np.ndarray, grid: Grid) -> "Hits":
        """Returns notes as hits; `table` has the drum of each pitch."""
        fields = [(note.start_time, note.velocity, table[note.pitch]) for note in notes]
        starts, velocities, drums = np.array(fields, np.float64).reshape(-1, 3).T
        steps = grid.steps(starts)
        late = starts / grid.step_seconds - steps
        return cls(starts, velocities, drums.astype(int), steps, late)

    def take(self, chosen: np.ndarray) -> "Hits":
        """Returns the hits of indices."""
        return Hits(*(column[chosen] for column in vars(self).values()))


def moved(
    hits: Hits, played: Played, grid: Grid, amount: float, keep: frozenset[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Returns by how many seconds each hit moves, and its velocity, [N] each.

    Args:
        hits: of the piece.
        played: what the model plays.
        grid: of the piece.
        amount: 0 leaves all as it is, 1 is the model's, more exaggerates.
        keep: the traits that stay the piece's own.
    """
    chosen = on_grid(hits, played)
    leaders = hits.take(chosen)
    at = leaders.steps, leaders.drums
    late, loud = played.late[at], played.velocities[at]
    if "swing" in keep:
        late = late + _by_place(leaders.late, leaders.steps) - _by_place(late, leaders.steps)
    if "accents" in keep:
        loud = accented(leaders.velocities, loud, leaders.drums)
    seconds = amount * (late - leaders.late) * grid.step_seconds
    wanted = np.maximum(leaders.velocities + amount * (loud - leaders.velocities), 1.0)
    shifts, ratios = _followed(hits, leaders, chosen, seconds, wanted / leaders.velocities)
    velocities = np.round(hits.velocities * ratios).clip(1, 127)
    return shifts, np.where(hits.velocities > 0, velocities, 0).astype(int)


def on_grid(hits: Hits, played: Played) -> np.ndarray:
    """Returns the hits that the model plays, rising indices: of each drum and step the loudest."""
    near = (np.abs(hits.late) <= OFF_GRID) & (hits.drums != UNKNOWN)
    near &= (hits.steps < len(played.late)) & (hits.velocities > 0)
    near[near] = np.isfinite(played.late[hits.steps[near], hits.drums[near]])
    found = np.flatnonzero(near)
    order = found[np.lexsort((-hits.velocities[found], hits.drums[found], hits.steps[found]))]
    cells = np.stack([hits.steps[order], hits.drums[order]], axis=1)
    first = np.ones(len(order), bool)
    first[1:] = (cells[1:] != cells[:-1]).any(axis=1)
    return np.sort(order[first])


def accented(own: np.ndarray, model: np.ndarray, drums: np.ndarray) -> np.ndarray:
    """Returns velocities [N] in the pattern of a piece's own, with a model's variation around it.

    The variation is how a model's velocities differ from the mean of their drum, at most
    `VARIATION` of the spread of the own ones; mean and spread stay those of the own ones.
    """
    means = np.array([model[drums == drum].mean() for drum in drums])
    deviation, spread = model - means, own.std()
    if not spread or not deviation.any():
        return own
    found = own + deviation * min(1.0, VARIATION * spread / deviation.std())
    return own.mean() + (found - found.mean()) * spread / found.std()


def _by_place(late: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Returns how late hits of the place of each in its quarter are on the mean, [N].

    It is taken against those on the quarters, as `metrics.swing` has it.
    """
    places = steps % PLACES
    on = late[places == 0].mean() if (places == 0).any() else 0.0
    means = [late[places == n].mean() - on if (places == n).any() else 0.0 for n in range(PLACES)]
    return np.array(means)[places]


def _followed(
    hits: Hits, leaders: Hits, chosen: np.ndarray, seconds: np.ndarray, ratios: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the changes of all hits, [N] each, of those of the leaders.

    A hit near its step changes as the leader of its drum there, or else as the leaders there do on
    the mean. Others change as is between the leaders before and after them in time, in loudness
    as those of their own drum.
    """
    if not len(chosen):
        return np.zeros(len(hits.starts)), np.ones(len(hits.starts))
    shifts = _between(hits.starts, leaders, seconds)
    factors = _between(hits.starts, leaders, ratios)
    for drum in np.unique(leaders.drums):
        own, its = leaders.drums == drum, hits.drums == drum
        factors[its] = _between(hits.starts[its], leaders.take(own), ratios[own])
    for number in np.flatnonzero(np.abs(hits.late) <= OFF_GRID):
        there = leaders.steps == hits.steps[number]
        same = there & (leaders.drums == hits.drums[number])
        if there.any():
            led = same if same.any() else there
            shifts[number], factors[number] = seconds[led].mean(), ratios[led].mean()
    shifts[chosen], factors[chosen] = seconds, ratios
    return shifts, factors


def _between(times: np.ndarray, leaders: Hits, changes: np.ndarray) -> np.ndarray:
    """Returns changes at times, on lines between the means of the leaders of each step."""
    steps, places = np.unique(leaders.steps, return_inverse=True)
    counts = np.bincount(places)
    at = np.bincount(places, leaders.starts) / counts
    return np.interp(times, at, np.bincount(places, changes) / counts)
