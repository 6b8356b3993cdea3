"""Settings: frozen dataclasses read from YAML, with overrides in Magenta's grammar."""

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from lofi_tf.errors import LofiError, unknown_name

SCHEMA_VERSION = 1

# Settings that Magenta knows and that have no effect here, with the reason to print.
WITHOUT_EFFECT = {
    "use_cudnn": "the LSTM picks its own fastest path",
    "conditional": "a model is conditioned on its latent whenever z_size is not 0",
}


@dataclasses.dataclass(frozen=True)
class DataConfig:
    """What the music becomes.

    Attributes:
        converter: the component that turns music into arrays, `{kind: ..., **kwargs}`.
        tfds_name: TensorFlow Datasets name of the music it is usually trained on.
    """

    converter: Mapping[str, Any]
    tfds_name: str | None = None


@dataclasses.dataclass(frozen=True)
class ModelConfig:
    """Sizes and components of a VAE (names and defaults of Magenta's MusicVAE hparams).

    Attributes:
        encoder, decoder, head: components, `{kind: ..., **kwargs}`.
        max_seq_len: steps T of the longest example.
        z_size: latent size Z.
        enc_rnn_size, dec_rnn_size: units of each LSTM layer.
        dropout_keep_prob: share of every LSTM layer's inputs kept in training, in (0, 1].
    """

    encoder: Mapping[str, Any]
    decoder: Mapping[str, Any]
    head: Mapping[str, Any]
    max_seq_len: int = 32
    z_size: int = 32
    enc_rnn_size: tuple[int, ...] = (256,)
    dec_rnn_size: tuple[int, ...] = (512,)
    dropout_keep_prob: float = 1.0


