"""Kinds of models: all that differs from kind to kind, for whoever builds, exports or asks one.

Needs neither TensorFlow nor numpy to be imported: an export runs without the models, whose import
takes a second.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import yaml

from lofi_tf.config import (
    Config,
    ContinuationConfig,
    CrossModalConfig,
    VAEConfig,
    config_names,
    load_config,
)
from lofi_tf.errors import LofiError

if TYPE_CHECKING:
    from lofi_tf.models.common.latent_model import LatentModel
    from lofi_tf.models.common.named_functions import NamedFunctions

RNN_ENCODERS = ("lstm", "bidirectional_lstm", "hierarchical_lstm")  # of the sizes enc_rnn_size


@dataclasses.dataclass(frozen=True)
class ModelKind:
    """What is known of a kind of models.

    Attributes:
        noun: what such a model is, in words.
        build: makes one of a config, a seed and a first step.
        interface: gives the named functions of one, of its config and that as YAML.
        functions: names of these; not each model has all.
        parts: the line of a model card that names its parts, by its settings.
        calls: how it is called, in Markdown, by the name of an export.
        instead: what to use where one cannot be encoded, generated from or evaluated.
        old_names: what exports from before call its functions.
    """

    noun: str
    build: Callable[[Config, int, int], "LatentModel"]
    interface: Callable[["LatentModel", Config, str], "NamedFunctions"]
    functions: tuple[str, ...]
    parts: Callable[[Any], str]
    calls: Callable[[str], str]
    instead: Mapping[str, str] = dataclasses.field(default_factory=dict)
    old_names: Mapping[str, str] = dataclasses.field(default_factory=dict)


def kind_of(config: Config) -> ModelKind:
    """Returns the kind of a config's model."""
    return MODEL_KINDS[config.model.kind]


def check_can(config: Config, use: str) -> None:
    """Refuses a use, `encode`, `generate` or `evaluate`, that is not for models of the kind."""
    kind = kind_of(config)
    if use in kind.instead:
        raise LofiError(f"{config.name} is {kind.noun}: {kind.instead[use]}")


def check_made_for(config: Config, mode: str) -> None:
    """Refuses a model that was not made for a mode of grooves, and names those that were."""
    from lofi_tf.data.converters.build import build_converter

    def modes(of: Config) -> frozenset[str]:
        return build_converter(of.data.converter).modes

    if mode in modes(config):
        return
    names = [name for name in config_names() if mode in modes(load_config(name))]
    raise LofiError(f"{config.name} was not made for {mode}. Configs that are: {', '.join(names)}")


def answers(config: Config, function: str) -> bool:
    """Says whether models of the kind have a function of a name."""
    return function in kind_of(config).functions


def interface_of(model: "LatentModel", config: Config) -> "NamedFunctions":
    """Returns the named functions of a model."""
    return kind_of(config).interface(model, config, yaml.safe_dump(config.to_dict()))


def _build_vae(config: Config, seed: int, first_step: int) -> "LatentModel":
    from lofi_tf.data.converters.build import build_converter
    from lofi_tf.models.sequence.vae import AdversarialVAE, MusicVAE

    cls = MusicVAE if config.model.discriminator is None else AdversarialVAE
    converter = build_converter(config.data.converter)
    depths = [converter.depths.get(name, 0) for name in ("inputs", "targets", "controls")]
    settings = (config.model, config.training)
    return cls(*settings, *depths, converter.end_token, seed, first_step)


def _build_continuation(config: Config, seed: int, first_step: int) -> "LatentModel":
    from lofi_tf.models.continuation.gan import ContinuationGAN
    from lofi_tf.models.continuation.long_term import RecallingContinuation
    from lofi_tf.models.continuation.model import Continuation

    cls = Continuation if config.model.discriminator is None else ContinuationGAN
    if cls is Continuation and config.model.encoder["kind"] == "lapped_frames":
        cls = RecallingContinuation
    return cls(config.model, config.training, seed, first_step)


def _build_cross_modal(config: Config, seed: int, first_step: int) -> "LatentModel":
    from lofi_tf.data.converters.build import build_converter
    from lofi_tf.models.crossmodal.model import AdversarialCrossModal, CrossModal

    converter = build_converter(config.data.converter)
    if converter.medium != "sound and notes":
        raise LofiError("a cross_modal model needs a converter of kind paired")
    cls = CrossModal if config.model.discriminator is None else AdversarialCrossModal
    sizes = (converter.num_bands, converter.layout, converter.label_type)
    return cls(config.model, config.training, *sizes, seed, first_step)


