"""What the options of converters may be: said once, by the type of the field that holds one.

    slice_bars: Count | None = None
    mode: Mode = "train"

They come from YAML files, so anything may be in them.
"""

import dataclasses
import functools
import math
import typing
from collections.abc import Callable
from typing import Annotated, Any

from lofi_tf.errors import LofiError


@dataclasses.dataclass(frozen=True)
class Rule:
    """What the value of an option may be.

    Attributes:
        wrong: what one is that may not be, such as `is not a count`.
        allowed: in words.
        fits: says whether a value may be.
        stored: a value that may be, in the form in which it is kept.
    """

    wrong: str
    allowed: str
    fits: Callable[[Any], bool]
    stored: Callable[[Any], Any] = lambda value: value

    def check(self, name: str, value: Any, optional: bool = False) -> Any:
        """Returns a value as it is kept; refuses one that may not be, but None where optional."""
        if optional and value is None:
            return None
        if not self.fits(value):
            none = " or none" if optional else ""
            raise LofiError(
                f"{name} {self.wrong}. Allowed: {self.allowed}{none}. Received: {value!r}"
            )
        return self.stored(value)


def whole(low: int, high: float = math.inf) -> Rule:
    """Returns the rule of whole numbers in a range."""
    allowed = f"a whole number from {low} on" if high == math.inf else f"{low} to {high}"
    return Rule("is not a count", allowed, lambda n: type(n) is int and low <= n <= high)


def number(low: float, high: float, wrong: str, allowed: str) -> Rule:
    """Returns the rule of numbers in a range."""
    return Rule(wrong, allowed, lambda n: type(n) in (int, float) and low <= n <= high)


def choice(*values: Any) -> Rule:
    """Returns the rule of some words or numbers."""
    allowed = ", ".join(map(str, sorted(values)))
    known = [(type(value), value) for value in values]
    return Rule("is unknown", allowed, lambda value: (type(value), value) in known)


def listed(
    fits: Callable[[Any], bool], wrong: str, allowed: str, once: bool = False, least: int = 1
) -> Rule:
    """Returns the rule of lists of things that fit, `least` or more, each only once if wanted."""

    def all_fit(value: Any) -> bool:
        if not isinstance(value, list | tuple | range) or not all(map(fits, value)):
            return False
        return len(value) >= least and not (once and len(set(value)) < len(value))

    return Rule(wrong, allowed, all_fit, tuple)


def names_among(*allowed: str) -> Rule:
    """Returns the rule of lists of different words, of some words if these are given."""
    words = f"ones of {', '.join(allowed)}" if allowed else "names"
    fits = allowed.__contains__ if allowed else lambda value: isinstance(value, str)
    return listed(fits, "do not fit", f"a list of different {words}", once=True)


def span(kinds: tuple[type, ...], fits: Callable, wrong: str, allowed: str) -> Rule:
    """Returns the rule of pairs [low, high] of numbers of some types."""

    def both(value: Any) -> bool:
        pair = isinstance(value, list | tuple) and len(value) == 2
        return pair and all(type(one) in kinds for one in value) and fits(*value)

    return Rule(wrong, allowed, both, lambda value: tuple(map(kinds[0], value)))


FLAG = Rule("is not a switch", "true, false", lambda value: type(value) is bool)
Count = Annotated[int, whole(1)]
CountOrZero = Annotated[int, whole(0)]
Pitch = Annotated[int, whole(0, 127)]
Share = Annotated[float, number(0, 1, "is not a probability", "0 to 1")]
Bars = Annotated[float, number(0, math.inf, "is no length", "0 or more")]
Mode = Annotated[str, choice("train", "eval", "infer")]
ChordEncoding = Annotated[str, choice("triad")]
UnknownChord = Annotated[str, choice("drop", "error")]
CoincidentChords = Annotated[str, choice("last", "error")]
Programs = Annotated[
    tuple[int, ...],
    listed(whole(0, 127).fits, "are no MIDI programs", "a list of numbers 0 to 127"),
]
TransposeRange = Annotated[
    tuple[int, int],
    span(
        (int,),
        lambda low, high: -127 <= low <= high <= 127,
        "is no range of half steps",
        "[lowest, highest] within -127 to 127",
    ),
]
StretchRange = Annotated[
    tuple[float, float],
    span(
        (float, int),
        lambda low, high: 0 < low <= high < math.inf,
        "is no range of factors",
        "[least, largest] above 0",
    ),
]


def check_options(options: Any) -> None:
    """Checks the fields of a frozen dataclass by their types, and keeps them in their own form."""
    for name, (rule, optional) in _rules_of(options.__class__).items():
        value = getattr(options, name)
        stored = rule.check(name, value, optional)
        if stored is not value:
            object.__setattr__(options, name, stored)


@functools.cache
def _rules_of(kind: type) -> dict[str, tuple[Rule, bool]]:
    """Returns the rule of each field that has one, and whether the field may be None."""
    hints, rules = typing.get_type_hints(kind, include_extras=True), {}
    for field in dataclasses.fields(kind):
        parts = [hints[field.name]]
        if type(None) in typing.get_args(parts[0]):
            parts = [part for part in typing.get_args(parts[0]) if part is not type(None)]
        extras = getattr(parts[0], "__metadata__", ())
        rule = FLAG if parts[0] is bool else next(iter(extras), None)
        if rule is not None:
            rules[field.name] = rule, type(None) in typing.get_args(hints[field.name])
    return rules
