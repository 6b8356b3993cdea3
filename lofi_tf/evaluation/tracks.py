"""What the numbers of a step stand for: the tracks of music, as symbols and as drum hits."""

import dataclasses

import numpy as np

from lofi_tf.data.converters.converter import Converter
from lofi_tf.data.converters.tracks import FIRST_PITCH

HIT = 0.5  # above it a bit is a hit


@dataclasses.dataclass(frozen=True)
class Track:
    """A part of each step's numbers.

    Attributes:
        name: what it is called.
        first, size: of its numbers in a step.
        kind: `class`: a one-hot; `bits`: independent bits.
        num_drums: drums that its bits, or the bits of its class, are hits of; 0 is no drums.
        steps_a_row: rows of the model that are one step (a row a drum); the step has all.
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


def tracks_of(converter: Converter, kind: str) -> list[Track]:
    """Returns the tracks of a converter of notes.

    Args:
        converter: the model's.
        kind: of the converter, by its config.
    """
    depth = converter.model_spec["targets"].shape[-1]
    if kind == "groove":
        drums = converter.num_drums
        rows = drums if converter.split_instruments else 1
        return [Track("drums", 0, drums // rows, "bits", drums, rows)]
    if kind == "drums":
        return [Track("drums", 0, depth, _drum_kind(converter), converter.num_drums)]
    if kind == "melody":
        return [Track("melody", 0, depth, "class", pitches=(FIRST_PITCH, converter.num_events))]
    if kind == "trio":
        melody, bass, drums = converter.depths
        pitches = (FIRST_PITCH, melody)
        return [
            Track("melody", 0, melody, "class", pitches=pitches),
            Track("bass", melody, bass, "class", pitches=pitches),
            Track("drums", melody + bass, drums, "class", drums.bit_length() - 1),
        ]
    return [Track("events", 0, depth, "class")]


def _drum_kind(converter: Converter) -> str:
    return "bits" if converter.roll_output else "class"
