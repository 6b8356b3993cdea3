"""The parts of a VAE by the names that configs give them, and how they are put together."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import keras

from lofi_tf.config import VAEConfig
from lofi_tf.errors import LofiError
from lofi_tf.models.common.components import build_component, made, picked
from lofi_tf.models.common.latents import GaussianLatent
from lofi_tf.models.sequence.bit_heads import HEADS as BIT_HEADS
from lofi_tf.models.sequence.cores import LSTMCore, SplitCore
from lofi_tf.models.sequence.decoders import LSTMDecoder
from lofi_tf.models.sequence.encoders import ENCODERS, BidirectionalLSTMEncoder, HierarchicalEncoder
from lofi_tf.models.sequence.groove_head import GrooveMixtureHead
from lofi_tf.models.sequence.heads import HEADS as STEP_HEADS
from lofi_tf.models.sequence.heads import MultiCategoricalHead
from lofi_tf.models.sequence.hierarchy import HierarchicalDecoder, conductor_sizes
from lofi_tf.models.sequence.lookback import LookbackCore, lookback_size
from lofi_tf.models.sound.clip_nets import ConvEncoder, ConvGenerator, DenseEncoder, DenseGenerator
from lofi_tf.models.sound.clips import ClipDecoder, GaussianHead
from lofi_tf.models.sound.frame_nets import FrameLSTMEncoder, FrameLSTMGenerator
from lofi_tf.models.sound.mu_law import MuLawHead
from lofi_tf.models.sound.multiband import FrameLatent, MultibandEncoder, MultibandGenerator
from lofi_tf.models.sound.spectral import SpectralHead
from lofi_tf.models.sound.spectrum_nets import SpectrumEncoder, SpectrumGenerator
from lofi_tf.settings import Size, check_options, checked

CLIP_ENCODERS = {
    "dense": DenseEncoder,
    "conv": ConvEncoder,
    "frame_lstm": FrameLSTMEncoder,
    "conv2d": SpectrumEncoder,
    "multiband": MultibandEncoder,
}
CLIP_GENERATORS = {
    "dense": DenseGenerator,
    "conv": ConvGenerator,
    "frame_lstm": FrameLSTMGenerator,
    "conv2d": SpectrumGenerator,
    "multiband": MultibandGenerator,
}
HEADS = (
    STEP_HEADS
    | BIT_HEADS
    | {
        "groove_mixture": GrooveMixtureHead,
        "gaussian": GaussianHead,
        "mu_law": MuLawHead,
        "multi_scale_spectral": SpectralHead,
    }
)
DECODERS = {"lstm": LSTMDecoder, "hierarchical_lstm": HierarchicalDecoder, **CLIP_GENERATORS}
CORE_OPTIONS = (
    "embedding_size",
    "z_inputs",
    "skip_inputs",
    "previous_inputs",
    "output_keep_prob",
)  # of a decoder, for its core


def build_encoder(model: VAEConfig, input_size: int) -> keras.layers.Layer:
    """Returns the encoder of a model's settings.

    Args:
        model: the settings.
        input_size: depth of the inputs, controls included.
    """
    cls, options = picked("encoder", ENCODERS | CLIP_ENCODERS, model.encoder)
    if cls in CLIP_ENCODERS.values():
        return made("encoder", cls, options, model.max_seq_len, input_size)
    _check_levels("encoder", options, model)
    return made(
        "encoder", cls, options, input_size, model.enc_rnn_size, model.dropout_keep_prob,
        model.residual_encoder,
    )  # fmt: skip


def build_control_preprocessing(
    model: VAEConfig, control_size: int
) -> BidirectionalLSTMEncoder | None:
    """Returns what the controls pass through before the decoder; None where nothing is asked for.

    Follows Magenta's `BidirectionalLstmControlPreprocessingDecoder`.
    """
    if not (control_size and model.preprocess_controls):
        return None
    return BidirectionalLSTMEncoder(
        control_size,
        model.control_preprocessing_rnn_size,
        model.dropout_keep_prob,
        model.residual_decoder,
    )


def build_decoder(
    model: VAEConfig,
    output_size: int,
    control_size: int,
    end_token: int | None,
    encoder: keras.layers.Layer | None,
) -> keras.layers.Layer:
    """Returns the decoder of a model's settings, with its core and its head.

    Args:
        model: the settings.
        output_size: depth of the outputs.
        control_size: depth of the controls as the decoder gets them.
        end_token: class that ends a sequence.
        encoder: the model's encoder, for a decoder that encodes its outputs again.
    """
    head = build_head(model, output_size)
    cls, options = picked("decoder", DECODERS, model.decoder)
    if cls in CLIP_GENERATORS.values():
        sizes = (model.max_seq_len, head.parameter_size, model.z_size)
        return ClipDecoder(made("decoder", cls, options, *sizes), head)
    split, reencode = (
        checked(f"the decoder's {name}", options.pop(name, False), bool)
        for name in ("split", "reencode")
    )
    common = {"keep_prob": model.dropout_keep_prob, "residual": model.residual_decoder}
    core_options = {name: options.pop(name) for name in CORE_OPTIONS if name in options}
    check_options("decoder", LSTMCore, core_options)
    if cls is HierarchicalDecoder:
        _check_levels("decoder", options, model)
    lookback = options.pop("lookback", None) if cls is LSTMDecoder else None
    checked("the decoder's lookback", lookback, Sequence[Size] | None)
    control_size += lookback_size(output_size, lookback or ())
    core = _core(
        head, split, model.dec_rnn_size, _core_z_size(model, cls, options), control_size,
        **common, **core_options,
    )  # fmt: skip
    if lookback:
        core = LookbackCore(core, lookback)
    if cls is LSTMDecoder:
        return made("decoder", cls, options, core, head, end_token=end_token)
    return made(
        "decoder", cls, options, core, head, model.dec_rnn_size, model.z_size,
        end_token=end_token, encoder=_reencoder(encoder, options) if reencode else None, **common,
    )  # fmt: skip


def build_latent(encoder: keras.layers.Layer, z_size: int) -> keras.layers.Layer:
    """Returns the latent after an encoder: one for the whole, or along its frames.

    That of whole clips begins loud, see `GaussianLatent`.
    """
    if isinstance(encoder, MultibandEncoder):
        return FrameLatent(encoder.output_size, z_size, encoder.num_frames)
    loud = type(encoder) in CLIP_ENCODERS.values()
    return GaussianLatent(encoder.output_size, z_size, loud)


def build_head(model: VAEConfig, output_size: int) -> keras.layers.Layer:
    """Returns the head of a model's settings for outputs of a depth."""
    return build_component("head", HEADS, model.head, output_size)


