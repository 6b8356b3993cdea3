"""Exports played by LiteRT: a fifth of a second from a cold start, without TensorFlow.

The functions are those of `models.common.named_functions`, for fixed numbers of rows
(`saving.litert`); noise is drawn here by the rows' seeds, the same that TensorFlow draws.
"""

import contextlib
import functools
import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from lofi_tf import quiet
from lofi_tf.backends.base import Arrays, Backend
from lofi_tf.backends.noise import row_normal, row_uniform
from lofi_tf.config import Config
from lofi_tf.data.storage.examples import Examples
from lofi_tf.errors import NoSuchFunction

VIEW = "view"
_called = False  # whether LiteRT has run in this process


def is_installed() -> bool:
    """Says whether LiteRT is there to play with."""
    return importlib.util.find_spec("ai_edge_litert") is not None


class LiteRTBackend(Backend):
    """An export that LiteRT plays.

    Args:
        config: the model's.
        graph: a LiteRT file.
        folder: of the export.
        in_tensorflow: opens the export in TensorFlow, for functions that LiteRT does not have.
    """

    def __init__(
        self,
        config: Config,
        graph: bytes,
        folder: Path | None = None,
        in_tensorflow: Callable[[], Backend] | None = None,
    ):
        super().__init__(config, self._answer, folder=folder)
        self.functions, self._open_other = Functions(graph), in_tensorflow

    def view(self, examples: Examples) -> Arrays:
        """Returns what a model is fed of N stored examples, by the converter's `model_spec`."""
        if VIEW not in self.functions.names:
            return super().view(examples)
        specs, rows = self.converter.example_spec, []
        for number in range(len(examples)):
            given = {
                name: _fitted(examples.arrays[name][number], spec.shape, self.num_steps)[None]
                for name, spec in specs.items()
            }
            rows.append(self.functions(VIEW, given))
        return {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}

    @functools.cached_property
    def _other(self) -> Backend | None:
        return self._open_other() if self._open_other else None

    def _answer(self, function: str, arrays: Arrays) -> Arrays:
        if function not in self.functions.names and self._other is not None:
            return self._other.call(function, arrays)
        return self.functions(function, arrays)


class Functions:
    """The functions of a LiteRT file, whose signatures are called `NAME_ROWS`.

    Args:
        graph: the file's bytes.
    """

    def __init__(self, graph: bytes):
        from ai_edge_litert.interpreter import Interpreter

        self._interpreter = Interpreter(model_content=graph, num_threads=1)
        self._rows: dict[str, list[int]] = {}
        for signature in self._interpreter.get_signature_list():
            name, _, rows = signature.rpartition("_")
            self._rows.setdefault(name, []).append(int(rows))
        self._runners: dict[tuple[str, int], tuple] = {}

    @property
    def names(self) -> frozenset[str]:
        """Of all functions."""
        return frozenset(self._rows)

    def __call__(self, name: str, arrays: Arrays) -> Arrays:
        """Returns the answers of a function to rows [N, ...], computed by the numbers it has.

        Raises:
            NoSuchFunction: there is none of that name.
        """
        if name not in self._rows:
            known = ", ".join(sorted(self._rows))
            raise NoSuchFunction(f"LiteRT has no function {name!r} of this model. It has: {known}")
        count = len(next(iter(arrays.values())))
        parts = [
            self._of_chunk(
                name, {key: array[start : start + rows] for key, array in arrays.items()}, rows
            )
            for start, rows in chunks(count, self._rows[name])
        ]
        return {key: np.concatenate([part[key] for part in parts])[:count] for key in parts[0]}

    def _of_chunk(self, name: str, arrays: Arrays, rows: int) -> Arrays:
        runner, inputs = self._runner(name, rows)
        given = dict(arrays)
        if "noise" in inputs:
            given["noise"] = _noise(given.pop("seed"), inputs["noise"].shape[1:])
        given = {key: _whole(given[key], like, rows) for key, like in inputs.items()}
        with _first_call_quiet():
            return runner(**given)

    def _runner(self, name: str, rows: int):
        key = (name, rows)
        if key not in self._runners:
            runner = self._interpreter.get_signature_runner(f"{name}_{rows}")
            inputs = {
                n: np.empty(d["shape"], d["dtype"]) for n, d in runner.get_input_details().items()
            }
            self._runners[key] = runner, inputs
        return self._runners[key]


@contextlib.contextmanager
def _first_call_quiet() -> Iterator[None]:
    """Hides what LiteRT says on stderr at its first call: which delegate it has made."""
    global _called
    with contextlib.nullcontext() if _called else quiet.imports():
        yield
    _called = True


def chunks(count: int, row_counts: list[int]) -> Iterator[tuple[int, int]]:
    """Yields first row and number of rows of chunks that hold `count` rows, some idle at last.

    Example:
        >>> list(chunks(21, [1, 4, 16]))
        [(0, 16), (16, 4), (20, 1)]
    """
    start = 0
    while start < count:
        left = count - start
        wide = min((rows for rows in row_counts if rows >= left), default=max(row_counts))
        fits = max((rows for rows in row_counts if rows <= left), default=wide)
        rows = wide if wide <= 2 * left else fits
        yield start, rows
        start += rows


def _noise(seeds: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Returns what rows draw by, uniform by steps or normal for the whole row."""
    return row_uniform(seeds, *shape) if len(shape) > 1 else row_normal(seeds, *shape)


def _whole(values: np.ndarray, like: np.ndarray, rows: int) -> np.ndarray:
    """Returns values in the type of an input, idle rows after them."""
    values = np.asarray(values, like.dtype)
    return np.concatenate([values, np.repeat(values[-1:], rows - len(values), 0)])


def _fitted(array: np.ndarray, shape: tuple[int | None, ...], steps: int) -> np.ndarray:
    """Returns a stored array in the fixed shape of the view: what has no size is cut or padded."""
    if not shape:
        return np.asarray(array)
    sizes = [size or steps for size in shape]
    array = array[tuple(slice(size) for size in sizes)]
    missing = [(0, size - have) for size, have in zip(sizes, array.shape, strict=True)]
    return np.pad(array, missing)
