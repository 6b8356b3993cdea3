"""Settings: frozen dataclasses read from YAML; `hparams` overrides them in Magenta's grammar."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

from lofi_tf.errors import LofiError, unknown_name
from lofi_tf.files import read_yaml
from lofi_tf.settings import (
    Amount,
    Component,
    Count,
    Settings,
    Share,
    Size,
    mapping_of,
    plain,
    settings_of,
)

SCHEMA_VERSION = 1

# Other names of configs: Magenta's README and its code differ on this one.
ALIASES = {"groovae_2bar_hits_control": "groovae_2bar_hits_control_tfds"}

ADVERSARIAL_SETTINGS = (
    "adversarial_from_step",
    "adversarial_loss",
    "adversarial_weight",
    "feature_matching_weight",
    "discriminator_learning_rate",
)


@dataclasses.dataclass(frozen=True)
class DataConfig(Settings):
    """What the music becomes.

    Attributes:
        converter: the component that turns music into arrays, `{kind: ..., **kwargs}`.
        tfds_name: TensorFlow Datasets name of the music it is usually trained on.
    """

    converter: Component
    tfds_name: str | None = None


@dataclasses.dataclass(frozen=True)
class VAEConfig(Settings):
    """Sizes and components of a VAE (names and defaults of Magenta's MusicVAE hparams).

    Attributes:
        encoder, decoder, head: components, `{kind: ..., **kwargs}`.
        max_seq_len: steps T of the longest example.
        z_size: latent size Z; 0 leaves out the encoder.
        enc_rnn_size, dec_rnn_size: units of each LSTM layer.
        dropout_keep_prob: share of every LSTM layer's inputs kept in training.
        residual_encoder, residual_decoder: whether LSTM layers have residual connections.
        preprocess_controls: whether controls pass through a bidirectional LSTM before the decoder.
        control_preprocessing_rnn_size: units of each of its layers.
        discriminator: component that the model is trained against; null for none.
    """

    kind: ClassVar[str] = "vae"
    encoder: Component
    decoder: Component
    head: Component
    max_seq_len: Size = 32
    z_size: Count = 32
    enc_rnn_size: tuple[Size, ...] = (256,)
    dec_rnn_size: tuple[Size, ...] = (512,)
    dropout_keep_prob: Share = 1.0
    residual_encoder: bool = False
    residual_decoder: bool = False
    preprocess_controls: bool = False
    control_preprocessing_rnn_size: tuple[Size, ...] = (256,)
    discriminator: Component | None = None


@dataclasses.dataclass(frozen=True)
class ContinuationConfig(Settings):
    """Sizes and components of a continuation.

    Attributes:
        encoder: component, the codec of frames.
        head: component, what the parameters of a sample mean.
        rnn_size: units of each LSTM layer; the decoder goes on from the encoder's states.
        max_seq_len: samples of a clip.
        z_size: latent size Z; 0 for none.
        dropout_keep_prob: share of every LSTM layer's inputs kept in training.
        discriminator: component that the model is trained against; null for none.
    """

    kind: ClassVar[str] = "continuation"
    encoder: Component
    head: Component
    rnn_size: tuple[Size, ...]
    max_seq_len: Size
    z_size: Count = 0
    dropout_keep_prob: Share = 1.0
    discriminator: Component | None = None


@dataclasses.dataclass(frozen=True)
class CrossModalConfig(Settings):
    """Sizes and loss weights of a model of sound (1) and symbols (2); names are the seed's.

    Attributes:
        dims: sizes of the latents, from the lowest up.
        hidden_dims_1, hidden_dims_2: units of the hidden layers at each latent.
        hidden_num_1, hidden_num_2: how many hidden layers there are at each.
        beta_1, beta_2: weights of the KL divergences.
        cross_1: of the divergence of sound's posterior from that of symbols.
        cross_2: of the divergence the other way round.
        regularization_type: `kld`, or `l2`: the squared distance of the posteriors' means, weighed
            by cross_1 + cross_2.
        transfer_1, transfer_2: of the reconstruction of symbols from sound's latents, and of sound
            from those of symbols.
        discriminator: component that the model is trained against; null for none.
    """

    kind: ClassVar[str] = "cross_modal"
    max_seq_len: ClassVar[int] = 1  # an example is a frame
    dims: tuple[Size, ...]
    hidden_dims_1: tuple[Size, ...]
    hidden_num_1: tuple[Size, ...]
    hidden_dims_2: tuple[Size, ...]
    hidden_num_2: tuple[Size, ...]
    beta_1: Amount = 1.0
    beta_2: Amount = 1.0
    cross_1: Amount = 10.0
    cross_2: Amount = 0.0
    regularization_type: Literal["kld", "l2"] = "kld"
    transfer_1: Amount = 0.0
    transfer_2: Amount = 0.0
    discriminator: Component | None = None

    @property
    def z_size(self) -> int:
        """Size of the lowest latents, which both sides share."""
        return self.dims[0]


ModelConfig = VAEConfig | ContinuationConfig | CrossModalConfig
MODEL_CONFIGS = {each.kind: each for each in (VAEConfig, ContinuationConfig, CrossModalConfig)}


@dataclasses.dataclass(frozen=True)
class TrainingConfig(Settings):
    """Loss weights, schedules and optimiser (names and defaults of Magenta's hparams).

    Attributes:
        batch_size: examples B in a step.
        num_epochs: times that training goes through the examples, unless `--num_steps` ends it
            before; 0 leaves it to `--num_steps` alone.
        save_epochs: a checkpoint is written every so many epochs, beside those by time; 0 for none.
        plot_epochs: epochs between pictures; 0 leaves it to `--picture_steps`.
        load: checkpoint that a new run goes on from, where `--ckpt_path` gives none.
        free_bits: bits of KL, summed over Z, that cost nothing.
        beta_schedule: of the KL weight: `rate` is Magenta's max_beta * (1 - beta_rate**step);
            `duration` goes from start_beta to max_beta in beta_duration steps, see
            `schedules.beta_in_time`.
        max_beta, beta_rate, start_beta, beta_duration: parameters of those schedules.
        learning_rate, decay_rate, min_learning_rate: the rate decays exponentially from the
            first to the last.
        plateau_factor, plateau_patience: after more than so many evaluations in turn that are no
            better than the best, the rate is multiplied by the factor; 1 never changes it.
        clip_mode: `global_norm` or `value`.
        grad_clip: bound of the gradients' global norm (or of each value).
        grad_norm_clip_to_zero: a step whose gradient norm reaches this is skipped.
        sampling_schedule: `constant`, `exponential` or `inverse_sigmoid`.
        sampling_rate: parameter of that schedule.
        adversarial_from_step: step from which a discriminator is trained and trained against.
        adversarial_loss: `hinge`, `least_squares` or `cross_entropy`, see `losses`.
        adversarial_weight: of the generator's adversarial loss beside its others.
        feature_matching_weight: of the distance between the discriminator's features of what is
            real and what was generated (Larsen et al. 2016, "Autoencoding beyond pixels").
        discriminator_learning_rate: constant.
    """

    batch_size: Size = 512
    free_bits: Amount = 0.0
    max_beta: Amount = 1.0
    beta_rate: float = 0.0
    learning_rate: Amount = 0.001
    decay_rate: float = 0.9999
    min_learning_rate: float = 0.00001
    clip_mode: Literal["global_norm", "value"] = "global_norm"
    grad_clip: Amount = 1.0
    grad_norm_clip_to_zero: float = 10000.0
    sampling_schedule: Literal["constant", "exponential", "inverse_sigmoid"] = "constant"
    sampling_rate: Amount = 0.0
    beta_schedule: Literal["rate", "duration"] = "rate"
    start_beta: Amount = 0.0
    beta_duration: Count = 0
    plateau_factor: Share = 1.0
    plateau_patience: Count = 0
    num_epochs: Count = 0
    save_epochs: Count = 0
    plot_epochs: Count = 0
    load: str = ""
    adversarial_from_step: Count = 0
    adversarial_loss: Literal["hinge", "least_squares", "cross_entropy"] = "hinge"
    adversarial_weight: Amount = 1.0
    feature_matching_weight: Amount = 0.0
    discriminator_learning_rate: Amount = 0.0001


@dataclasses.dataclass(frozen=True)
class Config:
    """Everything that names a model: how music becomes arrays, the model, its training."""

    name: str
    data: DataConfig
    model: ModelConfig
    training: TrainingConfig

    def __post_init__(self):
        if self.model.discriminator is not None:
            return
        for field in dataclasses.fields(TrainingConfig):
            given = getattr(self.training, field.name)
            if field.name in ADVERSARIAL_SETTINGS and given != field.default:
                raise LofiError(
                    f"{field.name} is for models with a discriminator; {self.name} has none. "
                    f"Received: {given}"
                )

    def to_dict(self) -> dict[str, Any]:
        """Returns plain values, ready for YAML; `config_from_dict` is the inverse."""
        values = {"schema_version": SCHEMA_VERSION, **plain(self)}
        values["model"]["kind"] = self.model.kind
        if self.model.discriminator is None:
            del values["model"]["discriminator"]
            for name in ADVERSARIAL_SETTINGS:
                del values["training"][name]
        return values


def configs_dir() -> Path:
    """Returns the folder of the shipped configs, in a checkout or an installed wheel."""
    inside = Path(__file__).parent / "configs"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "configs"


def config_names() -> list[str]:
    """Returns the names of the shipped configs, sorted."""
    return sorted(path.stem for path in configs_dir().glob("*.yaml"))


def load_config(name_or_path: str | Path) -> Config:
    """Returns the config of a shipped name, a YAML file or a run folder.

    A name is that of the shipped config, whatever folder of the name lies here; `./name` is not.

    Raises:
        LofiError: no such config, or one that does not fit the schema.
    """
    path = Path(name_or_path)
    if isinstance(name_or_path, str) and name_or_path in (*config_names(), *ALIASES):
        path = configs_dir() / f"{ALIASES.get(name_or_path, name_or_path)}.yaml"
    if path.is_dir() and (path / "config.yaml").is_file():
        path = path / "config.yaml"
    if path.is_dir():
        raise LofiError(f"a config is a YAML file, {name_or_path} a folder without a config.yaml")
    if not path.is_file():
        raise unknown_name("config", str(name_or_path), config_names())
    return config_from_dict(read_yaml(path), source=str(path))


def config_from_dict(values: Mapping[str, Any], source: str = "config") -> Config:
    """Returns the config of plain values, refusing names that the schema does not know.

    Raises:
        LofiError: an unknown or missing name, a value of the wrong type or out of range, or a
            schema version from the future.
    """
    sections = ("data", "model", "training")
    values = dict(mapping_of(source, values, [*sections, "name"]))
    version = values.pop("schema_version", SCHEMA_VERSION)
    if version != SCHEMA_VERSION:
        raise LofiError(
            f"{source}: schema_version {version} is not known. Allowed: {SCHEMA_VERSION}"
        )
    name = values.pop("name", None) or Path(source).stem
    if not isinstance(name, str):
        raise LofiError(f"{source}: name must be text. Received: {name!r:.80}")
    for section in values:
        if section not in sections:
            raise unknown_name(f"section of {source}", str(section), [*sections, "name"])
    return Config(
        name,
        settings_of(DataConfig, values.get("data") or {}, f"{source}: data"),
        model_config(values.get("model") or {}, f"{source}: model"),
        settings_of(TrainingConfig, values.get("training") or {}, f"{source}: training"),
    )


def model_config(values: Mapping[str, Any], where: str = "model") -> ModelConfig:
    """Returns the settings of a model, of the kind that its values state; a VAE where they do not.

    Raises:
        LofiError: as `config_from_dict`.
    """
    names = [field.name for field in dataclasses.fields(VAEConfig)]
    values = dict(mapping_of(where, values, names))
    kind = values.pop("kind", "vae")
    if kind not in MODEL_CONFIGS:
        raise unknown_name("model kind", str(kind), MODEL_CONFIGS)
    return settings_of(MODEL_CONFIGS[kind], _RENEWED.get(kind, dict)(values), where)


def _renewed_continuation(values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the values that files stated as those of a VAE, by today's names."""
    sizes = [values[name] for name in ("enc_rnn_size", "dec_rnn_size") if name in values]
    if not sizes:
        return dict(values)
    if sizes[0] != sizes[-1]:
        raise LofiError(
            "enc_rnn_size and dec_rnn_size must be equal: the decoder goes on from the encoder's "
            f"states. Received: {sizes[0]} and {sizes[-1]}"
        )
    return {"rnn_size": sizes[0], "z_size": 32} | {
        n: v for n, v in values.items() if n not in _OF_A_VAE
    }


def _renewed_cross_modal(values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the values that files stated as the options of an encoder and a head."""
    if "encoder" not in values:
        return dict(values)
    stated = {**values["encoder"], **values.get("head", {})}
    stated |= {name: values[name] for name in ("discriminator",) if name in values}
    return {name: value for name, value in stated.items() if name != "kind"}


_OF_A_VAE = {field.name for field in dataclasses.fields(VAEConfig)} - {
    field.name for field in dataclasses.fields(ContinuationConfig)
}
_RENEWED = {"continuation": _renewed_continuation, "cross_modal": _renewed_cross_modal}
