"""Warm starts: a new run begins with the weights of a model that there is already."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from lofi_tf.backends.open import config_of_export
from lofi_tf.config import Config
from lofi_tf.errors import LofiError
from lofi_tf.interop.magenta_js_config import config_by_weights
from lofi_tf.models.build import build_model
from lofi_tf.models.common.latent_model import LatentModel
from lofi_tf.models.weight_names import DISCRIMINATOR, named_weights
from lofi_tf.saving.hub import about, export_in, find_model, is_address
from lofi_tf.saving.loading import known_config, load_model, train_folder


class Weights(NamedTuple):
    """The weights of a model.

    Attributes:
        source: what a person calls the model.
        values: by the names of `named_weights`.
    """

    source: str
    values: Mapping[str, np.ndarray]

    def facts(self) -> dict[str, str]:
        """Returns what a run keeps of its warm start: the model, and the sha1 of its weights."""
        digest = hashlib.sha1(usedforsecurity=False)
        for name in sorted(self.values):
            digest.update(name.encode() + np.ascontiguousarray(self.values[name]).tobytes())
        return {"model": self.source, "weights_sha1": digest.hexdigest()}


def config_of(source: str) -> Config:
    """Returns the config of a model, as far as that says it.

    Args:
        source: as for `read_weights`.

    Raises:
        LofiError: no model there, or none that knows its config.
    """
    export, path = _places(source)
    if export is not None:
        return config_of_export(export)
    config = known_config(path) or config_by_weights(path)
    if config is None:
        raise LofiError(f"{source} does not say its config: give --config")
    return config


def read_weights(source: str, config: Config) -> Weights:
    """Returns the weights of a model, in float32 whatever they are stored as.

    Args:
        source: a folder that `lofi_train` wrote, an export or the name of one
            (`model_folders.find_model`), or one of our checkpoints or Magenta's: its prefix, its
            folder or a `.tar`, or a folder that magenta.js loads.
        config: of a checkpoint that does not know its own.

    Raises:
        LofiError: no model there, or a damaged one.
    """
    export, path = _places(source)
    if export is not None:
        model = _of_export(export, source)
    else:
        model, _ = load_model(path, None if known_config(path) else config)
    found = named_weights(model)
    return Weights(source, {name: weight.numpy() for name, weight in found.items()})


def open_model(source: str | Path) -> tuple[LatentModel, Config, Path]:
    """Returns the model of an export or a run, its config, and the folder that its weights lie in.

    Args:
        source: as `model_folders.find_model` takes it, but no address.

    Raises:
        LofiError: no model there, a damaged one, or an address.
    """
    if is_address(source):
        raise LofiError(f"a server does not give away weights. Received: {source}")
    folder = Path(find_model(source))
    export = export_in(folder)
    if export is None:
        folder = train_folder(folder)
        return *load_model(folder), folder
    model = _of_export(export, str(source))
    model.optimizer.iterations.assign(about(export).step)
    return model, config_of_export(export), export


def set_weights(model: LatentModel, weights: Weights) -> None:
    """Gives a model the weights of another; a discriminator that the other lacks stays as drawn.

    Raises:
        LofiError: the first weight that one of the two lacks or that has another shape.
    """
    own, given = named_weights(model), dict(weights.values)
    for name, weight in own.items():
        if name in given and given[name].shape == tuple(weight.shape):
            continue
        if name in given:
            received = list(given[name].shape)
        elif name.startswith(f"{DISCRIMINATOR}/"):
            continue
        else:
            received = "none"
        raise LofiError(
            f"{weights.source} does not fit the config: its {name} must be {list(weight.shape)}. "
            f"Received: {received}"
        )
    for name in given:
        if name not in own and not name.startswith(f"{DISCRIMINATOR}/"):
            raise LofiError(
                f"{weights.source} does not fit the config, which has no {name}. "
                f"Received: {list(given[name].shape)}"
            )
    for name, weight in own.items():
        if name in given:
            weight.assign(given[name])


def _places(source: str) -> tuple[Path | None, Path]:
    """Returns the export that a model is, if it is one, and where its checkpoint lies otherwise."""
    path = Path(source)
    if not path.exists() and not Path(f"{path}.index").is_file():
        path = _named(source)
    inside = path / "train"
    return export_in(path) if path.is_dir() else None, inside if inside.is_dir() else path


def _named(source: str) -> Path:
    if is_address(source):
        raise LofiError(f"--warm_start: a server does not give away weights. Received: {source}")
    try:
        return Path(find_model(source))
    except LofiError as error:
        raise LofiError(f"--warm_start: no such checkpoint, {error}") from error


def _of_export(export: Path, source: str) -> LatentModel:
    """Returns a model with the weights that `export.export` keeps as a list, in their order."""
    model = build_model(config_of_export(export))
    discriminator = {id(weight) for weight in getattr(model.discriminator, "weights", ())}
    weights = [weight for weight in model.weights if id(weight) not in discriminator]
    try:
        reader = tf.train.load_checkpoint(str(export / "variables" / "variables"))
        values = [
            reader.get_tensor(f"weights/{number}/.ATTRIBUTES/VARIABLE_VALUE")
            for number in range(len(weights))
        ]
        for weight, value in zip(weights, values, strict=True):
            weight.assign(tf.cast(value, weight.dtype))
    except (tf.errors.OpError, ValueError, RuntimeError) as error:
        line = str(error).strip().splitlines()[0]
        raise LofiError(f"{source} is a damaged export: {line}") from error
    return model
