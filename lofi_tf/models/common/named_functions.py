"""What the functions of every kind of model share: traced once, rows computed by equal chunks.

A row's answer depends on that row alone: its random numbers come from its own seed, and rows are
computed by fixed numbers, because matrix products round in another way at another batch size and
a choice may hang on that. With 16 and with 64 rows they round alike (measured); recurrent decoders
know other numbers that do.
"""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple

import tensorflow as tf

from lofi_tf.errors import NoSuchFunction
from lofi_tf.models.common.noise import row_normal, row_seeds, row_uniform
from lofi_tf.models.layers.litert_operations import for_litert
from lofi_tf.models.layers.recurrence import forward_only

ROW_COUNTS = (64, 16)  # rows that are computed at once
PARALLEL = 4  # chunks at a time: the small products of one do not fill several cores

Tensors = Mapping[str, tf.Tensor]
Specs = Mapping[str, tf.TensorSpec]


class NoiseSpec(NamedTuple):
    """What a function draws by each row's seed.

    Attributes:
        steps: of uniform numbers in [0, 1); None where they are normal and for the whole row.
        size: how many, of a step or of the row.
    """

    steps: int | None
    size: int

    @property
    def shape(self) -> list[int]:
        """Of a row's numbers."""
        return [self.size] if self.steps is None else [self.steps, self.size]

    def drawn(self, seeds: tf.Tensor) -> tf.Tensor:
        """Returns the numbers [B, *shape] of seeds, int64 [B]."""
        pairs = row_seeds(seeds)
        if self.steps is None:
            return row_normal(pairs, self.size)
        return row_uniform(pairs, self.steps, self.size)


class NamedFunctions:
    """Functions of named tensors; subclasses have the method `_name` for each name.

    What such a method gives of rows [B, ...] is computed by chunks, but for those in `whole`.

    Args:
        asked: what each function takes, by name.
        config_yaml: answered by `describe`.
        steps: of a whole example.

    Attributes:
        default: the name of the function that a server answers by where none is asked for.
        draws: what functions draw by each row's `seed`: their methods get it as `noise`.
        whole: names of functions that get all that is asked at once.
        scope: a context that each function's body is traced in; none at first.
    """

    default = "decode"
    whole: tuple[str, ...] = ()

    def __init__(self, asked: Mapping[str, Specs], config_yaml: str, steps: int):
        describe = {"describe": {"rows": tf.TensorSpec([None], tf.int32)}}
        self._asked, self._traced = {**asked, **describe}, {}
        self.config_yaml, self.steps = config_yaml, steps
        self.draws: dict[str, NoiseSpec] = {}
        self.scope: Callable[[], AbstractContextManager] = contextlib.nullcontext

    def inputs_of(self, name: str) -> dict[str, tf.TensorSpec]:
        """Returns what a function takes, by name."""
        specs = self._asked[name].items()
        return {key: tf.TensorSpec(spec.shape, spec.dtype, key) for key, spec in specs}

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all functions."""
        return tuple(self._asked)

    @property
    def functions(self) -> dict[str, Callable[..., Tensors]]:
        """All functions by name, traced."""
        return {name: self.function(name) for name in self._asked}

    def function(self, name: str) -> Callable[..., Tensors]:
        """Returns one function, traced when first asked for.

        Raises:
            NoSuchFunction: the model has none of that name.
        """
        if name not in self._asked:
            raise NoSuchFunction(f"the model has no function {name!r}. It has: {[*self._asked]}")
        if name not in self._traced:
            body = tf.function(lambda **given: self._body(name, given), autograph=False)
            with forward_only():
                self._traced[name] = body.get_concrete_function(**self.inputs_of(name))
        return self._traced[name]

    def fixed(self, name: str, rows: int) -> Callable[..., Tensors]:
        """Returns a function of so many rows, traced anew, in which nothing is drawn.

        It takes what the function does, but in place of `seed` the `noise` [rows, ...] of `draws`.
        """
        specs = {
            key: tf.TensorSpec([rows, *spec.shape[1:]], spec.dtype, key)
            for key, spec in self._asked[name].items()
        }
        if noise := self.draws.get(name):
            del specs["seed"]
            specs["noise"] = tf.TensorSpec([rows, *noise.shape], name="noise")

        def body(**given):
            with self.scope():
                return getattr(self, f"_{name}")(**given)

        with forward_only(), for_litert():
            return tf.function(body, autograph=False).get_concrete_function(**specs)

    def _body(self, name: str, given: Tensors) -> Tensors:
        with self.scope():
            if name == "describe":
                return {"config_yaml": tf.fill(tf.shape(given["rows"]), self.config_yaml)}
            body = self.drawing(name)
            return body(**given) if name in self.whole else by_chunks(body, given, self.rows(name))

    def drawing(self, name: str) -> Callable[..., Tensors]:
        """Returns the body of a function, which draws by the rows' seeds what it draws."""
        body, noise = getattr(self, f"_{name}"), self.draws.get(name)
        if noise is None:
            return body
        return lambda seed, **given: body(noise=noise.drawn(seed), **given)

    def rows(self, name: str) -> Sequence[int]:
        """Returns how many rows a chunk of a function may have."""
        return ROW_COUNTS


def by_chunks(
    body: Callable[..., Tensors], tensors: Tensors, row_counts: Sequence[int] = ROW_COUNTS
) -> Tensors:
    """Returns what `body` gives of tensors [B, ...], computed by chunks.

    Args:
        body: what to compute of a chunk.
        tensors: by name.
        row_counts: rows that a chunk may have, the most first; each a multiple of the last.
    """
    specs = {name: tf.TensorSpec([None, *t.shape[1:]], t.dtype) for name, t in tensors.items()}
    traced = tf.function(lambda given: body(**given), autograph=False)
    traced = traced.get_concrete_function(specs)
    size = tf.shape(next(iter(tensors.values())))[0]
    end = tf.maximum(size + -size % row_counts[-1], row_counts[-1])
    padded = {
        name: tf.ensure_shape(
            tf.pad(t, [[0, end - size]] + [[0, 0]] * (t.shape.rank - 1)), specs[name].shape
        )
        for name, t in tensors.items()
    }

    def chunk(number, start, *arrays):
        fits = tf.constant(row_counts) <= end - start
        rows = tf.gather(row_counts, tf.argmax(fits))
        found = traced({name: tensor[start : start + rows] for name, tensor in padded.items()})
        written = [a.write(number, found[name]) for name, a in zip(names, arrays, strict=True)]
        return number + 1, start + rows, *written

    names = list(traced.structured_outputs)
    arrays = [
        tf.TensorArray(
            output.dtype, 0, dynamic_size=True, infer_shape=False, element_shape=output.shape
        )
        for output in traced.structured_outputs.values()
    ]
    _, _, *arrays = tf.while_loop(
        lambda number, start, *_: start < end, chunk, (0, 0, *arrays), parallel_iterations=PARALLEL
    )
    return {name: array.concat()[:size] for name, array in zip(names, arrays, strict=True)}
