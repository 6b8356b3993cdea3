"""What an array is, as data: its type and its shape."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class ArraySpec:
    """The type of an array, by NumPy's name, and its shape, in which None is any size."""

    dtype: str
    shape: tuple[int | None, ...] = ()


Specs = dict[str, ArraySpec]
Example = dict[str, np.ndarray]  # the arrays of one example, by their names
