"""From a config to a model, its weights drawn and its optimiser ready."""

import keras

from lofi_tf.config import Config
from lofi_tf.data.converters.build import build_converter
from lofi_tf.errors import LofiError
from lofi_tf.models.common.latent_model import LatentModel
from lofi_tf.models.common.optimizer import compile_model
from lofi_tf.models.continuation.gan import ContinuationGAN
from lofi_tf.models.continuation.long_term import RecallingContinuation
from lofi_tf.models.continuation.model import Continuation
from lofi_tf.models.crossmodal.model import AdversarialCrossModal, CrossModal
from lofi_tf.models.sequence.vae import AdversarialVAE, MusicVAE


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
    depth = converter.depths
    cls = MusicVAE if config.model.discriminator is None else AdversarialVAE
    return cls(
        config.model,
        config.training,
        depth["inputs"],
        depth["targets"],
        depth.get("controls", 0),
        converter.end_token,
        seed,
        first_step,
    )


def _continuation(config, seed, first_step) -> Continuation:
    cls = Continuation if config.model.discriminator is None else ContinuationGAN
    if cls is Continuation and config.model.encoder["kind"] == "lapped_frames":
        cls = RecallingContinuation
    return cls(config.model, config.training, seed, first_step)


def _cross_modal(config, seed, first_step) -> CrossModal:
    converter = build_converter(config.data.converter)
    if converter.medium != "sound and notes":
        raise LofiError("a cross_modal model needs a converter of kind paired")
    cls = CrossModal if config.model.discriminator is None else AdversarialCrossModal
    sizes = (converter.num_bands, converter.layout, converter.label_type)
    return cls(config.model, config.training, *sizes, seed, first_step)
