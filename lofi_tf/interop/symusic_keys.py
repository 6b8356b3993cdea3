"""Checks of the keys and values of a symusic JSON file."""

from collections.abc import Collection, Mapping
from typing import Any

from lofi_tf.errors import LofiError, unknown_name

MISSING = object()


def check_keys(
    where: str, values: Any, known: Collection[str], optional: Collection[str] = ()
) -> Mapping[str, Any]:
    """Returns a mapping whose keys are checked.

    Args:
        where: its name, for messages.
        values: the mapping, or `MISSING`.
        known: the keys that it may have.
        optional: those of them that may be missing.

    Raises:
        LofiError: no mapping, an unknown key (the nearest known one is named), or a missing one.
    """
    if values is MISSING:
        raise LofiError(f"{where} is missing. Allowed: {{{', '.join(sorted(known))}}}")
    if not isinstance(values, Mapping):
        raise LofiError(f"{where} must hold {', '.join(sorted(known))}. Received: {values!r}")
    for key in values:
        if key not in known:
            raise unknown_name(f"key in {where}", key, known)
    missing = [key for key in known if key not in values and key not in optional]
    if missing:
        raise LofiError(f"{where}.{missing[0]} is missing")
    return values


def whole(name: str, value: Any, least: int) -> int:
    """Returns a value that is a whole number of at least `least`."""
    if value is MISSING:
        raise LofiError(f"{name} is missing")
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if type(value) is not int or value < least:
        raise LofiError(f"{name} must be a whole number of at least {least}. Received: {value!r}")
    return value


def fraction(name: str, value: Any) -> float:
    """Returns a value that is a number of at least 0."""
    if type(value) not in (int, float) or not 0 <= value < float("inf"):
        raise LofiError(f"{name} must be a number of at least 0. Received: {value!r}")
    return float(value)
