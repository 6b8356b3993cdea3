"""Checks of converter options: they come from YAML files, so anything may be in them."""

from collections.abc import Collection
from typing import Any

from lofi_tf.errors import LofiError


def check_whole(name: str, value: Any, low: int, optional: bool = False) -> None:
    """Refuses what is not a whole number of at least `low` (or None where `optional`)."""
    if optional and value is None:
        return
    if type(value) is not int or value < low:
        none = " or none" if optional else ""
        raise LofiError(
            f"{name} is not a count. Allowed: a whole number from {low} on{none}. "
            f"Received: {value!r}"
        )


def check_flag(name: str, value: Any) -> None:
    """Refuses what is not true or false."""
    if type(value) is not bool:
        raise LofiError(f"{name} is not a switch. Allowed: true, false. Received: {value!r}")


def check_share(name: str, value: Any) -> None:
    """Refuses what is not a number from 0 to 1 or None."""
    if value is not None and (type(value) not in (int, float) or not 0 <= value <= 1):
        raise LofiError(
            f"{name} is not a probability. Allowed: 0 to 1 or none. Received: {value!r}"
        )


def check_choice(name: str, value: Any, allowed: Collection[str]) -> None:
    """Refuses what is not one of the allowed words."""
    if value not in allowed:
        raise LofiError(
            f"{name} is unknown. Allowed: {', '.join(sorted(allowed))}. Received: {value!r}"
        )
