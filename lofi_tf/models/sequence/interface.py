"""What a VAE answers, as named tensors: the functions that run here, in exports and in servers.

A row's answer depends on that row alone; see `named_functions`.
"""

import tensorflow as tf

from lofi_tf.models.common.losses import valid_steps
from lofi_tf.models.common.named_functions import NamedFunctions, Specs, by_chunks
from lofi_tf.models.common.noise import row_normal, row_seeds, seeds_from
from lofi_tf.models.common.slerp import slerp
from lofi_tf.models.sequence.decoders import GivenCells
from lofi_tf.models.sequence.heads import likeliest
from lofi_tf.models.sequence.vae import MusicVAE


class Interface(NamedFunctions):
    """The named functions of a VAE.

    Args:
        model: the model.
        model_spec: of its converter: `inputs`, `targets`, `length` and any `controls`.
        config_yaml: answered by `describe`.

    Attributes:
        functions: a concrete function of keyword tensors for each name: `encode`, `decode`,
            `score`, `play_hits`, `fill`, `sample`, `interpolate` and `describe`; a model without a
            latent has no `encode` and no `interpolate`, one of grooves alone has `play_hits`, and
            one whose head can be given any number of an output alone has `fill`.
    """

    def __init__(self, model: MusicVAE, model_spec: Specs, config_yaml: str):
        self.model = model
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
            "score": {
                "z": tf.TensorSpec([None, z_size]),
                "targets": tf.TensorSpec([None, self.steps, depth["targets"]]),
                "lengths": tf.TensorSpec([None, *model_spec["length"].shape], tf.int32),
                **each,
            },
            "sample": {
                "num_outputs": tf.TensorSpec([], tf.int32),
                **_scalars("temperature", "seed"),
                **one,
            },
        }
        if model.plays_hits:
            hits = tf.TensorSpec([None, self.steps, model.decoder.head.output_size // 3])
            asked["play_hits"] = {"z": asked["decode"]["z"], "hits": hits, **each}
        if model.fills:
            outputs = tf.TensorSpec([None, self.steps, depth["targets"]])
            asked["fill"] = {
                **{name: asked["decode"][name] for name in ("z", "temperature", "seed")},
                "expression_temperature": asked["decode"]["temperature"],
                **{"given": outputs, "kept": outputs},
                **each,
            }
        if z_size:
            asked["encode"] = {
                "inputs": tf.TensorSpec([None, self.steps, depth["inputs"]]),
                "lengths": asked["score"]["lengths"],
                **each,
            }
            asked["interpolate"] = {
                "start": tf.TensorSpec([z_size]),
                "end": tf.TensorSpec([z_size]),
                "steps": tf.TensorSpec([], tf.int32),
                **_scalars("temperature", "seed"),
                **one,
            }
        super().__init__(asked, config_yaml, self.steps)

    def _encode(self, inputs, lengths, controls=None):
        def rows(inputs, lengths, controls=None):
            posterior = self.model.encode(inputs, lengths, controls)
            return {"mean": posterior.mean(), "stddev": posterior.stddev()}

        return by_chunks(rows, {"inputs": inputs, "lengths": lengths} | _named(controls))

    def _decode(self, z, temperature, seed, length, controls=None):
        def rows(z, temperature, seed, controls=None):
            keys = row_seeds(seed)
            return {"outputs": self.model.decode(z, temperature, keys, controls=controls)}

        given = {"z": z, "temperature": temperature, "seed": seed} | _named(controls)
        outputs = by_chunks(rows, given, self.model.decoder.row_counts)["outputs"]
        valid = tf.sequence_mask(length, self.steps, tf.float32)
        return {"outputs": outputs * valid[:, :, None]}

    def _score(self, z, targets, lengths, controls=None):
        """Teacher forcing: the loss of targets, and the likeliest step after each true one."""

        def rows(z, targets, lengths, controls=None):
            parameters = self.model.teacher_forced(z, targets, lengths, controls)
            head = self.model.decoder.head
            losses = head.losses(parameters, targets, lengths)
            valid = valid_steps(lengths, self.steps)[:, :, None]
            outputs = likeliest(head, parameters) * valid
            return {"loss": tf.add_n(list(losses.values())), "outputs": outputs}

        given = {"z": z, "targets": targets, "lengths": lengths} | _named(controls)
        return by_chunks(rows, given)

    def _play_hits(self, z, hits, controls=None):
        def rows(z, hits, controls=None):
            outputs = self.model.play_hits(z, hits, controls)
            return {"outputs": tf.ensure_shape(outputs, [None, self.steps, None])}

        given = {"z": z, "hits": hits} | _named(controls)
        return by_chunks(rows, given, self.model.decoder.row_counts)

    def _fill(self, z, temperature, expression_temperature, seed, given, kept, controls=None):
        def rows(z, temperature, expression_temperature, seed, given, kept, controls=None):
            cells = GivenCells(given, kept, expression_temperature)
            outputs = self.model.fill(z, cells, temperature, row_seeds(seed), controls)
            return {"outputs": tf.ensure_shape(outputs, [None, self.steps, None])}

        rates = {"temperature": temperature, "expression_temperature": expression_temperature}
        asked = {"z": z, "seed": seed, "given": given, "kept": kept} | rates | _named(controls)
        return by_chunks(rows, asked, self.model.decoder.row_counts)

    def _sample(self, num_outputs, temperature, seed, controls=None):
        seeds = seeds_from(seed, num_outputs)
        z = row_normal(row_seeds(seeds), self.model.settings.z_size)
        return {"z": z} | self._decode_alike(z, temperature, seeds, controls)

    def _interpolate(self, start, end, steps, temperature, seed, controls=None):
        z = slerp(start, end, tf.linspace(0.0, 1.0, steps))
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


def _controls_spec(outer, depth) -> dict[str, tf.TensorSpec]:
    return {"controls": tf.TensorSpec([*outer, depth["controls"]])} if "controls" in depth else {}


def _named(controls) -> dict[str, tf.Tensor]:
    return {} if controls is None else {"controls": controls}


def _scalars(*names) -> dict[str, tf.TensorSpec]:
    kinds = {"temperature": tf.float32, "seed": tf.int64}
    return {name: tf.TensorSpec([], kinds[name]) for name in names}
