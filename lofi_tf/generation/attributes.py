"""Attribute vectors: directions of the latent along which music becomes denser, louder, and so on.

Roberts et al. 2018, "A Hierarchical Latent Vector Model for Learning Long-Term Structure in Music":
the mean latent of examples that have much of an attribute, less that of examples with little.
"""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from lofi_tf.backends.base import Backend
from lofi_tf.config import Config
from lofi_tf.data.converters.build import build_converter
from lofi_tf.data.storage.examples import Examples
from lofi_tf.errors import LofiError
from lofi_tf.files import atomic_write
from lofi_tf.music.metrics import METRICS
from lofi_tf.saving.hub import beside

FILE = "attributes.npz"
QUARTER = 0.25
ROWS = 256  # examples encoded at once


@dataclasses.dataclass(frozen=True)
class Attribute:
    """A direction of a latent.

    Attributes:
        vector: [Z]; adding it moves from the bottom quartile's mean to the top's.
        low, high: mean of the measure in these quartiles.
        num_examples: examples that have the measure.
    """

    vector: np.ndarray
    low: float
    high: float
    num_examples: int


def check_measurable(config: Config) -> None:
    """Refuses models whose examples the metrics do not measure: those of sound.

    Raises:
        LofiError: the model, and which ones have attributes.
    """
    medium = build_converter(config.data.converter).medium
    if medium != "notes":
        raise LofiError(
            f"attributes are of notes: only models of notes have them. Received: {config.name}, "
            f"a model of {medium}"
        )


def attributes_of(backend: Backend, examples: Examples) -> dict[str, Attribute]:
    """Returns the attributes that vary among examples, by the names of `metrics.METRICS`.

    What the model is to give back is measured; the latents are the posteriors' means.

    Args:
        backend: the model.
        examples: of its converter.

    Raises:
        LofiError: fewer than 8 examples.
    """
    if len(examples) < 8:
        raise LofiError(f"attributes need 8 examples or more. Received: {len(examples)}")
    means, measured = [], []
    for first in range(0, len(examples), ROWS):
        chosen = np.arange(first, min(first + ROWS, len(examples)))
        mask = np.isin(np.arange(len(examples)), chosen)
        rows = _means_and_measures(backend, examples.where(mask))
        means.append(rows[0])
        measured.append(rows[1])
    z, values = np.concatenate(means), np.concatenate(measured)  # [N, Z], [N, M]
    found = {name: attribute(z, column) for name, column in zip(METRICS, values.T, strict=True)}
    return {name: value for name, value in found.items() if value is not None}


def attribute(z: np.ndarray, values: np.ndarray) -> Attribute | None:
    """Returns the attribute of values [N] among latents [N, Z]; None where they do not vary.

    Values that are no number do not count. A quartile holds those at or beyond its bound.
    """
    known = ~np.isnan(values)
    z, values = z[known], values[known]
    if not len(values):
        return None
    low, high = np.quantile(values, [QUARTER, 1 - QUARTER])
    if not low < high:
        return None
    bottom, top = values <= low, values >= high
    return Attribute(
        (z[top].mean(axis=0) - z[bottom].mean(axis=0)).astype(np.float32),
        float(values[bottom].mean()),
        float(values[top].mean()),
        len(values),
    )


def save_attributes(attributes: Mapping[str, Attribute], path: Path, config: str) -> None:
    """Writes attributes to a file, which appears only when whole; `config` names the model's."""
    arrays = {"config": np.array(config)}
    for name, found in attributes.items():
        for field in dataclasses.fields(found):
            arrays[f"{name}/{field.name}"] = np.asarray(getattr(found, field.name))
    with atomic_write(path) as file:
        np.savez(file, **arrays)


def load_vectors(path: Path, backend: Backend) -> dict[str, np.ndarray]:
    """Returns the attribute vectors [Z] of a file, by name.

    Raises:
        LofiError: no such file, or one of another model.
    """
    if not path.is_file():
        raise LofiError(f"no attribute vectors in {path}: lofi_attributes computes them")
    try:
        with np.load(path) as stored:
            found = {
                name.removesuffix("/vector"): stored[name]
                for name in stored.files
                if name.endswith("/vector")
            }
    except (OSError, ValueError) as error:
        raise LofiError(f"{path} is no file of attribute vectors") from error
    size = backend.config.model.z_size
    if any(vector.shape != (size,) for vector in found.values()):
        raise LofiError(f"{path} belongs to a model with another latent than {backend.config.name}")
    return found


def attributes_path(model: str | Path) -> Path:
    """Returns where the attributes of a run folder or an export lie."""
    return beside(Path(model), FILE)


def _means_and_measures(backend: Backend, examples: Examples) -> tuple[np.ndarray, np.ndarray]:
    """Returns the latents [N, Z] and the measures [N, M] of examples."""
    converter = backend.converter
    view = backend.view(examples)
    means, _ = backend.encode(view["inputs"], view["length"], view.get("controls"))
    pieces = [converter.from_outputs(target) for target in view["targets"]]
    return means, np.array([[measure(piece) for measure in METRICS.values()] for piece in pieces])
