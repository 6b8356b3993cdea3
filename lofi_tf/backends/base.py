"""What can encode and decode: a model in this process, an export or a server, all asked alike."""

import functools
from collections.abc import Callable, Container, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lofi_tf import quiet
from lofi_tf.config import Config
from lofi_tf.data.converters.base import Converter
from lofi_tf.data.converters.build import build_converter
from lofi_tf.data.storage.examples import Examples
from lofi_tf.errors import LofiError, NoSuchFunction
from lofi_tf.models.kinds import check_can, kind_of

if TYPE_CHECKING:  # an export runs without the models, whose import takes a second
    from lofi_tf.models.common.latent_model import LatentModel


Arrays = Mapping[str, np.ndarray]
Call = Callable[[str, Arrays], Arrays]


class Backend:
    """A model, wherever it runs. Every array has the batch B first.

    Args:
        config: the model's.
        call: `(function, arrays) -> arrays` by the names of `interface_of`.
        model: the model itself, where it runs in this process.
        folder: of its run or its export; None of a lone checkpoint and of a server.
    """

    def __init__(
        self,
        config: Config,
        call: Call,
        model: "LatentModel | None" = None,
        folder: Path | None = None,
    ):
        self.config, self.call, self.model, self.folder = config, call, model, folder

    @functools.cached_property
    def converter(self) -> Converter:
        """What turns music into the model's arrays and back."""
        return build_converter(self.config.data.converter)

    @property
    def num_steps(self) -> int:
        """Steps T of an example."""
        return self.config.model.max_seq_len

    def view(self, examples: Examples) -> Arrays:
        """Returns what a model is fed of N stored examples, by the converter's `model_spec`."""
        with quiet.imports():
            from lofi_tf.data.storage.dataset import model_view  # TensorFlow's

        return model_view(examples, self.converter, self.num_steps)

    def encode(
        self, inputs: np.ndarray, lengths: np.ndarray, controls: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Returns the posterior's mean and standard deviation, [B, Z], of inputs [B, T, D].

        Raises:
            LofiError: the model has no latent, or is of another kind.
        """
        check_can(self.config, "encode")
        if not self.config.model.z_size:
            raise LofiError(f"{self.config.name} has no latent (z_size 0) and takes no inputs")
        posterior = self._ask("encode", controls, inputs=inputs, lengths=lengths)
        return posterior["mean"], posterior["stddev"]

    def decode(
        self,
        z: np.ndarray,
        temperature: np.ndarray,
        seeds: np.ndarray,
        controls: np.ndarray | None = None,
    ) -> np.ndarray:
        """Returns outputs [B, T, D] of z [B, Z], by temperature [B] and seeds int64 [B].

        A row's answer depends on that row alone. See `row_seeds` of `lofi_tf.generation`.

        Raises:
            LofiError: the model is of another kind, or z of another shape.
        """
        length = np.full(np.shape(z)[:1], self.num_steps, np.int32)
        asked = {"z": z, "temperature": temperature, "seed": seeds, "length": length}
        return self._ask("decode", controls, **asked)["outputs"]

    def score(
        self,
        z: np.ndarray,
        targets: np.ndarray,
        lengths: np.ndarray,
        controls: np.ndarray | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Returns the reconstruction loss [B] of targets [B, T, D], and outputs [B, T, D].

        The decoder is fed z [B, Z] and at each step the truth before it (teacher forcing); the
        outputs are the likeliest at each step. The loss is in nats, but for heads of grooves and
        of spectra, whose losses are no likelihoods.

        Raises:
            NoSuchFunction: an export from before there was `score`.
            LofiError: the model is of another kind, or z of another shape.
        """
        scores = self._ask("score", controls, z=z, targets=targets, lengths=lengths)
        return scores["loss"], scores["outputs"]

    def play_hits(
        self, z: np.ndarray, hits: np.ndarray, controls: np.ndarray | None = None
    ) -> np.ndarray:
        """Returns outputs [B, T, D] of z [B, Z] with the given hits, 0 or 1, [B, T, D / 3].

        Velocities and timing are the model's, which is fed with them and the given hits.

        Raises:
            NoSuchFunction: no model of grooves, or an export from before there was `play_hits`.
            LofiError: the model is of another kind, or z of another shape.
        """
        hits = np.asarray(hits, np.float32)
        return self._ask("play_hits", controls, z=z, hits=hits)["outputs"]

    def fill(
        self,
        z: np.ndarray,
        given: np.ndarray,
        kept: np.ndarray,
        temperature: np.ndarray,
        expression_temperature: np.ndarray,
        seeds: np.ndarray,
        controls: np.ndarray | None = None,
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Returns outputs [B, T, D] of z [B, Z], some of whose numbers are given, and their nats.

        The nats [B] are those of the numbers that are given, each given z and all before it: how
        little the model would have expected them. An export from before may not tell them.

        Args:
            z: latents.
            given: outputs, [B, T, D].
            kept: 1 where a number is as given, else 0, [B, T, D].
            temperature: of hits, [B].
            expression_temperature: of velocities and timing, [B], where the model knows their
                distributions; 0 takes the medians.
            seeds: int64 [B].
            controls: [B, T, C].

        Raises:
            NoSuchFunction: no model whose outputs can be given in part, or an export from before
                there was `fill`.
            LofiError: the model is of another kind, or z of another shape.
        """
        arrays = {"given": np.asarray(given, np.float32), "kept": np.asarray(kept, np.float32)}
        arrays |= {"temperature": temperature, "expression_temperature": expression_temperature}
        filled = self._ask("fill", controls, z=z, seed=seeds, **arrays)
        return filled["outputs"], filled.get("nats")

    def check_latents(self, z: np.ndarray) -> None:
        """Refuses what is not [B, Z]."""
        z_size = self.config.model.z_size
        if np.ndim(z) != 2 or np.shape(z)[1] != z_size:
            shape = list(np.shape(z))
            raise LofiError(f"{self.config.name}: z must be [N, {z_size}]. Received: {shape}")

    def _ask(self, function: str, controls: np.ndarray | None, **arrays: np.ndarray) -> Arrays:
        check_can(self.config, "encode")
        if "z" in arrays:
            self.check_latents(arrays["z"])
        return self.call(function, arrays if controls is None else {**arrays, "controls": controls})


def name_among(names: Container[str], function: str, config: Config, source: Any) -> str:
    """Returns what an export calls a function: by today's name, or the one from before.

    Raises:
        NoSuchFunction: it has none.
    """
    old_name = kind_of(config).old_names.get(function)
    for name in (function, old_name):
        if name in names:
            return name
    raise NoSuchFunction(f"{source} has no signature {function!r}: export the model again")
