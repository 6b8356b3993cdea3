"""What an array is, as data: its type and its shape."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class ArraySpec:
    """The type and the shape of an array.

    Attributes:
        dtype: NumPy's name of the type.
        shape: of each dimension the size; None is any.
    """

    dtype: str
    shape: tuple[int | None, ...] = ()


Specs = dict[str, ArraySpec]
Example = dict[str, np.ndarray]  # the arrays of one example, by their names