def _vae_interface(model, config, text) -> "NamedFunctions":
    from lofi_tf.data.converters.build import build_converter
    from lofi_tf.models.sequence.interface import Interface

    return Interface(model, build_converter(config.data.converter).model_spec, text)


def _continuation_interface(model, config, text) -> "NamedFunctions":
    from lofi_tf.models.continuation.interface import ContinuationInterface

    return ContinuationInterface(model, text)


def _cross_modal_interface(model, config, text) -> "NamedFunctions":
    from lofi_tf.models.crossmodal.interface import CrossInterface

    return CrossInterface(model, text)


def _vae_parts(model: VAEConfig) -> str:
    recurrent = model.encoder["kind"] in RNN_ENCODERS
    sizes = (list(model.enc_rnn_size), list(model.dec_rnn_size)) if recurrent else (None, None)
    encoder, decoder = map(_named, (model.encoder, model.decoder), sizes)
    return (
        f"{encoder} encoder, {decoder} decoder, {model.head['kind']} head, latent of "
        f"{model.z_size}, {model.max_seq_len} steps"
    )


def _continuation_parts(model: ContinuationConfig) -> str:
    return (
        f"{_named(model.encoder)} encoder, lstm {list(model.rnn_size)} decoder, "
        f"{model.head['kind']} head, latent of {model.z_size}, {model.max_seq_len} steps"
    )


def _cross_modal_parts(model: CrossModalConfig) -> str:
    names = ("dims", "hidden_dims_1", "hidden_num_1", "hidden_dims_2", "hidden_num_2")
    options = ", ".join(f"{name} {list(getattr(model, name))}" for name in names)
    return f"autoencoders of sound (_1) and of symbols (_2) whose latents are tied, {options}"


def _named(component: Mapping[str, Any], sizes: list[int] | None = None) -> str:
    """Returns a component's kind, and its sizes; those of no RNN are its options."""
    if sizes is not None:
        return f"{component['kind']} {sizes}"
    options = ", ".join(f"{key} {value}" for key, value in component.items() if key != "kind")
    return f"{component['kind']} ({options})"


def _vae_calls(name: str) -> str:
    return f"""```sh
lofi_generate --model=saved_models/{name} --num_outputs=5
curl http://localhost:8501/v1/models/{name}:predict -d '{{"signature_name": "sample", "inputs":
  {{"num_outputs": 5, "temperature": 0.5, "seed": 1}}}}'
```

```python
import tensorflow as tf

model = tf.saved_model.load("saved_models/{name}/1")
samples = model.signatures["sample"](
    num_outputs=tf.constant(5), temperature=tf.constant(0.5), seed=tf.constant(1, tf.int64)
)
```"""


def _continuation_calls(name: str) -> str:
    return f"""```sh
lofi_generate --model=saved_models/{name} --mode=continue --input_audio=sound.wav --seconds=8
```

`encode` takes a clip, of whose samples the first `lengths` count; its `states` and `frame` are what
`continue` goes on from, and those of `continue` what the next `continue` does."""


def _cross_modal_calls(name: str) -> str:
    return f"""```sh
lofi_transcribe sound.wav notes.mid --model=saved_models/{name}
lofi_play --model=saved_models/{name} --mode=midi --midi=tune.mid
```

A row is a frame. `transcribe` takes spectra, 0 at the config's `floor_db` and 1 at 0 dB, to
the probability of each symbol; `synthesize` takes symbols to spectra; `decode` takes z to both."""


MODEL_KINDS = {
    "vae": ModelKind(
        noun="a VAE",
        build=_build_vae,
        interface=_vae_interface,
        functions=("encode", "decode", "score", "play_hits", "fill", "sample", "interpolate"),
        parts=_vae_parts,
        calls=_vae_calls,
    ),
    "continuation": ModelKind(
        noun="a continuation",
        build=_build_continuation,
        interface=_continuation_interface,
        functions=("encode", "continue"),
        parts=_continuation_parts,
        calls=_continuation_calls,
        instead={"encode": "it goes on with a sound, --mode=continue --input_audio=FILE"},
        old_names={"encode": "hear"},
    ),
    "cross_modal": ModelKind(
        noun="a model of sound and notes at once",
        build=_build_cross_modal,
        interface=_cross_modal_interface,
        functions=("transcribe", "synthesize", "decode", "sample"),
        parts=_cross_modal_parts,
        calls=_cross_modal_calls,
        instead={
            **dict.fromkeys(("encode", "generate"), "use lofi_play or lofi_transcribe"),
            "evaluate": "lofi_analyze measures these",
        },
        old_names={"transcribe": "hear", "synthesize": "play"},
    ),
}
