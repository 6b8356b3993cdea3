"""What a setting may be, as the annotation of its field or argument says.

Settings come from YAML files, flags and notebooks, so anything may be in them. A dataclass of
settings, or a class that takes options, states types and bounds once, where it names them.
"""

import dataclasses
import inspect
import math
import re
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from lofi_tf.errors import LofiError, naming, unknown_name


class Bounds(NamedTuple):
    """Least and most of a finite number; `above` is a bound that it must exceed."""

    least: float | None = None
    most: float | None = None
    above: float | None = None

    def __str__(self):
        parts = {"at least": self.least, "above": self.above, "at most": self.most}
        words = [f"{word} {bound}" for word, bound in parts.items() if bound is not None]
        return " and ".join(words) or "finite"

    def holds(self, value: float) -> bool:
        """Says whether a number is within them; NaN is not."""
        return (
            math.isfinite(value)
            and (self.least is None or value >= self.least)
            and (self.most is None or value <= self.most)
            and (self.above is None or value > self.above)
        )


class Fits(NamedTuple):
    """Another condition on a value of the right type, which `words` tell, such as of lists."""

    words: str
    holds: Callable[[Any], bool]

    def __str__(self):
        return self.words


class WrongType(LofiError):
    """A value of another type than its annotation says."""


class WrongLength(LofiError):
    """A list of more or fewer items than its annotation says."""


DIFFERENT = Fits("a list of different items", lambda items: len(set(items)) == len(items))

Size = Annotated[int, Bounds(least=1)]
Count = Annotated[int, Bounds(least=0)]
Amount = Annotated[float, Bounds(least=0)]
Tempo = Annotated[float, Bounds(least=4, most=1000)]  # quarter notes a minute
Share = Annotated[float, Bounds(above=0, most=1)]
Component = Mapping[str, Any]  # {kind: ..., and its options}

TYPE_WORDS = {
    bool: "true or false", int: "a whole number", float: "a number", str: "text", Any: "items",
}  # fmt: skip


def words_of(annotation: Any) -> str:
    """Returns what a value must be, in words."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return words_of(inner[0])
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(map(words_of, inner)))
    if origin is Literal:
        return " or ".join(map(str, inner))
    if origin in (Sequence, tuple):
        item = re.sub(r"^a (list|.*number\b)", r"\1s", words_of(inner[0]))
        return f"a list of {item}"
    if annotation is Component:
        return "a component, {kind: ..., and its options}"
    if origin is Mapping:
        return f"a mapping of {words_of(inner[0])} to {words_of(inner[1])}"
    return TYPE_WORDS.get(annotation, "null")


def checked(name: str, value: Any, annotation: Any) -> Any:
    """Returns a value in the type that an annotation says: lists are tuples, numbers floats.

    Args:
        name: of the setting, which errors say.
        value: anything.
        annotation: `bool`, `int`, `float`, `str`, `X | None` and other unions, `Literal`, lists as
            `tuple[X, ...]`, `tuple[X, Y]` or `Sequence[X]`, `Mapping[X, Y]`, `Component`,
            `Annotated` with `Bounds` or `Fits`, or `Any`.

    Raises:
        LofiError: what the setting must be, and what came.
    """
    origin, inner = get_origin(annotation), get_args(annotation)
    if annotation is Any:
        return value
    if origin is Annotated:
        try:
            value = checked(name, value, inner[0])
        except WrongLength:
            if inner[1].holds(value):
                raise
        if not inner[1].holds(value):
            raise LofiError(f"{name} must be {inner[1]}. Received: {value}")
        return value
    if origin in (Union, types.UnionType):
        return _one_of(name, value, inner, annotation)
    if origin is Literal:
        if checked(name, value, type(inner[0])) not in inner:
            raise unknown_name(name, str(value), map(str, inner))
        return value
    if origin in (Sequence, tuple) and isinstance(value, list | tuple | range):
        return _items(name, value, inner)
    if origin is Mapping and annotation is not Component and isinstance(value, Mapping):
        kind, item = inner
        return {
            checked(f"name in {name}", key, kind): checked(f"{name} of {key}", each, item)
            for key, each in value.items()
        }
    if annotation is Component:
        if isinstance(value, Mapping) and isinstance(value.get("kind"), str):
            return value
    elif annotation is float and type(value) in (int, float):
        return float(value)
    elif type(value) is annotation:
        return value
    elif dataclasses.is_dataclass(annotation) and isinstance(value, annotation):
        return value
    raise WrongType(f"{name} must be {words_of(annotation)}. Received: {value!r:.80}")


def _items(name: str, value: Sequence[Any], kinds: Sequence[Any]) -> tuple[Any, ...]:
    """Returns the items of a list, of which each is of one kind, or as many as there are kinds."""
    if kinds[-1] is Ellipsis or len(kinds) == 1:
        kinds = kinds[:1] * max(1, len(value))
    if len(value) != len(kinds):
        least = "at least one item" if not value else f"{len(kinds)} items"
        raise WrongLength(f"{name} must have {least}. Received: {value!r:.80}")
    pairs = zip(value, kinds, strict=True)
    return tuple(checked(f"{name}[{n}]", item, kind) for n, (item, kind) in enumerate(pairs))


def _one_of(name: str, value: Any, allowed: Sequence[Any], annotation: Any) -> Any:
    errors = []
    for each in allowed:
        try:
            return checked(name, value, each)
        except LofiError as error:
            errors.append(error)
    whole = WrongType(f"{name} must be {words_of(annotation)}. Received: {value!r:.80}")
    raise next((error for error in errors if not isinstance(error, WrongType)), whole)


class Settings:
    """A frozen dataclass whose fields are checked, and given the types of their annotations."""

    def __post_init__(self):
        for field in dataclasses.fields(self):
            value = checked(field.name, getattr(self, field.name), field.type)
            object.__setattr__(self, field.name, value)


def check_options(what: str, takes: Callable, options: Mapping[str, Any]) -> None:
    """Checks options by the annotations of a class or a function that takes them.

    Args:
        what: they are of, which errors say.
        takes: the class or function; what it does not name is not checked.
        options: by name.

    Raises:
        LofiError: an option that must be something else.
    """
    arguments = inspect.signature(takes).parameters
    for name, value in options.items():
        if name in arguments:
            checked(f"the {what}'s {name}", value, arguments[name].annotation)


def settings_of(kind: type, values: Any, where: str) -> Any:
    """Returns the dataclass of plain values.

    Args:
        kind: the dataclass, which checks its fields.
        values: by the names of its fields.
        where: they stand, which errors say.

    Raises:
        LofiError: an unknown or missing name, or a value that must be something else.
    """
    fields = {field.name: field for field in dataclasses.fields(kind)}
    for name in mapping_of(where, values, fields):
        if name not in fields:
            raise unknown_name(f"setting in {where}", str(name), fields)
    for name, field in fields.items():
        needed = field.default is field.default_factory is dataclasses.MISSING
        if needed and name not in values:
            raise LofiError(f"{where}: {name} is missing")
    with naming(where):
        return kind(**values)


def mapping_of(where: str, values: Any, names: Sequence[str]) -> Mapping[str, Any]:
    """Returns values that are a mapping; refuses others."""
    if not isinstance(values, Mapping):
        raise LofiError(
            f"{where} must be a mapping. Allowed: {', '.join(names)}. Received: {values!r:.80}"
        )
    return values


def plain(value: Any) -> Any:
    """Returns settings as plain values, ready for YAML."""
    if dataclasses.is_dataclass(value):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value
