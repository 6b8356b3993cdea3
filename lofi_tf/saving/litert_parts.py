"""Which parts of an export's variables the constants of its LiteRT graph are.

The converter cuts weights to gates, joins them and turns them over, and no number changes: so they
are found again, bit by bit. What it computed of weights stays in the graph.
"""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema

from lofi_tf.saving.litert_weights import VARIABLES, Patch

LEAST_BYTES = 256  # of a constant, and of a part, that is worth a line
WINDOW = 4  # numbers side by side that a row is looked up by
MOST_PLACES = 64  # that are tried for a row: more have numbers that are anywhere


def patches_of(whole: bytes, folder: Path) -> list[Patch]:
    """Returns which parts of a LiteRT file are parts of an export's variables.

    Args:
        whole: the file.
        folder: of the export.
    """
    stored = Places(_stored(folder))
    return [patch for at, constant, shape in constants_of(whole)
            for patch in _parts(at, constant, shape, stored)]  # fmt: skip


class Stored(NamedTuple):
    """A variable of an export.

    Attributes:
        at: its place in the file.
        bits: of its values as float32, uint32 [R, C].
        half: whether it is float16.
    """

    at: int
    bits: np.ndarray
    half: bool


class Found(NamedTuple):
    """A place in a variable, and how many rows are the same from there on."""

    rows: int
    source: Stored
    row: int
    column: int


class Places:
    """Where numbers stand in variables.

    Args:
        variables: to be looked in.
    """

    def __init__(self, variables: Sequence[Stored]):
        self.variables = variables
        self._starts = np.cumsum([0, *(one.bits.size for one in variables)])
        self._numbers = np.concatenate([one.bits.ravel() for one in variables])
        self._orders: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    def longest(self, block: np.ndarray) -> Iterator[tuple[int, Found]]:
        """Yields first row and place of what is found of a matrix of bits, uint32 [R, C]."""
        window = min(WINDOW, block.shape[1])
        keys = _keys(block[:, :window].copy(), window)[:, 0]
        ordered, order = self._order(window)
        lows, highs = (np.searchsorted(ordered, keys, side) for side in ("left", "right"))
        row = 0
        while row < len(block):
            places = order[lows[row] : highs[row]]
            found = self._best(block[row:], places) if len(places) <= MOST_PLACES else None
            if found:
                yield row, found
            row += found.rows if found else 1

    def _best(self, block: np.ndarray, places: np.ndarray) -> Found | None:
        best, width = None, block.shape[1]
        for place in places:
            number = int(np.searchsorted(self._starts, place, "right")) - 1
            source = self.variables[number]
            row, column = divmod(int(place - self._starts[number]), source.bits.shape[1])
            part = source.bits[row : row + len(block), column : column + width]
            if part.shape[1] != width or not np.array_equal(part[0], block[0]):
                continue
            same = np.all(part == block[: len(part)], axis=1)
            rows = len(same) if same.all() else int(np.argmin(same))
            if best is None or rows > best.rows:
                best = Found(rows, source, row, column)
        return best

    def _order(self, window: int) -> tuple[np.ndarray, np.ndarray]:
        if window not in self._orders:
            keys = _keys(self._numbers[None], window)[0]
            order = np.argsort(keys, kind="stable")
            self._orders[window] = keys[order], order
        return self._orders[window]


def _keys(bits: np.ndarray, window: int) -> np.ndarray:
    """Returns a number, uint64, for each window of uint32 [R, C], [R, C - window + 1]."""
    size, keys = bits.shape[1] - window + 1, np.uint64(0)
    for number in range(window):
        keys = keys * np.uint64(0x9E3779B97F4A7C15) + bits[:, number : number + size]
    return keys


def _stored(folder: Path) -> list[Stored]:
    data, found = (folder / VARIABLES).read_bytes(), []
    reader = tf.train.load_checkpoint(str(folder / "variables" / "variables"))
    for name, shape in reader.get_variable_to_shape_map().items():
        if not shape or name.startswith("_"):
            continue
        values = reader.get_tensor(name)
        at = data.find(values.tobytes()) if values.dtype in (np.float16, np.float32) else -1
        if at >= 0:
            bits = values.astype(np.float32).reshape(-1, shape[-1]).view(np.uint32)
            found.append(Stored(at, bits, values.dtype == np.float16))
    return found


def constants_of(whole: bytes) -> Iterator[tuple[int, np.ndarray, list[int]]]:
    """Yields place, bits and shape of each large float32 constant of a LiteRT file."""
    model, seen = schema.Model.GetRootAs(whole, 0), set()
    for graph in map(model.Subgraphs, range(model.SubgraphsLength())):
        for tensor in map(graph.Tensors, range(graph.TensorsLength())):
            buffer = model.Buffers(tensor.Buffer())
            if tensor.Type() != schema.TensorType.FLOAT32 or buffer.DataLength() < LEAST_BYTES:
                continue
            bits = buffer.DataAsNumpy().view(np.uint32)
            at = bits.ctypes.data - np.frombuffer(whole, np.uint8).ctypes.data
            if at not in seen and bits.any():
                seen.add(at)
                yield at, bits, [tensor.Shape(n) for n in range(tensor.ShapeLength())]


def _parts(at: int, constant: np.ndarray, shape: list[int], stored: Places) -> list[Patch]:
    """Returns the parts of variables that a constant is made of, as is or turned over."""
    best: list[Patch] = []
    for width in {math.prod(shape[axis:]) for axis in range(1, len(shape))} or {constant.size}:
        matrix = constant.reshape(-1, width)
        for turned in (False, True):
            block = np.ascontiguousarray(matrix.T) if turned else matrix
            found = [
                _patch(at, width, row, place, block.shape[1], turned)
                for row, place in stored.longest(block)
                if 4 * place.rows * block.shape[1] >= LEAST_BYTES
            ]
            best = max(best, found, key=lambda parts: sum(p.rows * p.columns for p in parts))
            if sum(p.rows * p.columns for p in best) == constant.size:
                return best
    return best


def _patch(at: int, width: int, row: int, found: Found, columns: int, turned: bool) -> Patch:
    source = found.source
    stride = source.bits.shape[1]
    first = source.at + (2 if source.half else 4) * (found.row * stride + found.column)
    into = at + 4 * (row if turned else row * width)
    return Patch(into, width, first, found.rows, columns, stride, bool(source.half), turned)
