"""What the functions of every kind of model share: traced once, rows computed by equal chunks.

A row's answer depends on that row alone: its random numbers come from its own seed, and rows are
computed `ROWS` at a time, because matrix products round in another way at another batch size and
a choice may hang on that.
"""

from collections.abc import Callable, Mapping

import tensorflow as tf

from lofi_tf.models.lstm import forward_only

ROWS = 16
PARALLEL = 4  # chunks at a time: the small products of one do not fill several cores

Tensors = Mapping[str, tf.Tensor]
Specs = Mapping[str, tf.TensorSpec]


class NamedFunctions:
    """Functions of named tensors; subclasses have the method `_name` for each name.

    Args:
        asked: what each function takes, by name.
        config_yaml: answered by `describe`.
        steps: of a whole example.

    Attributes:
        default: the name of the function that a server answers by where none is asked for.
    """

    default = "decode"

    def __init__(self, asked: Mapping[str, Specs], config_yaml: str, steps: int):
        describe = {"describe": {"rows": tf.TensorSpec([None], tf.int32)}}
        self._asked, self._traced = {**asked, **describe}, {}
        self.config_yaml, self.steps = config_yaml, steps

    def inputs_of(self, name: str) -> dict[str, tf.TensorSpec]:
        """Returns what a function takes, by name."""
        specs = self._asked[name].items()
        return {key: tf.TensorSpec(spec.shape, spec.dtype, key) for key, spec in specs}

    @property
    def functions(self) -> dict[str, Callable[..., Tensors]]:
        """All functions by name, traced."""
        return {name: self.function(name) for name in self._asked}

    def function(self, name: str) -> Callable[..., Tensors]:
        """Returns one function, traced when first asked for."""
        if name not in self._traced:
            body = tf.function(getattr(self, f"_{name}"), autograph=False)
            with forward_only():
                self._traced[name] = body.get_concrete_function(**self.inputs_of(name))
        return self._traced[name]

    def _describe(self, rows):
        return {"config_yaml": tf.fill(tf.shape(rows), self.config_yaml)}


def by_chunks(body: Callable[..., Tensors], tensors: Tensors) -> Tensors:
    """Returns what `body` gives of tensors [B, ...], computed `ROWS` rows at a time."""
    size = tf.shape(next(iter(tensors.values())))[0]
    missing = -size % ROWS

    def split(tensor):
        tensor = tf.ensure_shape(tensor, tensor.shape)
        whole = tf.pad(tensor, [[0, missing]] + [[0, 0]] * (tensor.shape.rank - 1))
        return tf.reshape(whole, [-1, ROWS, *tensor.shape[1:]])

    chunks = {name: split(tensor) for name, tensor in tensors.items()}
    one = {name: tf.TensorSpec([ROWS, *t.shape[2:]], t.dtype) for name, t in chunks.items()}
    traced = tf.function(lambda given: body(**given), autograph=False)
    traced = traced.get_concrete_function(one)
    signature = {
        name: tf.TensorSpec(t.shape, t.dtype) for name, t in traced.structured_outputs.items()
    }
    answers = tf.map_fn(traced, chunks, fn_output_signature=signature, parallel_iterations=PARALLEL)
    return {
        name: tf.reshape(answer, [-1, *answer.shape[2:]])[:size] for name, answer in answers.items()
    }
