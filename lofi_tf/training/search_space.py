"""What a hyperparameter search may choose, and the choices of a trial as hparams.

A space is `num_layers=1|2|5,latent_dim=20:200,learning_rate=1e-4:1e-2:log`: values to choose from,
or a range of whole numbers or of numbers, by its logarithm on request.
"""

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from lofi_tf.config import Config, configs_dir
from lofi_tf.errors import LofiError
from lofi_tf.files import read_yaml
from lofi_tf.hparams import with_hparams

_GRAMMAR = "name=1|2|5, name=20:200 or name=1e-4:1e-2:log, separated by commas"
_ITEM = re.compile(
    r"\s*(?P<name>[A-Za-z_][\w.]*)\s*=\s*(?P<values>(?:\[[^\]]*\]|[^,\[\]])+)(?:,|$)"
)
_SPACES = "spaces"


class Choice(NamedTuple):
    """Values to choose from, as hparams write them."""

    values: tuple[str, ...]

    @property
    def ends(self) -> tuple[str, ...]:
        """Values that must all be settings that the config can have."""
        return self.values


class Range(NamedTuple):
    """Numbers from `low` to `high`, both of them in; by their logarithm where `log` says so."""

    low: float
    high: float
    log: bool = False

    @property
    def ends(self) -> tuple[str, ...]:
        """Values that must all be settings that the config can have."""
        return (str(self.low), str(self.high))


Space = Mapping[str, Choice | Range]


def read_space(text: str | None, config: Config) -> dict[str, Choice | Range]:
    """Returns the space of a flag, of a YAML file, or the one that comes with the config.

    Args:
        text: in the grammar above; or the path of a YAML file of names and such values, or lists
            of values; or None, for `configs/spaces/<config>.yaml`.
        config: whose settings are searched.

    Raises:
        LofiError: no such file, another grammar, or a setting that the config cannot have.
    """
    source = text
    if text is None:
        source = str(configs_dir() / _SPACES / f"{config.name}.yaml")
        if not Path(source).is_file():
            known = sorted(path.stem for path in (configs_dir() / _SPACES).glob("*.yaml"))
            raise LofiError(
                f"{config.name} has no space of its own: give --space. "
                f"Received: none. Those of {', '.join(known)} have one"
            )
    items = _of_file(Path(source)) if source.endswith((".yaml", ".yml")) else _of_text(source)
    space = {name: _range_or_choice(name, values) for name, values in items.items()}
    for name, values in space.items():
        for value in values.ends:
            with_hparams(config, f"{name}={value}")
    return space


def chosen(trial: Any, space: Space) -> dict[str, str]:
    """Returns what an Optuna trial chooses of a space, each value as hparams write it."""
    return as_hparams({name: _suggested(trial, name, values) for name, values in space.items()})


def as_hparams(params: Mapping[str, Any]) -> dict[str, str]:
    """Returns an Optuna trial's parameters as `chosen` does."""
    return {
        name: f"{value:.6g}" if isinstance(value, float) else str(value)
        for name, value in params.items()
    }


def hparams_of(params: Mapping[str, str]) -> str:
    """Returns choices as `--hparams` takes them."""
    return ",".join(f"{name}={value}" for name, value in params.items())


def described(space: Space) -> dict[str, str]:
    """Returns a space in its grammar, by name."""
    return {name: _written(values) for name, values in space.items()}


def _suggested(trial, name, values) -> Any:
    if isinstance(values, Choice):
        return trial.suggest_categorical(name, values.values)
    suggest = trial.suggest_int if isinstance(values.low, int) else trial.suggest_float
    return suggest(name, values.low, values.high, log=values.log)


def _written(values: Choice | Range) -> str:
    if isinstance(values, Choice):
        return "|".join(values.values)
    return f"{values.low}:{values.high}" + (":log" if values.log else "")


def _of_file(path: Path) -> dict[str, str]:
    # BaseLoader keeps every value as it is written: 1:6 is 66 to the others, in base 60.
    found = read_yaml(path, yaml.BaseLoader)
    if not isinstance(found, dict) or not found:
        raise LofiError(f"{path} must map settings to their values. Received: {found!r:.80}")
    return {
        str(name): "|".join(map(_plain, values)) if isinstance(values, list) else _plain(values)
        for name, values in found.items()
    }


def _plain(value: Any) -> str:
    return str(value).replace(" ", "")


def _of_text(text: str) -> dict[str, str]:
    found, position = {}, 0
    while position < len(text):
        match = _ITEM.match(text, position)
        if not match:
            raise LofiError(f"--space must look like {_GRAMMAR}. Received: {text[position:]!r}")
        found[match["name"]] = match["values"].strip()
        position = match.end()
    if not found:
        raise LofiError(f"--space must look like {_GRAMMAR}. Received: {text!r}")
    return found


def _range_or_choice(name: str, text: str) -> Choice | Range:
    if ":" not in text:
        return Choice(tuple(value.strip() for value in text.split("|")))
    low, *rest = text.split(":")
    log = rest[1:] == ["log"]
    try:
        bounds = [_number(end) for end in (low, rest[0])]
    except ValueError:
        bounds = []
    wrong = len(rest) > 1 + log or not bounds or not bounds[0] < bounds[1]
    if wrong or (log and bounds[0] <= 0):
        raise LofiError(
            f"--space: {name} must go from a lower number to a higher one, such as 20:200, above "
            f"0 for log. Received: {text!r}"
        )
    whole = all(isinstance(end, int) for end in bounds)
    return Range(*(bounds if whole else map(float, bounds)), log)


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError
    return int(text) if re.fullmatch(r"\s*[+-]?\d+\s*", text) else value
