"""LiteRT graphs of an export, one a function, and how its weights come into them."""

import json
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

FOLDER, GRAPH, PATCHES = "assets.extra/litert", ".tflite.z", ".json"
VARIABLES = "variables/variables.data-00000-of-00001"


class Patch(NamedTuple):
    """A part of a constant of a LiteRT file that is a part of a variable of its export.

    Attributes:
        at: byte of the LiteRT file.
        width: columns of the whole constant, which is float32.
        first: byte of the variables' file.
        rows: of the part of the variable.
        columns: of the same.
        stride: columns of the whole variable.
        half: whether the variable is float16, else float32.
        turned: whether the part stands in the constant turned over, as [columns, rows].
    """

    at: int
    width: int
    first: int
    rows: int
    columns: int
    stride: int
    half: bool
    turned: bool

    def place(self, whole: bytearray) -> np.ndarray:
        """Returns the part's place in a LiteRT file, [rows, columns], to be written to."""
        shape = (self.columns, self.rows) if self.turned else (self.rows, self.columns)
        found = _block(whole, np.dtype(np.float32), self.at, shape, self.width)
        return found.T if self.turned else found

    def part(self, variables: bytes) -> np.ndarray:
        """Returns the part of the variable, [rows, columns]."""
        kind = np.dtype(np.float16 if self.half else np.float32)
        return _block(variables, kind, self.first, (self.rows, self.columns), self.stride)


def _block(data, kind: np.dtype, first: int, shape: tuple[int, int], stride: int) -> np.ndarray:
    flat = np.frombuffer(data, kind, (shape[0] - 1) * stride + shape[1], first)
    strides = (stride * kind.itemsize, kind.itemsize)
    return np.lib.stride_tricks.as_strided(flat, shape, strides)


def litert_functions(folder: Path) -> list[str]:
    """Returns the names of the functions that an export has in LiteRT form."""
    return sorted(path.name.removesuffix(GRAPH) for path in (folder / FOLDER).glob(f"*{GRAPH}"))


def whole_graph(folder: Path, function: str) -> bytes:
    """Returns the LiteRT file of a function of an export, its weights in their places."""
    whole = bytearray(zlib.decompress((folder / FOLDER / (function + GRAPH)).read_bytes()))
    stored = (folder / VARIABLES).read_bytes()
    for values in json.loads((folder / FOLDER / (function + PATCHES)).read_text()):
        patch = Patch(*values)
        patch.place(whole)[...] = patch.part(stored)
    return bytes(whole)
