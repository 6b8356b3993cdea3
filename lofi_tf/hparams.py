"""Overrides of a config's settings, in the grammar of Magenta's `--hparams`."""

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

import yaml

from lofi_tf.config import Config
from lofi_tf.errors import LofiError, unknown_name
from lofi_tf.settings import TYPE_WORDS

# Settings that Magenta knows and that have no effect here, with the reason to print.
WITHOUT_EFFECT = {
    "use_cudnn": "the LSTM picks its own fastest path",
    "conditional": "a model is conditioned on its latent whenever z_size is not 0",
}

# Other names of settings: Magenta's, LoFAI's, a spelling of its README, those of cross-modal
# inference; and of those of a continuation, which it once had from a VAE.
ALIASES = {
    "nade_num_hidden": "hidden_size",
    "latent_dim": "z_size",
    "output_nerons": "output_neurons",
    "epochs": "num_epochs",
    "adversarial": "adversarial_weight",
    "adv_lr": "discriminator_learning_rate",
}
_OF_CONTINUATIONS = dict.fromkeys(("enc_rnn_size", "dec_rnn_size"), "rnn_size")

_COMPONENTS = {
    "converter": "data",
    "encoder": "model",
    "decoder": "model",
    "head": "model",
    "discriminator": "model",
}


def with_hparams(config: Config, hparams: str) -> Config:
    """Returns the config with overrides such as `batch_size=64,enc_rnn_size=[32],z_size=8`.

    The grammar is Magenta's: each value takes the type of the one it replaces. A name with a dot
    reaches into a component: `converter.unknown_pitch=drop`. A name without one that is no setting
    of the model or the training changes every component whose config states it:
    `num_layers=3` of encoder and decoder.

    Raises:
        LofiError: an unknown name or a value of the wrong type.
    """
    parsed = _parse_hparams(hparams)
    for name, index, text in sorted(parsed, key=lambda hparam: hparam[0] == "conditional"):
        if name == "conditional":  # the last: what is built is known then
            _check_conditional(config, text)
        elif name not in WITHOUT_EFFECT:
            config = _with_hparam(config, name, index, text)
    return config


def ignored_hparams(hparams: str) -> dict[str, str]:
    """Returns the given overrides that have no effect, each with the reason."""
    given = [name for name, _, _ in _parse_hparams(hparams)]
    return {name: WITHOUT_EFFECT[name] for name in given if name in WITHOUT_EFFECT}


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


def _check_conditional(config: Config, text: str) -> None:
    """Refuses a value that is not what is built.

    Raises:
        LofiError: which value is.
    """
    built = config.model.z_size > 0
    if _scalar("conditional", text, True) != built:
        raise LofiError(
            f"hparam conditional must be {str(built).lower()} where z_size is "
            f"{config.model.z_size}: a model is conditioned on its latent. Received: {text!r}"
        )


def _with_hparam(config: Config, called: str, index: int | None, text: str) -> Config:
    name = {**ALIASES, **_old_names(config)}.get(called, called)
    component, dot, key = name.partition(".")
    if dot and component in _COMPONENTS and component not in _components(config):
        name, dot = key, ""  # models of sound and notes once had their settings in components
    if dot:
        return _with_component_value(config, name, text)
    for section in ("model", "training"):
        settings = getattr(config, section)
        if name in _names(settings):
            new = _typed(name, text, getattr(settings, name), index)
            return _replaced(config, section, **{name: new})
    stated = [c for c in _components(config) if name in _component(config, c) and name != "kind"]
    if not stated:
        raise unknown_name("hparam", called, hparam_names(config))
    for part in stated:
        old = _component(config, part)[name]
        old = tuple(old) if isinstance(old, list) else old
        config = _with_component(config, part, name, _typed(name, text, old, index))
    return config


def hparam_names(config: Config) -> set[str]:
    """Returns the names that `with_hparams` knows, but for those with a dot."""
    stated = {name for part in _components(config) for name in _component(config, part)}
    known = stated | _names(config.model) | _names(config.training) | set(WITHOUT_EFFECT)
    return (known | set(_old_names(config))) - {"kind"}


def _old_names(config: Config) -> dict[str, str]:
    return _OF_CONTINUATIONS if config.model.kind == "continuation" else {}


def _names(settings: Any) -> set[str]:
    """Returns the names of settings that are no components."""
    return {field.name for field in dataclasses.fields(settings)} - set(_COMPONENTS)


def _components(config: Config) -> list[str]:
    """Returns the components that a config may have."""
    return [name for name, part in _COMPONENTS.items() if hasattr(getattr(config, part), name)]


def _component(config: Config, component: str) -> Mapping[str, Any]:
    return getattr(getattr(config, _COMPONENTS[component]), component) or {}


def _with_component_value(config: Config, name: str, text: str) -> Config:
    component, _, key = name.partition(".")
    if component not in _components(config):
        raise unknown_name("component in hparams", component, _components(config))
    try:
        value = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:  # no such date is a ValueError
        raise LofiError(
            f"hparam {name} must be a YAML value such as 3, true or drop. Received: {text!r}"
        ) from error
    return _with_component(config, component, key, value)


def _with_component(config: Config, component: str, key: str, value: Any) -> Config:
    changed = {**_component(config, component), key: value}
    return _replaced(config, _COMPONENTS[component], **{component: changed})


def _replaced(config: Config, section: str, **changes: Any) -> Config:
    settings = dataclasses.replace(getattr(config, section), **changes)
    return dataclasses.replace(config, **{section: settings})


def _typed(name: str, text: str, old: Any, index: int | None) -> Any:
    """Returns `text` read as the type of the value it replaces."""
    if isinstance(old, tuple):
        return _list_items(name, text, old, index)
    if index is not None or text.startswith("["):
        raise LofiError(f"hparam {name} is one value, not a list. Received: {text!r}")
    return _scalar(name, text, old)


def _list_items(name: str, text: str, old: tuple, index: int | None) -> tuple:
    like = old[0] if old else 0
    if index is None:
        if not text.startswith("["):
            raise LofiError(f"hparam {name} must be a list such as [256,256]. Received: {text!r}")
        inner = text[1:-1].strip()
        return (
            tuple(_scalar(name, item.strip(), like) for item in inner.split(",")) if inner else ()
        )
    if index >= len(old):
        raise LofiError(f"hparam {name}[{index}] is out of range. Allowed: 0 to {len(old) - 1}")
    return (*old[:index], _scalar(name, text, like), *old[index + 1 :])


def _scalar(name: str, text: str, old: Any) -> Any:
    truths = {"true": True, "1": True, "false": False, "0": False}
    try:
        if isinstance(old, bool):
            return truths[text.lower()]
        return type(old)(text)
    except (KeyError, ValueError):
        raise LofiError(
            f"hparam {name} must be {TYPE_WORDS[type(old)]}. Received: {text!r}"
        ) from None
