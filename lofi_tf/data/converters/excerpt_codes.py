"""Excerpts as small arrays that can be compared: stored examples and decoded outputs alike."""

import dataclasses
from typing import Any

import numpy as np

from lofi_tf.data.converters.tracks import FIRST_PITCH


@dataclasses.dataclass(frozen=True)
class Codes:
    """Excerpts of one length, N of them; what a kind of music does not have is None.

    Attributes:
        tokens: integers [N, K], a column a step (of a part).
        pitched: columns of tokens that are pitches from `FIRST_PITCH` on, bool [K].
        half_step: in these columns, by how much a token grows with a half step.
        around: how many tokens there are after which pitches begin again, as of chords, whose
            octave does not count; None where they do not.
        end_token: in these columns, the token that is no pitch; None where there is none.
        hits: which drum is hit at which step, bool [N, S * D].
        velocities: 0 to 127, float32 [N, S * D].
        late: sixteenths (steps of the grid), float32 [N, S * D].
    """

    tokens: np.ndarray | None = None
    pitched: np.ndarray | None = None
    half_step: int = 1
    around: int | None = None
    end_token: int | None = None
    hits: np.ndarray | None = None
    velocities: np.ndarray | None = None
    late: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.hits if self.tokens is None else self.tokens)

    @property
    def silent(self) -> np.ndarray:
        """Which excerpts have no note, bool [N]."""
        if self.hits is not None:
            return ~np.any(self.hits, axis=1)
        counts = self.tokens >= FIRST_PITCH if self.pitched.any() else self.tokens > 0
        return ~np.any(counts, axis=1)

    def moved(self, row: int, shift: int) -> np.ndarray:
        """Returns the tokens [K] of a row by so many half steps higher, where they are pitches.

        One that leaves the pitches becomes -1, which is no token.
        """
        tokens = self.tokens[row]
        pitches = self.pitched & (tokens >= FIRST_PITCH) & (tokens != self.end_token)
        shifted = tokens.astype(np.int64) - FIRST_PITCH + shift * self.half_step
        if self.around is not None:
            shifted %= self.around
        elif self.end_token is not None:
            shifted[shifted + FIRST_PITCH >= self.end_token] = -1
        shifted = np.where(shifted >= 0, shifted + FIRST_PITCH, -1)
        return np.where(pitches, shifted, tokens).astype(tokens.dtype)

    def take(self, rows: np.ndarray) -> "Codes":
        """Returns the excerpts of rows."""
        names = ("tokens", "hits", "velocities", "late")
        arrays = {name: getattr(self, name) for name in names}
        return dataclasses.replace(
            self, **{name: a[rows] for name, a in arrays.items() if a is not None}
        )


def codes_of_grids(hits: np.ndarray, velocities: np.ndarray, late: np.ndarray) -> Codes:
    """Returns grids [N, S, D] as codes; where a drum is silent the others are 0."""
    flat = [grid.reshape(len(grid), -1) for grid in (hits, velocities, late)]
    hits = flat[0].astype(bool)
    velocities, late = (np.where(hits, grid, 0).astype(np.float32) for grid in flat[1:])
    return Codes(hits=hits, velocities=velocities, late=late)


def joined(parts: list[Codes]) -> Codes:
    """Returns the excerpts of several one after the other."""
    names = ("tokens", "hits", "velocities", "late")
    arrays = {name: [getattr(part, name) for part in parts] for name in names}
    joint: dict[str, Any] = {n: np.concatenate(a) for n, a in arrays.items() if a[0] is not None}
    return dataclasses.replace(parts[0], **joint)


def ended(tokens: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Returns tokens [..., T] without those after the first end."""
    after = np.cumsum(ends, axis=-1) - ends > 0
    return np.where(after, 0, tokens)


def before_end(tokens: np.ndarray, end_token: int) -> np.ndarray:
    """Returns tokens [T] before any end token."""
    ends = np.flatnonzero(tokens == end_token)
    return tokens[: ends[0]] if len(ends) else tokens


def of_steps(array: np.ndarray, num_steps: int) -> np.ndarray:
    """Returns an array [N, S, ...] of so many steps, cut or padded with zeros at its end."""
    missing = max(0, num_steps - array.shape[1])
    padded = np.pad(array, [(0, 0), (0, missing)] + [(0, 0)] * (array.ndim - 2))
    return padded[:, :num_steps]
