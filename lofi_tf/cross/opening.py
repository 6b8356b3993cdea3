"""A trained cross-modal model as a few numpy functions."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf

from lofi_tf.backends import load_model
from lofi_tf.config import Config, load_config
from lofi_tf.cross.posterior import Posterior, row_noise
from lofi_tf.data.converter import build_converter
from lofi_tf.errors import LofiError
from lofi_tf.models.cross_modal import CrossModal

ROWS = 64  # that are computed at once: a row's answer is the same wherever it stands


class CrossModel:
    """A cross-modal model; every function takes and returns float32 arrays with rows N first.

    Args:
        model: with its weights.
        config: the model's.

    Attributes:
        model: as given.
        config: the model's.
        converter: `PairedConverter` of the config.
        layout: `SymbolLayout`, what stands where in symbols.
        z_size: Z, size of the lowest latents.
        step: of training, that the weights are from.
    """

    def __init__(self, model: CrossModal, config: Config):
        self.config, self.converter = config, build_converter(config.data.converter)
        self.model = model
        self.layout, self.z_size = self.converter.layout, model.signal.dims[0]
        self.step = int(model.optimizer.iterations)
        bands, depth, z_size = self.converter.num_bands, self.layout.depth, self.z_size
        self._noise_size = sum(model.signal.dims)
        self._heard = _function(lambda x: _moments(model.signal.encode(x)), bands)
        self._read = _function(lambda x: _moments(model.symbol.encode(x)), depth)
        self._sound = _function(lambda z: [model.signal.decode(z)], z_size)
        self._notes = _function(lambda z: [model.probabilities(model.symbol.decode(z))], z_size)
        self._prior = _function(lambda noise: [model.signal.lowest(noise)], self._noise_size)

    def encode_sound(self, spectra: np.ndarray) -> Posterior:
        """Returns the posterior of spectra [N, F], as `converter.view_of` gives them."""
        return Posterior(*_in_rows(self._heard, spectra))

    def encode_notes(self, symbols: np.ndarray) -> Posterior:
        """Returns the posterior of symbols [N, S], as `layout.encode` gives them."""
        return Posterior(*_in_rows(self._read, symbols))

    def sound_of(self, z: np.ndarray) -> np.ndarray:
        """Returns spectra [N, F] of z [N, Z], for `converter.from_outputs`."""
        return _in_rows(self._sound, z)[0]

    def notes_of(self, z: np.ndarray) -> np.ndarray:
        """Returns the probability of each class, [N, S], of z [N, Z]."""
        return _in_rows(self._notes, z)[0]

    def sample(self, count: int, seed: int) -> np.ndarray:
        """Returns z [count, Z], drawn of the prior by the seed."""
        return _in_rows(self._prior, row_noise(seed, count, self._noise_size))[0]


def open_cross(run_dir: str | Path) -> CrossModel:
    """Returns the model of a run: the best by evaluation, the latest where there is no best yet.

    Args:
        run_dir: the folder that `lofi_train` wrote, or a folder of checkpoints in it.

    Raises:
        LofiError: no such folder, no run, a run of another kind, or no checkpoint.
    """
    folder = Path(run_dir)
    if not folder.is_dir():
        raise LofiError(f"--run_dir: no such folder. Received: {str(run_dir)!r}")
    if (folder / "config.yaml").is_file():
        config = load_config(folder)
        if config.model.kind != "cross_modal":
            raise LofiError(
                f"a cross_modal model is needed, such as that of --config=crossmodal. {run_dir} "
                f"holds {config.name}, of kind {config.model.kind}"
            )
        best = folder / "eval" / "best"
        folder = best if best.is_dir() and any(best.glob("*.index")) else folder / "train"
        if not folder.is_dir():
            raise LofiError(f"there is no checkpoint in {run_dir} yet")
    model, config = load_model(folder)
    if not isinstance(model, CrossModal):
        raise LofiError(f"a cross_modal model is needed. {run_dir} holds {config.model.kind}")
    return CrossModel(model, config)


def _moments(latents) -> list[tf.Tensor]:
    posterior = latents.posteriors[0]
    return [posterior.mean(), posterior.stddev()]


def _function(call: Callable, depth: int) -> Callable:
    return tf.function(call, input_signature=[tf.TensorSpec([ROWS, depth], tf.float32)])


def _in_rows(function: Callable, rows: np.ndarray) -> list[np.ndarray]:
    """Returns a function's answers to rows [N, D], asked `ROWS` at a time."""
    rows = np.asarray(rows, np.float32)
    padded = np.pad(rows, [(0, max(-len(rows) % ROWS, 0 if len(rows) else ROWS)), (0, 0)])
    parts = [function(padded[begin : begin + ROWS]) for begin in range(0, len(padded), ROWS)]
    return [np.concatenate(found)[: len(rows)] for found in zip(*parts, strict=True)]