def _core(head, split, *args, **kwargs) -> keras.layers.Layer:
    if not split:
        return LSTMCore(head.output_size, head.parameter_size, *args, **kwargs)
    if not isinstance(head, MultiCategoricalHead):
        raise LofiError("a decoder with split: true needs a head of kind multi_categorical")
    return SplitCore(head.sizes, *args, **kwargs)


def _core_z_size(model: VAEConfig, cls: type, options: Mapping[str, Any]) -> int:
    if cls is LSTMDecoder:
        return model.z_size
    num_levels = len(options.get("level_lengths", [0])) - 1
    given = {name: options.get(name) for name in ("conductor_units", "conductor_embedding_size")}
    sizes = conductor_sizes(num_levels, model.dec_rnn_size, **given)
    return sizes[-1].output_size if sizes else model.dec_rnn_size[-1]


def _reencoder(encoder, options) -> HierarchicalEncoder:
    lengths = list(options["level_lengths"])[::-1]
    if not isinstance(encoder, HierarchicalEncoder) or list(encoder.level_lengths) != lengths:
        raise LofiError(
            "a decoder with reencode: true needs an encoder of kind hierarchical_lstm with the "
            f"level_lengths {lengths}"
        )
    return encoder


def _check_levels(what: str, options: Mapping[str, Any], model: VAEConfig) -> None:
    lengths = options.get("level_lengths", [model.max_seq_len])
    if math.prod(lengths) != model.max_seq_len:
        raise LofiError(
            f"the product of the {what}'s level_lengths must be max_seq_len, {model.max_seq_len}. "
            f"Received: {list(lengths)}"
        )
