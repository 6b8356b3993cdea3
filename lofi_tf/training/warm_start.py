"""Warm starts: a new run begins with the weights of a model that there is already."""

import hashlib
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from lofi_tf.config import Config
from lofi_tf.errors import LofiError, naming
from lofi_tf.models.common.latent_model import LatentModel
from lofi_tf.models.weight_names import DISCRIMINATOR, named_weights
from lofi_tf.saving.loading import known_config, load_model, told_config, weights_path


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
    with naming("--warm_start"):
        return told_config(weights_path(source))


def read_weights(source: str, config: Config) -> Weights:
    """Returns the weights of a model, in float32 whatever they are stored as.

    Args:
        source: as for `loading.weights_path`.
        config: of a checkpoint that does not know its own.

    Raises:
        LofiError: no model there, or a damaged one.
    """
    with naming("--warm_start"):
        path = weights_path(source)
    model, _ = load_model(path, None if known_config(path) else config)
    return Weights(source, {name: w.numpy() for name, w in named_weights(model).items()})


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
