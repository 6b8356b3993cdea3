"""What a VAE answers, as named tensors: the functions that run here, in exports and in servers.

A row's answer depends on that row alone; see `named_functions`.
"""

from collections.abc import Sequence

import tensorflow as tf

from lofi_tf.models.common.losses import valid_steps
from lofi_tf.models.common.named_functions import NamedFunctions, NoiseSpec, Specs, by_chunks
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
            one that decodes in one go alone has `fill`.
    """

    whole = ("sample", "interpolate")

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
        self.draws = dict.fromkeys(
            ("decode", "fill"), NoiseSpec(self.steps, model.decoder.head.noise_size)
        )

    def rows(self, name: str) -> Sequence[int]:
        """Returns how many rows a chunk may have: those that generate, as the decoder's round."""
        return super().rows(name) if name in ("encode", "score") else self.model.decoder.row_counts

    def _encode(self, inputs, lengths, controls=None):
        posterior = self.model.encode(inputs, lengths, controls)
        return {"mean": posterior.mean(), "stddev": posterior.stddev()}

    def _decode(self, z, temperature, noise, length, controls=None):
        outputs = self.model.decode(z, temperature, noise, controls=controls)
        return {"outputs": outputs * tf.sequence_mask(length, self.steps, tf.float32)[:, :, None]}

    def _score(self, z, targets, lengths, controls=None):
        """Teacher forcing: the loss of targets, and the likeliest step after each true one."""
        head = self.model.decoder.head
        parameters = self.model.teacher_forced(z, targets, lengths, controls)
        losses = head.losses(parameters, targets, lengths)
        outputs = likeliest(head, parameters) * valid_steps(lengths, self.steps)[:, :, None]
        return {"loss": tf.add_n(list(losses.values())), "outputs": outputs}

    def _play_hits(self, z, hits, controls=None):
        outputs = self.model.play_hits(z, hits, controls)
        return {"outputs": tf.ensure_shape(outputs, [None, self.steps, None])}

    def _fill(self, z, temperature, expression_temperature, noise, given, kept, controls=None):
        cells = GivenCells(given, kept, expression_temperature)
        outputs = self.model.decode(z, temperature, noise, controls=controls, cells=cells)
        outputs = tf.ensure_shape(outputs, [None, self.steps, None])
        lengths = tf.fill([tf.shape(z)[0]], self.steps)
        parameters = self.model.teacher_forced(z, outputs, lengths, controls)
        nats = self.model.decoder.head.cell_nats(parameters, outputs) * kept
        return {"outputs": outputs, "nats": tf.reduce_sum(nats, axis=[1, 2])}

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
        rows = {"z": z, "temperature": tf.fill([size], temperature), "seed": seeds}
        rows["length"] = tf.fill([size], self.steps)
        if controls is not None:
            rows["controls"] = tf.repeat(controls[None], size, axis=0)
        return by_chunks(self.drawing("decode"), rows, self.rows("decode"))


def _controls_spec(outer, depth) -> dict[str, tf.TensorSpec]:
    return {"controls": tf.TensorSpec([*outer, depth["controls"]])} if "controls" in depth else {}


def _scalars(*names) -> dict[str, tf.TensorSpec]:
    kinds = {"temperature": tf.float32, "seed": tf.int64}
    return {name: tf.TensorSpec([], kinds[name]) for name in names}
