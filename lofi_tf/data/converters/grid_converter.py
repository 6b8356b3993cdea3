"""What all converters share: a grid of steps, a mode, and outputs of a known shape."""

import dataclasses
from typing import TypeVar

import numpy as np

from lofi_tf.errors import LofiError

Kind = TypeVar("Kind", bound="GridConverter")


class GridConverter:
    """The base of converters: a frozen dataclass with these options among others.

    Attributes:
        steps_per_quarter, quarters_per_bar: the grid.
        mode: `train`, `eval` or `infer`.
    """

    steps_per_quarter: int
    quarters_per_bar: int
    mode: str

    @property
    def steps_per_bar(self) -> int:
        """Grid steps in a bar."""
        return self.steps_per_quarter * self.quarters_per_bar

    def with_mode(self: Kind, mode: str) -> Kind:
        """Returns this converter for `train`, `eval` or `infer`, as Magenta's `set_mode`."""
        return dataclasses.replace(self, mode=mode)


class StepSequenceConverter(GridConverter):
    """The base of converters whose examples are some bars of a line.

    Attributes:
        slice_bars: bars in an example; None makes one of each whole line.
    """

    slice_bars: int | None

    @property
    def slice_steps(self) -> int | None:
        """Grid steps in an example, any end token's not counted."""
        return self.slice_bars and self.slice_bars * self.steps_per_bar


def steps_of_depth(name: str, array: np.ndarray, depth: int) -> np.ndarray:
    """Returns a decoded array.

    Args:
        name: what it is called.
        array: [T, depth].
        depth: what is known of it.

    Raises:
        LofiError: an array of another shape.
    """
    array = np.asarray(array)
    if array.ndim != 2 or array.shape[1] != depth:
        raise LofiError(
            f"{name} of another shape. Allowed: [T, {depth}]. Received: {list(array.shape)}"
        )
    return array
