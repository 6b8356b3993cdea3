"""The named functions of a model, by its kind."""

from typing import TYPE_CHECKING

import yaml

from lofi_tf.config import Config
from lofi_tf.data.converters.build import build_converter

if TYPE_CHECKING:  # an export runs without the models, whose import takes a second
    from lofi_tf.models.common.latent_model import LatentModel
    from lofi_tf.models.common.named_functions import NamedFunctions


def interface_of(model: "LatentModel", config: Config) -> "NamedFunctions":
    """Returns the named functions of a model."""
    from lofi_tf.models.continuation.interface import ContinuationInterface
    from lofi_tf.models.crossmodal.interface import CrossInterface
    from lofi_tf.models.sequence.interface import Interface

    text = yaml.safe_dump(config.to_dict())
    if config.model.kind == "continuation":
        return ContinuationInterface(model, text)
    if config.model.kind == "cross_modal":
        return CrossInterface(model, text)
    return Interface(model, build_converter(config.data.converter).model_spec, text)
