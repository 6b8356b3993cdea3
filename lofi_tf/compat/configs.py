"""Our configs as those of Magenta's `configs.CONFIG_MAP`: by their names, with their attributes.

config = CONFIG_MAP["cat-mel_2bar_small"]
config.hparams.max_seq_len, config.data_converter.to_tensors(note_sequence)
"""

import dataclasses
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any, NamedTuple

from lofi_tf.compat.data_converter import DataConverter
from lofi_tf.config import ALIASES, Config, config_names, load_config
from lofi_tf.data.converters.build import build_converter
from lofi_tf.errors import LofiError


class NoteSequenceAugmenter(NamedTuple):
    """What music is moved by in training, as Magenta says it.

    Attributes:
        transpose_range: lowest and highest of semitones.
        stretch_range: of tempo; none of the configs has one.
    """

    transpose_range: tuple[int, int]
    stretch_range: tuple[float, float] | None = None


class MagentaConfig:
    """A config with the attributes of Magenta's; each is a new one, nothing is shared.

    Attributes:
        config: ours.
        name: of the config.
        hparams: its values by Magenta's names, to be read and set.
        data_converter: between NoteSequences and tensors, in the mode `infer`.
        note_sequence_augmenter: None where nothing is moved.
        tfds_name: of the music it is usually trained on.
        train_examples_path, eval_examples_path: None, as Magenta's.
    """

    train_examples_path = eval_examples_path = None

    def __init__(self, config: Config):
        self.config, self.name = config, config.name
        self.hparams = hparams_of(config)
        self.data_converter = DataConverter(config)
        self.tfds_name = config.data.tfds_name
        moved = config.data.converter.get("transpose_range")
        self.note_sequence_augmenter = NoteSequenceAugmenter(tuple(moved)) if moved else None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"


class _ConfigMap(Mapping):
    """The configs of notes by name; each is made when it is asked for."""

    def __getitem__(self, name: str) -> MagentaConfig:
        config = load_config(name) if name in (*config_names(), *ALIASES) else None
        if config is None or build_converter(config.data.converter).medium != "notes":
            raise KeyError(name)
        return MagentaConfig(config)

    def __iter__(self) -> Iterator[str]:
        return (name for name in (*config_names(), *ALIASES) if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


CONFIG_MAP: Mapping[str, MagentaConfig] = _ConfigMap()


def hparams_of(config: Config) -> SimpleNamespace:
    """Returns a config's values by the names of Magenta's hparams."""
    values: dict[str, Any] = dataclasses.asdict(config.model) | dataclasses.asdict(config.training)
    if config.model.head["kind"] == "nade":
        values["nade_num_hidden"] = config.model.head["hidden_size"]
    lists = {name: list(value) for name, value in values.items() if isinstance(value, tuple)}
    magentas = {"conditional": config.model.z_size > 0, "use_cudnn": False}
    return SimpleNamespace(**{**values, **lists, **magentas})


def config_of(config: Any) -> Config | None:
    """Returns our config of one of `CONFIG_MAP`, ours, a name, or None; refuses all else."""
    if isinstance(config, MagentaConfig):
        return config.config
    if config is None or isinstance(config, Config):
        return config
    if isinstance(config, str):
        return load_config(config)
    raise LofiError(f"a config is one of CONFIG_MAP, or its name. Received: {config!r:.80}")
