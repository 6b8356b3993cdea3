"""From a component as a config has it, `{kind: ..., and its options}`, to its layer."""

from collections.abc import Mapping
from typing import Any

import keras

from lofi_tf.errors import LofiError, unknown_name


def _is_whole(value: Any) -> bool:
    return type(value) is int and value > 0


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(map(_is_whole, value))


def _is_nested(value: Any) -> bool:
    lists = isinstance(value, list | tuple) and bool(value) and all(map(_is_list, value))
    return lists or _is_list(value)


def _is_truth(value: Any) -> bool:
    return type(value) is bool


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and value >= 0


# Options come from YAML files, so anything may be in them: what each must be, and how to say it.
# Those that have a default of none may be null.
OPTION_CHECKS = {
    **dict.fromkeys(
        (
            "split",
            "reencode",
            "z_inputs",
            "skip_inputs",
            "previous_inputs",
            "skip",
            "by_frame",
            "spectral",
            "companded",
            "given_hits",
        ),
        (_is_truth, "true or false"),
    ),
    **dict.fromkeys(
        ("level_lengths", "sizes", "strides", "channels", "dilations"),
        (_is_list, "a list of whole numbers"),
    ),
    **dict.fromkeys(
        ("frame_size", "hidden_size", "num_bands", "num_scales", "num_components", "width"),
        (_is_whole, "a whole number from 1 on"),
    ),
    **dict.fromkeys(
        ("sampling_temperature", "expression_weight"), (_is_number, "a number from 0 on")
    ),
    "lookback": (lambda v: v is None or _is_list(v), "a list of whole numbers, or null"),
    "embedding_size": (lambda v: v is None or _is_whole(v), "a whole number from 1 on or null"),
    "conductor_units": (lambda v: v is None or _is_nested(v), "a list of whole numbers, or null"),
    "conductor_embedding_size": (
        lambda v: v is None or _is_whole(v) or _is_list(v),
        "a whole number from 1 on, a list of these, or null",
    ),
}


def build_component(
    what: str, known: Mapping[str, type], settings: Mapping[str, Any], *args, **kwargs
) -> keras.layers.Layer:
    """Returns the layer of a component.

    Args:
        what: the component's name, which errors say.
        known: classes by kind.
        settings: kind and options.
        args: of the class, before the options.
        kwargs: of the class besides.

    Raises:
        LofiError: an unknown kind, or options that the class does not take.
    """
    cls, options = picked(what, known, settings)
    return made(what, cls, options, *args, **kwargs)


def picked(
    what: str, known: Mapping[str, type], settings: Mapping[str, Any]
) -> tuple[type, dict[str, Any]]:
    """Returns the class of a component, and its options, checked."""
    options = dict(settings)
    kind = options.pop("kind", None)
    if kind not in known:
        raise unknown_name(f"{what} kind", str(kind), known)
    for name, (fits, wanted) in OPTION_CHECKS.items():
        if name in options and not fits(options[name]):
            raise LofiError(f"the {what}'s {name} must be {wanted}. Received: {options[name]!r}")
    return known[kind], options


def made(what: str, cls: type, options: Mapping[str, Any], *args, **kwargs) -> keras.layers.Layer:
    """Returns a layer; says in one line which options do not fit."""
    try:
        return cls(*args, **options, **kwargs)
    except TypeError as error:
        raise LofiError(f"{what} options do not fit: {error}. Received: {dict(options)}") from error
