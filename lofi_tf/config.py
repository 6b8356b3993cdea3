"""Settings: frozen dataclasses read from YAML, with overrides in Magenta's grammar."""

import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lofi_tf.errors import LofiError, naming, unknown_name
from lofi_tf.files import read_yaml

SCHEMA_VERSION = 1

# Other names of configs: Magenta's README and its code differ on this one.
ALIASES = {"groovae_2bar_hits_control": "groovae_2bar_hits_control_tfds"}


CLIP_MODES = ("global_norm", "value")
SCHEDULES = ("constant", "exponential", "inverse_sigmoid")
BETA_SCHEDULES = ("rate", "duration")
ADVERSARIAL_LOSSES = ("hinge", "least_squares", "cross_entropy")
MODEL_KINDS = ("vae", "continuation", "cross_modal")
ADVERSARIAL_SETTINGS = (
    "adversarial_from_step",
    "adversarial_loss",
    "adversarial_weight",
    "feature_matching_weight",
    "discriminator_learning_rate",
)
TYPE_WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}


@dataclasses.dataclass(frozen=True)
class DataConfig:
    """What the music becomes.

    Attributes:
        converter: the component that turns music into arrays, `{kind: ..., **kwargs}`.
        tfds_name: TensorFlow Datasets name of the music it is usually trained on.
    """

    converter: Mapping[str, Any]
    tfds_name: str | None = None

    def __post_init__(self):
        _check_component("converter", self.converter)
        if not isinstance(self.tfds_name, str | None):
            raise LofiError(f"tfds_name must be a name or null. Received: {self.tfds_name!r}")


@dataclasses.dataclass(frozen=True)
class ModelConfig:
    """Sizes and components of a VAE (names and defaults of Magenta's MusicVAE hparams).

    Attributes:
        encoder, decoder, head: components, `{kind: ..., **kwargs}`; the encoder of a continuation
            is its codec of frames, and it has no other decoder than its LSTM.
        kind: `vae` or `continuation`.
        max_seq_len: steps T of the longest example.
        z_size: latent size Z; 0 leaves out the encoder.
        enc_rnn_size, dec_rnn_size: units of each LSTM layer.
        dropout_keep_prob: share of every LSTM layer's inputs kept in training, in (0, 1].
        residual_encoder, residual_decoder: whether LSTM layers have residual connections.
        preprocess_controls: whether controls pass through a bidirectional LSTM before the decoder.
        control_preprocessing_rnn_size: units of each of its layers.
        discriminator: component that the model is trained against; null for none.
    """

    encoder: Mapping[str, Any]
    decoder: Mapping[str, Any]
    head: Mapping[str, Any]
    max_seq_len: int = 32
    z_size: int = 32
    enc_rnn_size: tuple[int, ...] = (256,)
    dec_rnn_size: tuple[int, ...] = (512,)
    dropout_keep_prob: float = 1.0
    residual_encoder: bool = False
    residual_decoder: bool = False
    preprocess_controls: bool = False
    control_preprocessing_rnn_size: tuple[int, ...] = (256,)
    kind: str = "vae"
    discriminator: Mapping[str, Any] | None = None

    def __post_init__(self):
        if self.kind not in MODEL_KINDS:
            raise unknown_name("model kind", self.kind, MODEL_KINDS)
        for name in ("encoder", "decoder", "head"):
            _check_component(name, getattr(self, name))
        if self.discriminator is not None:
            _check_component("discriminator", self.discriminator)
        for name in ("enc_rnn_size", "dec_rnn_size"):
            if not getattr(self, name):
                raise LofiError(f"{name} must have at least one layer. Received: []")
            _check_range(name, min(getattr(self, name)), 1)
        _check_range("max_seq_len", self.max_seq_len, 1)
        _check_range("z_size", self.z_size, 0)
        if not 0 < self.dropout_keep_prob <= 1:
            raise LofiError(
                f"dropout_keep_prob must be above 0 and at most 1. Received: "
                f"{self.dropout_keep_prob}"
            )


