"""Magenta's `TrainedModel`, over our models: the same methods, arguments and exceptions.

    from lofi_tf.compat import TrainedModel, configs
    config = configs.CONFIG_MAP["groovae_4bar"]
    model = TrainedModel(config, batch_size=4, checkpoint_dir_or_path="groovae_4bar.tar")

Differences on purpose: a length that is not given is the model's, where Magenta decoded without
end or refused; interpolation between equal pieces is that piece, where Magenta gave NaN; pieces
are loops whose `total_time` is whole bars, their notes ahead of the first beat at the end, where
Magenta's ended with a note and began before time zero.
"""

import copy
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lofi_tf.backends.base import Backend
from lofi_tf.backends.open import backend_of_model, open_backend
from lofi_tf.compat.configs import MagentaConfig, config_of
from lofi_tf.config import Config
from lofi_tf.errors import LofiError
from lofi_tf.generation.loops import as_loop
from lofi_tf.generation.slerp import slerp
from lofi_tf.music.quantize import first_qpm
from lofi_tf.saving.hub import is_address
from lofi_tf.saving.loading import check_config, load_model, weights_path

NoteSequence = Any


class NoExtractedExamplesError(Exception):
    """A NoteSequence holds nothing that the model takes."""


class MultipleExtractedExamplesError(Exception):
    """A NoteSequence holds more than one example of the model's."""