@dataclasses.dataclass(frozen=True)
class TrainingConfig:
    """Loss weights, schedules and optimiser (names and defaults of Magenta's hparams).

    Attributes:
        batch_size: examples B in a step.
        free_bits: bits of KL, summed over Z, that cost nothing.
        max_beta, beta_rate: the KL weight is max_beta * (1 - beta_rate**step).
        learning_rate, decay_rate, min_learning_rate: the rate decays exponentially from the
            first to the last.
        clip_mode: `global_norm` or `value`.
        grad_clip: bound of the gradients' global norm (or of each value).
        grad_norm_clip_to_zero: a step whose gradient norm reaches this is skipped.
        sampling_schedule: `constant`, `exponential` or `inverse_sigmoid`.
        sampling_rate: parameter of that schedule.
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


@dataclasses.dataclass(frozen=True)
class Config:
    """Everything that names a model: how music becomes arrays, the model, its training."""

    name: str
    data: DataConfig
    model: ModelConfig
    training: TrainingConfig

    def to_dict(self) -> dict[str, Any]:
        """Returns plain values, ready for YAML; `config_from_dict` is the inverse."""
        return {"schema_version": SCHEMA_VERSION} | _plain(dataclasses.asdict(self))


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
        path = configs_dir() / f"{name_or_path}.yaml"
    if not path.is_file():
        raise unknown_name("config", str(name_or_path), config_names())
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise LofiError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise LofiError(
            f"{path} is not a config. Allowed: a YAML mapping. Received: {values!r:.80}"
        )
    return config_from_dict(values, source=str(path))


def config_from_dict(values: Mapping[str, Any], source: str = "config") -> Config:
    """Returns the config of plain values, refusing names that the schema does not know.

    Raises:
        LofiError: an unknown or missing name, or a schema version from the future.
    """
    values = dict(values)
    version = values.pop("schema_version", SCHEMA_VERSION)
    if version != SCHEMA_VERSION:
        raise LofiError(
            f"{source}: schema_version {version} is not known. Allowed: {SCHEMA_VERSION}"
        )
    sections = {"data": DataConfig, "model": ModelConfig, "training": TrainingConfig}
    unknown = set(values) - set(sections) - {"name"}
    if unknown:
        raise unknown_name(f"section of {source}", min(unknown), [*sections, "name"])
    built = {}
    for section, kind in sections.items():
        built[section] = _build(kind, values.get(section) or {}, f"{source}: {section}")
    return Config(name=str(values.get("name") or Path(source).stem), **built)


def with_hparams(config: Config, hparams: str) -> Config:
    """Returns the config with overrides such as `batch_size=64,enc_rnn_size=[32],z_size=8`.

    The grammar is Magenta's: each value takes the type of the one it replaces. A name with a dot
    reaches into a component: `converter.unknown_pitch=drop`.

    Raises:
        LofiError: an unknown name or a value of the wrong type.
    """
    for name, index, text in _parse_hparams(hparams):
        if name in WITHOUT_EFFECT:
            continue
        config = _with_hparam(config, name, index, text)
    return config


def ignored_hparams(hparams: str) -> dict[str, str]:
    """Returns the given overrides that have no effect, each with the reason."""
    given = [name for name, _, _ in _parse_hparams(hparams)]
    return {name: WITHOUT_EFFECT[name] for name in given if name in WITHOUT_EFFECT}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _build(kind: type, values: Mapping[str, Any], where: str) -> Any:
    fields = {field.name: field for field in dataclasses.fields(kind)}
    for name in values:
        if name not in fields:
            raise unknown_name(f"setting in {where}", name, fields)
    for name, field in fields.items():
        required = field.default is dataclasses.MISSING
        if required and name not in values:
            raise LofiError(f"{where}: {name} is missing")
    checked = {
        name: value
        if fields[name].default is dataclasses.MISSING
        else _checked(f"{where}.{name}", value, fields[name].default)
        for name, value in values.items()
    }
    return kind(**checked)


def _checked(where: str, value: Any, like: Any) -> Any:
    """Returns `value` in the type of the default `like`."""
    if like is None or value is None:
        return value
    if isinstance(like, tuple):
        if not isinstance(value, list | tuple) or any(type(v) is not int for v in value):
            raise LofiError(f"{where} must be a list of whole numbers. Received: {value!r}")
        return tuple(value)
    if isinstance(like, float) and type(value) in (int, float):
        return float(value)
    if type(value) is not type(like):
        raise LofiError(f"{where} must be of type {type(like).__name__}. Received: {value!r}")
    return value


_HPARAM = re.compile(
    r"\s*(?P<name>[A-Za-z_][\w.]*)(?:\[(?P<index>\d+)\])?\s*=\s*"
    r"(?P<value>\[[^\]]*\]|[^,\[\]]*?)\s*(?:,|$)"
)


def _parse_hparams(text: str) -> list[tuple[str, int | None, str]]:
    found, position = [], 0
    while position < len(text):
        match = _HPARAM.match(text, position)
        if not match:
            raise LofiError(
                f"hparams must look like 'a=1,b=[1,2],c[0]=3'. Received: {text[position:]!r}"
            )
        index = match["index"]
        found.append((match["name"], None if index is None else int(index), match["value"]))
        position = match.end()
    return found


def _with_hparam(config: Config, name: str, index: int | None, text: str) -> Config:
    if "." in name:
        return _with_component_value(config, name, text)
    for section in ("model", "training"):
        settings = getattr(config, section)
        fields = {f.name for f in dataclasses.fields(settings) if f.name not in _COMPONENTS}
        if name in fields:
            old = getattr(settings, name)
            new = _typed(name, text, old, index)
            return dataclasses.replace(
                config, **{section: dataclasses.replace(settings, **{name: new})}
            )
    known = {f.name for s in (ModelConfig, TrainingConfig) for f in dataclasses.fields(s)}
    raise unknown_name("hparam", name, (known | set(WITHOUT_EFFECT)) - set(_COMPONENTS))


_COMPONENTS = {"converter": "data", "encoder": "model", "decoder": "model", "head": "model"}


def _with_component_value(config: Config, name: str, text: str) -> Config:
    component, _, key = name.partition(".")
    if component not in _COMPONENTS:
        raise unknown_name("component in hparams", component, _COMPONENTS)
    section = _COMPONENTS[component]
    settings = getattr(config, section)
    changed = {**getattr(settings, component), key: yaml.safe_load(text)}
    return dataclasses.replace(
        config, **{section: dataclasses.replace(settings, **{component: changed})}
    )


def _typed(name: str, text: str, old: Any, index: int | None) -> Any:
    """Returns `text` read as the type of the value it replaces."""
    if isinstance(old, tuple):
        items = _list_items(name, text, old, index)
        return items
    if index is not None or text.startswith("["):
        raise LofiError(f"hparam {name} is one value, not a list. Received: {text!r}")
    return _scalar(name, text, old)


def _list_items(name: str, text: str, old: tuple, index: int | None) -> tuple:
    if index is None:
        if not text.startswith("["):
            raise LofiError(f"hparam {name} must be a list such as [256,256]. Received: {text!r}")
        inner = text[1:-1].strip()
        return tuple(_scalar(name, item.strip(), 0) for item in inner.split(",")) if inner else ()
    if index >= len(old):
        raise LofiError(f"hparam {name}[{index}] is out of range. Allowed: 0 to {len(old) - 1}")
    return (*old[:index], _scalar(name, text, 0), *old[index + 1 :])


def _scalar(name: str, text: str, old: Any) -> Any:
    truths = {"true": True, "1": True, "false": False, "0": False}
    try:
        if isinstance(old, bool):
            return truths[text.lower()]
        return type(old)(text)
    except (KeyError, ValueError):
        kind = {"bool": "true or false", "int": "a whole number", "float": "a number"}
        raise LofiError(
            f"hparam {name} must be {kind.get(type(old).__name__, 'text')}. Received: {text!r}"
        ) from None