@dataclasses.dataclass(frozen=True)
class TrainingConfig:
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

    batch_size: int = 512
    free_bits: float = 0.0
    max_beta: float = 1.0
    beta_rate: float = 0.0
    learning_rate: float = 0.001
    decay_rate: float = 0.9999
    min_learning_rate: float = 0.00001
    clip_mode: str = "global_norm"
    grad_clip: float = 1.0
    grad_norm_clip_to_zero: float = 10000.0
    sampling_schedule: str = "constant"
    sampling_rate: float = 0.0
    beta_schedule: str = "rate"
    start_beta: float = 0.0
    beta_duration: int = 0
    plateau_factor: float = 1.0
    plateau_patience: int = 0
    num_epochs: int = 0
    save_epochs: int = 0
    plot_epochs: int = 0
    load: str = ""
    adversarial_from_step: int = 0
    adversarial_loss: str = "hinge"
    adversarial_weight: float = 1.0
    feature_matching_weight: float = 0.0
    discriminator_learning_rate: float = 0.0001

    def __post_init__(self):
        _check_range("batch_size", self.batch_size, 1)
        for name in ("free_bits", "max_beta", "learning_rate", "grad_clip", "sampling_rate"):
            _check_range(name, getattr(self, name), 0)
        counts = ("start_beta", "beta_duration", "plateau_patience", "num_epochs")
        for name in (*counts, "save_epochs", "plot_epochs"):
            _check_range(name, getattr(self, name), 0)
        for name in ADVERSARIAL_SETTINGS:
            if name != "adversarial_loss":
                _check_range(name, getattr(self, name), 0)
        if not 0 < self.plateau_factor <= 1:
            raise LofiError(
                f"plateau_factor must be above 0 and at most 1. Received: {self.plateau_factor}"
            )
        for name, allowed in (
            ("clip_mode", CLIP_MODES),
            ("sampling_schedule", SCHEDULES),
            ("beta_schedule", BETA_SCHEDULES),
            ("adversarial_loss", ADVERSARIAL_LOSSES),
        ):
            if getattr(self, name) not in allowed:
                raise unknown_name(name, getattr(self, name), allowed)


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
        values = {"schema_version": SCHEMA_VERSION} | _plain(dataclasses.asdict(self))
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

    Raises:
        LofiError: no such config, or one that does not fit the schema.
    """
    path = Path(name_or_path)
    if path.is_dir() and (path / "config.yaml").is_file():
        path = path / "config.yaml"
    if not path.is_file():
        path = configs_dir() / f"{ALIASES.get(str(name_or_path), name_or_path)}.yaml"
    if not path.is_file():
        raise unknown_name("config", str(name_or_path), config_names())
    return config_from_dict(read_yaml(path), source=str(path))


def config_from_dict(values: Mapping[str, Any], source: str = "config") -> Config:
    """Returns the config of plain values, refusing names that the schema does not know.

    Raises:
        LofiError: an unknown or missing name, a value of the wrong type or out of range, or a
            schema version from the future.
    """
    sections = {"data": DataConfig, "model": ModelConfig, "training": TrainingConfig}
    values = dict(_mapping(source, values, [*sections, "name"]))
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
    built = {}
    for section, kind in sections.items():
        built[section] = _build(kind, values.get(section) or {}, f"{source}: {section}")
    return Config(name, **built)


def _check_component(name: str, value: Any) -> None:
    if not isinstance(value, Mapping) or not isinstance(value.get("kind"), str):
        raise LofiError(
            f"{name} must be a component, {{kind: ..., and its options}}. Received: {value!r:.80}"
        )


def _mapping(where: str, values: Any, names: Iterable[str]) -> Mapping[str, Any]:
    if not isinstance(values, Mapping):
        raise LofiError(
            f"{where} must be a mapping. Allowed: {', '.join(names)}. Received: {values!r:.80}"
        )
    return values


def _check_range(name: str, value: float, least: float) -> None:
    if not value >= least:
        raise LofiError(f"{name} must be at least {least}. Received: {value}")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _build(kind: type, values: Any, where: str) -> Any:
    fields = {field.name: field for field in dataclasses.fields(kind)}
    for name in _mapping(where, values, fields):
        if name not in fields:
            raise unknown_name(f"setting in {where}", str(name), fields)
    for name, field in fields.items():
        if field.default is dataclasses.MISSING and name not in values:
            raise LofiError(f"{where}: {name} is missing")
    with naming(where):
        return kind(**{name: _typed(name, values[name], fields[name].default) for name in values})


def _typed(name: str, value: Any, like: Any) -> Any:
    """Returns `value` in the type of the default `like`; what has none is checked elsewhere."""
    if like is None or like is dataclasses.MISSING:
        return value
    if isinstance(like, tuple):
        if not isinstance(value, list | tuple) or any(type(v) is not int for v in value):
            raise LofiError(f"{name} must be a list of whole numbers. Received: {value!r:.80}")
        return tuple(value)
    if isinstance(like, float) and type(value) in (int, float):
        return float(value)
    if type(value) is not type(like):
        raise LofiError(f"{name} must be {TYPE_WORDS[type(like)]}. Received: {value!r:.80}")
    return value
