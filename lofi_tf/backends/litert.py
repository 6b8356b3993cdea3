"""Exports played by LiteRT: a fifth of a second from a cold start, without TensorFlow.

The functions are those of `models.common.named_functions`, for fixed numbers of rows
(`saving.litert`); noise is drawn here by the rows' seeds, the same that TensorFlow draws.
"""

import contextlib
import functools
import importlib.util
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from lofi_tf import quiet
from lofi_tf.backends.base import Arrays, Backend
from lofi_tf.backends.noise import row_normal, row_uniform
from lofi_tf.config import Config
from lofi_tf.data.storage.examples import Examples
from lofi_tf.errors import NoSuchFunction
from lofi_tf.saving.litert_weights import litert_functions, whole_graph

VIEW = "view"
CALL = 6  # what a chunk costs beside its rows, in rows; of a beat model 2, with mixtures 18
MOST_WORKERS = 8  # chunks at a time; each holds the packed weights of the function
_called, _calling = False, threading.Lock()  # whether LiteRT has run in this process


def is_installed() -> bool:
    """Says whether LiteRT is there to play with."""
    return importlib.util.find_spec("ai_edge_litert") is not None


class LiteRTBackend(Backend):
    """An export that LiteRT plays.

    Args:
        config: the model's.
        folder: of the export.
        in_tensorflow: opens the export in TensorFlow, for functions that LiteRT does not have.
    """

    def __init__(
        self,
        config: Config,
        folder: Path,
        in_tensorflow: Callable[[], Backend] | None = None,
    ):
        super().__init__(config, self._answer, folder=folder)
        read = functools.partial(whole_graph, folder)
        self.functions, self._open_other = Functions(litert_functions(folder), read), in_tensorflow

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
    """The functions of a model, each read when it is first called.

    Args:
        names: of all functions.
        read: returns the LiteRT file of a function, whose signatures are called `NAME_ROWS`.
    """

    def __init__(self, names: Iterable[str], read: Callable[[str], bytes]):
        self.names, self._read = frozenset(names), read
        self._functions: dict[str, Function] = {}

    def __call__(self, name: str, arrays: Arrays) -> Arrays:
        """Returns the answers of a function to rows [N, ...].

        Raises:
            NoSuchFunction: there is none of that name.
        """
        if name not in self.names:
            known = ", ".join(sorted(self.names))
            raise NoSuchFunction(f"LiteRT has no function {name!r} of this model. It has: {known}")
        if name not in self._functions:
            self._functions[name] = Function(self._read(name))
        return self._functions[name](arrays)


class Function:
    """A function for several numbers of rows; chunks of rows are computed side by side.

    One interpreter computes one chunk, on one thread: two threads inside of it are slower. Those
    beyond the first are made when there are chunks for them; each has its own packed weights.

    Args:
        graph: a LiteRT file of one function.
    """

    def __init__(self, graph: bytes):
        first = _Interpreter(graph)
        self._graph, self._idle, self._rows = graph, [first], first.rows

    def __call__(self, arrays: Arrays) -> Arrays:
        """Returns the answers to rows [N, ...]."""
        count = len(next(iter(arrays.values())))

        def answer(chunk: tuple[int, int]) -> Arrays:
            start, rows = chunk
            part = {key: array[start : start + rows] for key, array in arrays.items()}
            with self._interpreter() as interpreter:
                return interpreter(part, rows)

        found = list(chunks(count, self._rows))
        workers = min(len(found), MOST_WORKERS, os.cpu_count() or 1)
        if workers > 1:
            with ThreadPoolExecutor(workers) as pool:
                parts = list(pool.map(answer, found))
        else:
            parts = [answer(chunk) for chunk in found]
        return {key: np.concatenate([part[key] for part in parts])[:count] for key in parts[0]}

    @contextlib.contextmanager
    def _interpreter(self) -> Iterator["_Interpreter"]:
        """Lends an interpreter that nobody else has."""
        try:
            lent = self._idle.pop()
        except IndexError:
            lent = _Interpreter(self._graph)
        yield lent
        self._idle.append(lent)


class _Interpreter:
    """One of LiteRT's interpreters.

    Attributes:
        rows: numbers of rows that it has signatures for.
    """

    def __init__(self, graph: bytes):
        from ai_edge_litert.interpreter import Interpreter

        self._interpreter = Interpreter(model_content=graph, num_threads=1)
        signatures = self._interpreter.get_signature_list()
        self._names = {int(signature.rpartition("_")[2]): signature for signature in signatures}
        self._runners: dict[int, tuple] = {}
        self.rows = sorted(self._names)

    def __call__(self, arrays: Arrays, rows: int) -> Arrays:
        """Returns the answers to at most so many rows, with those of idle ones behind them."""
        if rows not in self._runners:
            runner = self._interpreter.get_signature_runner(self._names[rows])
            details = runner.get_input_details().items()
            self._runners[rows] = runner, {n: np.empty(d["shape"], d["dtype"]) for n, d in details}
        runner, inputs = self._runners[rows]
        given = dict(arrays)
        if "noise" in inputs:
            given["noise"] = _noise(given.pop("seed"), inputs["noise"].shape[1:])
        given = {key: _whole(given[key], like, rows) for key, like in inputs.items()}
        with _first_call_quiet():
            return runner(**given)


@contextlib.contextmanager
def _first_call_quiet() -> Iterator[None]:
    """Hides what LiteRT says on stderr at its first call: which delegate it has made."""
    global _called
    if _called:
        yield
        return
    with _calling, contextlib.nullcontext() if _called else quiet.imports():
        yield
        _called = True


def chunks(count: int, row_counts: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yields first row and number of rows of chunks that hold `count` rows, some idle at last.

    Example:
        >>> list(chunks(34, [1, 7, 28]))
        [(0, 28), (28, 7)]
    """
    start = 0
    while start < count:
        left = count - start
        wide = min((rows for rows in row_counts if rows >= left), default=max(row_counts))
        fits = max((rows for rows in row_counts if rows <= left), default=wide)
        parts = left // fits + left % fits  # where the rest goes one by one
        rows = wide if wide + CALL <= left + CALL * parts else fits
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
