"""What the numbers of a decoded step stand for: tracks of music, as symbols and drum hits."""

import dataclasses

import numpy as np

HIT = 0.5  # above it a bit is a hit


@dataclasses.dataclass(frozen=True)
class OutputTrack:
    """A part of each step's numbers.

    Attributes:
        name: what it is called.
        first, size: of its numbers in a step.
        kind: `class`: a one-hot; `bits`: independent bits.
        num_drums: drums that its bits, or the bits of its class, are hits of; 0 is no drums.
        rows_a_step: rows of the model that are one step (a row a drum); the step has all.
        pitches: classes from the first of these to below the second begin a note; None has none.
    """

    name: str
    first: int
    size: int
    kind: str
    num_drums: int = 0
    rows_a_step: int = 1
    pitches: tuple[int, int] | None = None

    def symbols(self, outputs: np.ndarray) -> np.ndarray:
        """Returns the classes [B, S, 1] or bits [B, S, K] of outputs [B, T, D]."""
        part = outputs[..., self.first : self.first + self.size]
        if self.kind == "class":
            return part.argmax(-1)[..., None]
        return part.reshape(len(part), -1, self.size * self.rows_a_step) > HIT

    def hits(self, symbols: np.ndarray) -> np.ndarray:
        """Returns the drum hits, bool [B, S, drums], of symbols."""
        if self.kind == "bits":
            return symbols[..., : self.num_drums]
        inside = symbols < 1 << self.num_drums  # an end token hits nothing
        return inside & (symbols >> np.arange(self.num_drums) & 1).astype(bool)

    def onsets(self, symbols: np.ndarray) -> np.ndarray:
        """Returns where a note begins, bool [B, S], of symbols."""
        low, high = self.pitches
        return (symbols[..., 0] >= low) & (symbols[..., 0] < high)
