"""Notes as symbols: for each instrument its octave, pitch class and dynamics, each one of a few.

Follows the labels of "Cross-Modal Variational Inference for Bijective Signal-Symbol Translation"
(Chemla-Romeu-Santos et al. 2019): 9 octaves, 12 pitch classes, 5 dynamics, and a class for silence.
"""

import dataclasses
from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np

NUM_OCTAVES, NUM_PITCH_CLASSES = 9, 12
LOWEST_PITCH = 12  # C0; the octaves are 0 to 8
HIGHEST_PITCH = LOWEST_PITCH + NUM_OCTAVES * NUM_PITCH_CLASSES - 1
Label = Literal["octave", "pitch", "dynamics"]
LABELS: tuple[Label, ...] = ("octave", "pitch", "dynamics")
MAX_VELOCITY = 127


class Symbol(NamedTuple):
    """What one instrument plays; each is None where it is not labelled, all where it is silent.

    Attributes:
        octave: 0 to 8; middle C is in octave 4.
        pitch: class, 0 to 11 from C.
        dynamics: class, from the softest on.
    """

    octave: int | None = None
    pitch: int | None = None
    dynamics: int | None = None


class Field(NamedTuple):
    """One label of one instrument in a vector of symbols: where its classes begin, and how many."""

    instrument: int
    label: str
    begin: int
    size: int


@dataclasses.dataclass(frozen=True)
class SymbolLayout:
    """What stands where in a vector of symbols.

    Attributes:
        num_instruments: I.
        labels: of each instrument, in this order.
        num_dynamics: classes of dynamics, of equal width in velocity.
        zero_extra_class: whether each label has a last class for silence.
    """

    num_instruments: int
    labels: tuple[str, ...] = LABELS
    num_dynamics: int = 5
    zero_extra_class: bool = True

    def num_classes(self, label: str) -> int:
        """Returns the classes of a label, silence not counted."""
        sizes = {"octave": NUM_OCTAVES, "pitch": NUM_PITCH_CLASSES, "dynamics": self.num_dynamics}
        return sizes[label]

    @property
    def fields(self) -> list[Field]:
        """All labels of all instruments, in order."""
        return list(self._fields())

    @property
    def depth(self) -> int:
        """Size S of a vector."""
        last = self.fields[-1]
        return last.begin + last.size

    def encode(self, symbols: list[Symbol]) -> np.ndarray:
        """Returns the vector, float32 [S], of what each instrument plays."""
        vector = np.zeros(self.depth, np.float32)
        for field in self.fields:
            value = getattr(symbols[field.instrument], field.label)
            if value is not None:
                vector[field.begin + value] = 1
            elif self.zero_extra_class:
                vector[field.begin + field.size - 1] = 1
        return vector

    def decode(self, vector: np.ndarray, least: float = 0.0) -> list[Symbol]:
        """Returns what each instrument plays by [S] probabilities, the likeliest of each label.

        Without a class for silence, a label whose largest value is not above `least` is silent.
        """
        symbols: list[dict[str, int | None]] = [{} for _ in range(self.num_instruments)]
        for field in self.fields:
            values = np.asarray(vector[field.begin : field.begin + field.size])
            best = int(values.argmax())
            silent = best == self.num_classes(field.label) or values[best] <= least
            symbols[field.instrument][field.label] = None if silent else best
        return [Symbol(**values) for values in symbols]

    def _fields(self) -> Iterator[Field]:
        begin = 0
        for number in range(self.num_instruments):
            for label in self.labels:
                size = self.num_classes(label) + self.zero_extra_class
                yield Field(number, label, begin, size)
                begin += size


def symbol_of(pitch: int, velocity: int, num_dynamics: int = 5) -> Symbol:
    """Returns the symbol of a note; MIDI's pitch 12 to 119 and velocity 1 to 127."""
    octave, pitch_class = divmod(pitch - LOWEST_PITCH, NUM_PITCH_CLASSES)
    return Symbol(octave, pitch_class, (velocity - 1) * num_dynamics // MAX_VELOCITY)


def pitch_of(symbol: Symbol) -> int | None:
    """Returns the MIDI pitch of a symbol, None of a silent or an unlabelled one."""
    if symbol.octave is None or symbol.pitch is None:
        return None
    return LOWEST_PITCH + NUM_PITCH_CLASSES * symbol.octave + symbol.pitch


def velocity_of(dynamics: int, num_dynamics: int = 5) -> int:
    """Returns the MIDI velocity in the middle of a class of dynamics."""
    return 1 + round((dynamics + 0.5) * MAX_VELOCITY / num_dynamics - 0.5)
