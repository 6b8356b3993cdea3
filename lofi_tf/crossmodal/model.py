"""A trained cross-modal model as a few numpy functions, wherever it runs."""

from pathlib import Path
from typing import Any

import numpy as np

from lofi_tf.backends.base import Backend
from lofi_tf.backends.open import open_backend
from lofi_tf.config import Config, load_config
from lofi_tf.crossmodal.posterior import Posterior
from lofi_tf.errors import LofiError
from lofi_tf.models.kinds import answers

ROWS = 512  # that are asked for at once


class CrossModel:
    """A cross-modal model; every function takes and returns float32 arrays with rows N first.

    A row's answer is the same wherever it stands.

    Attributes:
        backend: that answers.
        model: the same in this process, where it runs here.
        config: the model's.
        converter: `PairedConverter` of the config.
        layout: `SymbolLayout`, what stands where in symbols.
        z_size: Z, size of the lowest latents.
        step: of training, that the weights are from; None of an export, which does not say.
    """

    def __init__(self, backend: Backend):
        self.backend, self.config, self.model = backend, backend.config, backend.model
        self.converter: Any = backend.converter
        self.layout, self.z_size = self.converter.layout, self.config.model.z_size
        self.step = self.model and self.model.steps_trained

    def encode_sound(self, spectra: np.ndarray) -> Posterior:
        """Returns the posterior of spectra [N, F], as `converter.view_of` gives them."""
        return Posterior(*self._asked("transcribe", "spectra", spectra, "mean", "stddev"))

    def encode_notes(self, symbols: np.ndarray) -> Posterior:
        """Returns the posterior of symbols [N, S], as `layout.encode` gives them."""
        return Posterior(*self._asked("synthesize", "symbols", symbols, "mean", "stddev"))

    def sound_of(self, z: np.ndarray) -> np.ndarray:
        """Returns spectra [N, F] of z [N, Z], for `converter.from_outputs`."""
        return self._asked("decode", "z", z, "spectra")[0]

    def notes_of(self, z: np.ndarray) -> np.ndarray:
        """Returns the probability of each class, [N, S], of z [N, Z]."""
        return self._asked("decode", "z", z, "probabilities")[0]

    def sample(self, count: int, seed: int) -> np.ndarray:
        """Returns z [count, Z], drawn of the prior by the seed, from 0 to 2^31 - 1."""
        seeds = seed * 2**32 + np.arange(count, dtype=np.int64)
        return self._asked("sample", "seed", seeds, "z")[0]

    def _asked(self, function: str, name: str, rows: np.ndarray, *wanted: str) -> list[np.ndarray]:
        """Returns what a function answers to rows, asked `ROWS` at a time."""
        rows = np.asarray(rows, np.int64 if name == "seed" else np.float32)
        begins = range(0, max(1, len(rows)), ROWS)
        call = self.backend.call
        parts = [call(function, {name: rows[begin : begin + ROWS]}) for begin in begins]
        return [np.concatenate([part[key] for part in parts]) for key in wanted]


def open_cross(model: str | Path) -> CrossModel:
    """Returns the model of a run, a folder of checkpoints, or what `open_backend` takes.

    Of a run it is the best by evaluation, the latest where there is no best yet.

    Raises:
        LofiError: none of these, no checkpoint yet, or a model of another kind.
    """
    folder = Path(model)
    if (folder / "config.yaml").is_file():
        check_kind(load_config(folder), model)
        best = folder / "eval" / "best"
        folder = best if any(best.glob("*.index")) else folder / "train"
        if not folder.is_dir():
            raise LofiError(f"there is no checkpoint in {model} yet")
        backend = open_backend(folder)
    else:
        backend = open_backend(model)
    check_kind(backend.config, model)
    return CrossModel(backend)


def check_kind(config: Config, source: str | Path) -> None:
    """Refuses a model that is not cross-modal."""
    if not answers(config, "transcribe"):
        raise LofiError(
            f"a cross_modal model is needed, such as that of --config=crossmodal. {source} "
            f"holds {config.name}, of kind {config.model.kind}"
        )
