"""From a config to a model, its weights drawn and its optimiser ready."""

from typing import Any

import keras

from lofi_tf.config import Config, ModelConfig
from lofi_tf.data.converters.converter import build_converter, depths_of
from lofi_tf.data.converters.paired import PairedConverter
from lofi_tf.errors import LofiError
from lofi_tf.models.common.latent_model import LatentModel
from lofi_tf.models.common.optimizer import compile_model
from lofi_tf.models.components import (
    build_discriminator,
    build_frames,
    build_head,
    build_ties,
    build_vaes,
)
from lofi_tf.models.continuation.gan import ContinuationGAN
from lofi_tf.models.continuation.long_term import RecallingContinuation
from lofi_tf.models.continuation.model import Continuation
from lofi_tf.models.crossmodal.model import AdversarialCrossModal, CrossModal
from lofi_tf.models.layers.mdct import LappedFrames
from lofi_tf.models.sequence.vae import MusicVAE
from lofi_tf.models.sound.adversarial import AdversarialVAE


def build_model(config: Config, seed: int = 0, first_step: int = 0) -> LatentModel:
    """Returns the config's model, its weights drawn from `seed`, its optimiser ready.

    The optimiser is Adam with TF1's epsilon of 1e-8.
    """
    keras.utils.set_random_seed(seed)
    builders = {"vae": _vae, "continuation": _continuation, "cross_modal": _cross_modal}
    model = builders[config.model.kind](config, seed, first_step)
    compile_model(model)
    return model


def _vae(config, seed, first_step) -> MusicVAE:
    converter = build_converter(config.data.converter)
    depth = depths_of(converter)
    kind, discriminator = _against(config.model, MusicVAE, AdversarialVAE)
    return kind(
        config.model,
        config.training,
        depth["inputs"],
        depth["targets"],
        depth.get("controls", 0),
        getattr(converter, "end_token", None),
        seed,
        first_step,
        **discriminator,
    )


def _continuation(config, seed, first_step) -> Continuation:
    head = build_head(config.model, 1)
    frames = build_frames(config.model, head)
    plain = RecallingContinuation if isinstance(frames, LappedFrames) else Continuation
    kind, discriminator = _against(config.model, plain, ContinuationGAN)
    return kind(config.model, config.training, frames, head, seed, first_step, **discriminator)


def _cross_modal(config, seed, first_step) -> CrossModal:
    converter = build_converter(config.data.converter)
    if not isinstance(converter, PairedConverter):
        raise LofiError("a cross_modal model needs a converter of kind paired")
    signal, symbol = build_vaes(config.model, converter.num_bands, converter.layout.depth)
    ties = build_ties(config.model)
    kind, discriminator = _against(
        config.model, CrossModal, AdversarialCrossModal, converter.num_bands
    )
    return kind(
        config.model, config.training, signal, symbol, converter.layout, converter.label_type,
        ties, seed, first_step, **discriminator,
    )  # fmt: skip


def _against(
    model: ModelConfig, plain: type, adversarial: type, depth: int = 1
) -> tuple[type, dict[str, Any]]:
    """Returns the class of a model, and the discriminator where there is one."""
    if model.discriminator is None:
        return plain, {}
    return adversarial, {"discriminator": build_discriminator(model, depth)}