class TrainedModel:
    """A model that encodes, decodes and samples NoteSequences.

    Random numbers are numpy's: `np.random.seed` repeats them.

    Args:
        config: of `configs.CONFIG_MAP`, ours, or a name; not needed where the model knows it.
        batch_size: rows decoded at once; how many `sample` gives where it is not told.
        checkpoint_dir_or_path: a checkpoint's prefix, folder or `.tar`, ours or Magenta's; the name
            of a model that comes along; a run, an export or an address; or a `Backend`.
        var_name_substitutions: pairs of a pattern and its replacement that turn the model's
            variable names into a Magenta checkpoint's.
        session_target: taken and unused.
        **sample_kwargs: taken and unused.

    Raises:
        LofiError: no model there, or one that does not fit.
    """

    def __init__(
        self,
        config: MagentaConfig | Config | str | None,
        batch_size: int,
        checkpoint_dir_or_path: str | Path | Backend | None = None,
        var_name_substitutions: Sequence[tuple[str, str]] | None = None,
        session_target: str = "",
        **sample_kwargs: Any,
    ):
        self._backend = _open(config_of(config), checkpoint_dir_or_path, var_name_substitutions)
        ours = self._backend.config
        if self._backend.converter.medium != "notes":
            raise LofiError(f"{ours.name} is a model of sound: TrainedModel is for those of notes")
        self._config = MagentaConfig(ours)
        self._config.hparams.batch_size = batch_size
        if isinstance(config, MagentaConfig):
            self._config.data_converter = copy.deepcopy(config.data_converter)

    def sample(
        self,
        n: int | None = None,
        length: int | None = None,
        temperature: float = 1.0,
        same_z: bool = False,
        c_input: np.ndarray | None = None,
    ) -> list[NoteSequence]:
        """Returns `n` samples, of `length` steps at most.

        Args:
            n: how many; None is the batch size.
            length: steps; None is the model's.
            temperature: 1 draws as the model says.
            same_z: whether all have one latent.
            c_input: [T, C], for all samples, where the model takes controls.

        Raises:
            ValueError: a length above the model's, or controls where there should be none, or the
                reverse.
        """
        n = n or self._config.hparams.batch_size
        size = self._config.hparams.z_size
        z = np.random.randn(1 if same_z else n, size).astype(np.float32)
        tensors = self._decoded(np.repeat(z, n, 0) if same_z else z, length, temperature, c_input)
        return self._music(tensors, c_input)

    def encode(
        self, note_sequences: Sequence[NoteSequence], assert_same_length: bool = False
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Returns a draw of the posterior, its mean and its standard deviation, [N, Z] each.

        Args:
            note_sequences: each holds one example.
            assert_same_length: whether to refuse examples of different lengths.

        Raises:
            RuntimeError: the model has no latent.
            NoExtractedExamplesError: a sequence holds no example.
            MultipleExtractedExamplesError: a sequence holds several.
            AssertionError: different lengths, where they are refused.
        """
        self._check_latent("encode")
        found = [self._only_example(sequence) for sequence in note_sequences]
        inputs, controls, lengths = ([row[part] for row in found] for part in range(3))
        sizes = [len(row) for row in inputs]
        for number, size in enumerate(sizes):
            if assert_same_length and size != sizes[0]:
                raise AssertionError(
                    f"sequences 0 and {number} have different lengths: {sizes[0]} and {size}"
                )
        return self.encode_tensors(inputs, lengths, controls)

    def encode_tensors(
        self,
        input_tensors: Sequence[np.ndarray],
        lengths: Sequence[Any],
        control_tensors: Sequence[np.ndarray] | None = None,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Returns what `encode` does of N arrays [T or fewer, D].

        Lengths are of each, or of the segments of each; controls, where the model takes them, are N
        of [T or fewer, C].

        Raises:
            RuntimeError: the model has no latent.
        """
        self._check_latent("encode")
        steps, depth = self._config.hparams.max_seq_len, self._config.data_converter.control_depth
        controls = None
        if depth:
            rows = control_tensors or [np.zeros([0, depth])] * len(input_tensors)
            controls = _padded(rows, steps)
        inputs = _padded(input_tensors, steps)
        mean, stddev = self._backend.encode(inputs, np.asarray(lengths, np.int32), controls)
        z = mean + stddev * np.random.randn(*mean.shape)
        return z.astype(np.float32), mean, stddev

    def decode(
        self,
        z: np.ndarray,
        length: int | None = None,
        temperature: float = 1.0,
        c_input: np.ndarray | None = None,
    ) -> list[NoteSequence]:
        """Returns the music of latents [N, Z]; takes what `decode_to_tensors` takes."""
        tensors = self.decode_to_tensors(z, length, temperature, c_input)
        return self._music(tensors, c_input)

    def decode_to_tensors(
        self,
        z: np.ndarray,
        length: int | None = None,
        temperature: float = 1.0,
        c_input: np.ndarray | None = None,
        return_full_results: bool = False,
    ) -> list[np.ndarray]:
        """Returns the outputs of latents [N, Z], N of [length, D].

        Args:
            z: latents.
            length: steps; None is the model's.
            temperature: 1 draws as the model says, 0 takes the likeliest.
            c_input: [T, C], for all of them, where the model takes controls.
            return_full_results: must be false: the decoder's states are not kept.

        Raises:
            RuntimeError: the model has no latent.
            ValueError: as `sample`, z of another shape, or full results asked for.
        """
        self._check_latent("decode")
        if return_full_results:
            raise ValueError("return_full_results is not there: a decoder's states are not kept")
        return self._decoded(np.asarray(z, np.float32), length, temperature, c_input)

    def interpolate(
        self,
        start_sequence: NoteSequence,
        end_sequence: NoteSequence,
        num_steps: int,
        length: int | None = None,
        temperature: float = 1.0,
        assert_same_length: bool = True,
        c_input: np.ndarray | None = None,
    ) -> list[NoteSequence]:
        """Returns `num_steps` pieces on the great circle between the means of two, both included.

        Takes and raises what `encode` and `decode` do; `c_input` is ours.
        """
        _, mean, _ = self.encode([start_sequence, end_sequence], assert_same_length)
        z = slerp(mean[0], mean[1], np.linspace(0.0, 1.0, num_steps))
        return self.decode(z, length, temperature, c_input)

    def _decoded(self, z, length, temperature, c_input) -> list[np.ndarray]:
        steps, size = self._config.hparams.max_seq_len, self._config.hparams.batch_size
        length = length or steps
        self._backend.check_latents(z)
        if length > steps:
            raise ValueError(f"length must be at most {steps}. Received: {length}")
        if (c_input is None) != (not self._config.data_converter.control_depth):
            wanted = "wants" if c_input is None else "takes no"
            raise ValueError(f"{self._config.name} {wanted} c_input")
        controls = None if c_input is None else _padded([np.asarray(c_input)], steps)
        outputs = []
        for first in range(0, len(z), size):
            rows = z[first : first + size]
            seeds = np.random.randint(0, 2**31, len(rows)).astype(np.int64)
            each = None if controls is None else np.repeat(controls, len(rows), 0)
            heat = np.full(len(rows), temperature, np.float32)
            outputs += list(self._backend.decode(rows, heat, seeds, each))
        return [output[:length] for output in outputs]

    def _music(self, tensors: Sequence[np.ndarray], c_input: np.ndarray | None) -> list[Any]:
        """Returns outputs as loops of whole bars."""
        converter = self._backend.converter
        each = _each(c_input, len(tensors))
        found = self._config.data_converter.from_tensors(tensors, each)
        for piece, output in zip(found, tensors, strict=True):
            bars = -(-len(output) // (converter.steps_per_bar * converter.rows_a_step))
            bars = min(converter.window_bars(self._backend.num_steps), max(1, bars))
            piece.total_time = bars * converter.quarters_per_bar * 60.0 / first_qpm(piece)
        return [as_loop(piece) for piece in found]

    def _only_example(self, sequence: NoteSequence) -> tuple[np.ndarray, Any, Any]:
        """Returns inputs, controls and length of the one example of a sequence."""
        found = self._config.data_converter.to_tensors(sequence)
        if not found.inputs:
            reason = self._config.data_converter.refusal_of(sequence)
            raise NoExtractedExamplesError(f"no example in the NoteSequence: {reason}")
        if len(found.inputs) > 1:
            raise MultipleExtractedExamplesError(
                f"{len(found.inputs)} examples in the NoteSequence, and one is needed"
            )
        return found.inputs[0], found.controls[0], found.lengths[0]

    def _check_latent(self, verb: str) -> None:
        if not self._config.hparams.z_size:
            raise RuntimeError(f"cannot {verb} with a model without a latent")


def _open(config, source, substitutions) -> Backend:
    if isinstance(source, Backend):
        check_config(source.config, config, "the backend")
        return source
    if not substitutions or is_address(source):
        return open_backend(source, config)

    def renamed(name: str) -> str:
        for pattern, replacement in substitutions:
            name = re.sub(pattern, replacement, name)
        return name

    return backend_of_model(*load_model(weights_path(source), config, renamed))


def _padded(rows: Sequence[np.ndarray], steps: int) -> np.ndarray:
    """Returns rows [T or fewer, D] as float32 [N, T, D], zeros at the end."""
    found = np.zeros([len(rows), steps, np.shape(rows[0])[-1]], np.float32)
    for number, row in enumerate(rows):
        found[number, : len(row)] = row
    return found


def _each(c_input: np.ndarray | None, count: int) -> np.ndarray | None:
    return None if c_input is None else np.repeat(np.asarray(c_input)[None], count, axis=0)
