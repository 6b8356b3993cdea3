"""What a model answers, as named tensors: the functions that run here, in exports and in servers.

A row's answer depends on that row alone: its random numbers come from its own seed, and rows are
computed `ROWS` at a time, because matrix products round in another way at another batch size and
a choice may hang on that.
"""

from collections.abc import Callable, Mapping

import tensorflow as tf

from lofi_tf.models.latents import great_circle
from lofi_tf.models.lstm import forward_only
from lofi_tf.models.noise import row_normal, row_seeds
from lofi_tf.models.vae import MusicVAE

ROWS = 16

Tensors = Mapping[str, tf.Tensor]
Specs = Mapping[str, tf.TensorSpec]


class Interface:
    """The named functions of a model.

    Args:
        model: the model.
        model_spec: of its converter: `inputs`, `targets`, `length` and any `controls`.
        config_yaml: answered by `describe`.

    Attributes:
        functions: a concrete function of keyword tensors for each name: `encode`, `decode`,
            `sample`, `interpolate` and `describe`; a model without a latent has no `encode` and
            no `interpolate`.
    """

    def __init__(self, model: MusicVAE, model_spec: Specs, config_yaml: str):
        self.model, self.config_yaml = model, config_yaml
        self.steps, z_size = model.settings.max_seq_len, model.settings.z_size
        depth = {name: spec.shape[-1] for name, spec in model_spec.items() if name != "length"}
        one = _controls_spec([self.steps], depth)
        each = _controls_spec([None, self.steps], depth)
        asked = {
            "decode": {
                "z": tf.TensorSpec([None, z_size]),
                "temperature": tf.TensorSpec([None]),
                "seed": tf.TensorSpec([None], tf.int64),
                "length": tf.TensorSpec([None], tf.int32),
                **each,
            },
            "sample": {
                "num_outputs": tf.TensorSpec([], tf.int32),
                **_scalars("temperature", "seed"),
                **one,
            },
            "describe": {"rows": tf.TensorSpec([None], tf.int32)},
        }
        if z_size:
            lengths = model_spec["length"].shape
            asked["encode"] = {
                "inputs": tf.TensorSpec([None, self.steps, depth["inputs"]]),
                "lengths": tf.TensorSpec([None, *lengths], tf.int32),
                **each,
            }
            asked["interpolate"] = {
                "start": tf.TensorSpec([z_size]),
                "end": tf.TensorSpec([z_size]),
                "steps": tf.TensorSpec([], tf.int32),
                **_scalars("temperature", "seed"),
                **one,
            }
        self._asked, self._traced = asked, {}

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
            body = tf.function(getattr(self, f"_{name}"))
            with forward_only():
                self._traced[name] = body.get_concrete_function(**self.inputs_of(name))
        return self._traced[name]

    def _encode(self, inputs, lengths, controls=None):
        def rows(inputs, lengths, controls=None):
            posterior = self.model.encode(inputs, lengths, controls)
            return {"mean": posterior.mean(), "stddev": posterior.stddev()}

        return _by_chunks(rows, {"inputs": inputs, "lengths": lengths} | _named(controls))

    def _decode(self, z, temperature, seed, length, controls=None):
        def rows(z, temperature, seed, controls=None):
            keys = row_seeds(seed)
            return {"outputs": self.model.decode(z, temperature, keys, controls=controls)}

        given = {"z": z, "temperature": temperature, "seed": seed} | _named(controls)
        outputs = _by_chunks(rows, given)["outputs"]
        valid = tf.sequence_mask(length, self.steps, tf.float32)
        return {"outputs": outputs * valid[:, :, None]}

    def _sample(self, num_outputs, temperature, seed, controls=None):
        seeds = seeds_from(seed, num_outputs)
        z = row_normal(row_seeds(seeds), self.model.settings.z_size)
        return {"z": z} | self._decode_alike(z, temperature, seeds, controls)

    def _interpolate(self, start, end, steps, temperature, seed, controls=None):
        z = great_circle(start, end, tf.linspace(0.0, 1.0, steps))
        seeds = tf.fill([steps], seeds_from(seed, 1)[0])  # one seed: only z changes on the way
        return {"z": z} | self._decode_alike(z, temperature, seeds, controls)

    def _decode_alike(self, z, temperature, seeds, controls):
        """Decodes rows that share temperature and controls, at the model's full length."""
        size = tf.shape(z)[0]
        if controls is not None:
            controls = tf.repeat(controls[None], size, axis=0)
        return self._decode(
            z, tf.fill([size], temperature), seeds, tf.fill([size], self.steps), controls
        )

    def _describe(self, rows):
        return {"config_yaml": tf.fill(tf.shape(rows), self.config_yaml)}


def seeds_from(seed: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
    """Returns the rows' seeds, int64 [count], of a whole request's seed: seed * 2**32 + row."""
    return tf.bitwise.left_shift(tf.cast(seed, tf.int64), 32) + tf.range(count, dtype=tf.int64)


def _by_chunks(body: Callable[..., Tensors], tensors: Tensors) -> Tensors:
    """Returns what `body` gives of tensors [B, ...], computed `ROWS` rows at a time."""
    size = tf.shape(next(iter(tensors.values())))[0]
    missing = -size % ROWS

    def split(tensor):
        tensor = tf.ensure_shape(tensor, tensor.shape)
        whole = tf.pad(tensor, [[0, missing]] + [[0, 0]] * (tensor.shape.rank - 1))
        return tf.reshape(whole, [-1, ROWS, *tensor.shape[1:]])

    chunks = {name: split(tensor) for name, tensor in tensors.items()}
    one = {name: tf.TensorSpec([ROWS, *t.shape[2:]], t.dtype) for name, t in chunks.items()}
    traced = tf.function(lambda given: body(**given)).get_concrete_function(one)
    signature = {
        name: tf.TensorSpec(t.shape, t.dtype) for name, t in traced.structured_outputs.items()
    }
    answers = tf.map_fn(traced, chunks, fn_output_signature=signature, parallel_iterations=1)
    return {
        name: tf.reshape(answer, [-1, *answer.shape[2:]])[:size] for name, answer in answers.items()
    }


def _controls_spec(outer, depth) -> dict[str, tf.TensorSpec]:
    return {"controls": tf.TensorSpec([*outer, depth["controls"]])} if "controls" in depth else {}


def _named(controls) -> dict[str, tf.Tensor]:
    return {} if controls is None else {"controls": controls}


def _scalars(*names) -> dict[str, tf.TensorSpec]:
    kinds = {"temperature": tf.float32, "seed": tf.int64}
    return {name: tf.TensorSpec([], kinds[name]) for name in names}
