"""What can encode and decode: a model in this process, behind the protocol of any other."""

from pathlib import Path
from typing import Protocol

import numpy as np
import tensorflow as tf

from lofi_tf import checkpoints
from lofi_tf.config import Config, load_config
from lofi_tf.errors import LofiError
from lofi_tf.models.noise import row_normal
from lofi_tf.models.vae import MusicVAE, build_model


class Backend(Protocol):
    """A model, wherever it runs. Every array has the batch B first.

    Attributes:
        config: the model's.
    """

    config: Config

    def prior(self, seeds: np.ndarray) -> np.ndarray:
        """Returns draws of the prior, float32 [B, Z], one for each of the seeds, int32 [B, 2]."""

    def encode(
        self, inputs: np.ndarray, lengths: np.ndarray, controls: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Returns the posterior's mean and standard deviation, [B, Z], of inputs [B, T, D]."""

    def decode(
        self,
        z: np.ndarray,
        temperature: np.ndarray,
        seeds: np.ndarray,
        controls: np.ndarray | None = None,
    ) -> np.ndarray:
        """Returns outputs [B, T, D] of z [B, Z], by temperature [B] and seeds int32 [B, 2]."""


class ModelBackend:
    """A model in this process."""

    def __init__(self, model: MusicVAE, config: Config):
        self.model, self.config = model, config
        self._decode = tf.function(self._decode_rows, reduce_retracing=True)
        self._encode = tf.function(self._encode_rows, reduce_retracing=True)
        self._prior = tf.function(
            lambda seeds: row_normal(seeds, config.model.z_size),
            input_signature=[tf.TensorSpec([None, 2], tf.int32)],
        )

    def prior(self, seeds: np.ndarray) -> np.ndarray:
        """See `Backend`."""
        return self._prior(seeds).numpy()

    def encode(
        self, inputs: np.ndarray, lengths: np.ndarray, controls: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """See `Backend`."""
        mean, stddev = self._encode(tf.constant(inputs), tf.constant(lengths), _tensor(controls))
        return mean.numpy(), stddev.numpy()

    def decode(
        self,
        z: np.ndarray,
        temperature: np.ndarray,
        seeds: np.ndarray,
        controls: np.ndarray | None = None,
    ) -> np.ndarray:
        """See `Backend`."""
        return self._decode(
            tf.constant(z), tf.constant(temperature), tf.constant(seeds), _tensor(controls)
        ).numpy()

    def _decode_rows(self, z, temperature, seeds, controls):
        return self.model.decode(z, temperature, seeds, controls=controls)

    def _encode_rows(self, inputs, lengths, controls):
        posterior = self.model.encode(inputs, lengths, controls)
        return posterior.mean(), posterior.stddev()


def open_backend(
    run_dir: str | Path | None = None,
    checkpoint_file: str | Path | None = None,
    config: Config | None = None,
) -> ModelBackend:
    """Returns the model of a run folder or of a checkpoint.

    Args:
        run_dir: a folder that `lofi_train` wrote; its latest checkpoint is taken.
        checkpoint_file: prefix, folder or `.tar` of one of our checkpoints or of Magenta's.
        config: of the model; the run or the checkpoint's folders are asked where it is not given.

    Raises:
        LofiError: both or neither given, no checkpoint there, or no config known.
    """
    if (run_dir is None) == (checkpoint_file is None):
        raise LofiError("give --run_dir or --checkpoint_file, one of the two")
    path = Path(run_dir) / "train" if run_dir is not None else Path(checkpoint_file)
    known = _config_above(path)
    if config is None and known is None:
        raise LofiError(f"{path} does not say its config: give --config")
    config = config or known
    _check_same(config, known, path)
    model = build_model(config)
    checkpoints.load_weights(model, path)
    return ModelBackend(model, config)


def _config_above(path: Path) -> Config | None:
    """Returns the config kept in the checkpoint's folder or up to two folders above it."""
    for folder in (path, *list(path.absolute().parents)[:3]):
        if (folder / "run.yaml").is_file() and (folder / "config.yaml").is_file():
            return load_config(folder)
    return None


def _check_same(config: Config, known: Config | None, path: Path) -> None:
    if known is None or (known.model, known.data) == (config.model, config.data):
        return
    raise LofiError(
        f"{path} was trained with the config {known.name} and other settings than the given "
        f"{config.name}: leave out --config to use its own"
    )


def _tensor(controls: np.ndarray | None) -> tf.Tensor | None:
    return None if controls is None else tf.constant(controls)
