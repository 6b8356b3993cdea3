"""From a component as a config has it, `{kind: ..., and its options}`, to its layer."""

import inspect
from collections.abc import Mapping
from typing import Any

import keras

from lofi_tf.errors import LofiError, unknown_name
from lofi_tf.settings import check_options


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
    """Returns the class of a component, and its options."""
    options = dict(settings)
    kind = options.pop("kind", None)
    if kind not in known:
        raise unknown_name(f"{what} kind", str(kind), known)
    check_options(what, known[kind], options)
    return known[kind], options


def made(what: str, cls: type, options: Mapping[str, Any], *args, **kwargs) -> keras.layers.Layer:
    """Returns a layer; says in one line which options do not fit."""
    try:
        inspect.signature(cls).bind(*args, **options, **kwargs)
    except TypeError as error:
        raise LofiError(f"{what} options do not fit: {error}. Received: {dict(options)}") from error
    return cls(*args, **options, **kwargs)
