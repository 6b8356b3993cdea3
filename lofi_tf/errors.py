"""The errors that a person can mend, and warnings; commands print each as one line."""

import contextlib
import difflib
import math
import numbers
from collections.abc import Iterable, Iterator


class LofiError(ValueError):
    """Bad input: the message says what is wrong, what is allowed and what came."""


class LofiWarning(UserWarning):
    """Something a person should know of that stops nothing; commands print it as one line."""


class NotConvertible(LofiError):
    """A piece of music that a representation cannot hold.

    Attributes:
        rule: short name of the rule that refused it, for counting, such as
            `"tempo_change"`.
    """

    def __init__(self, rule: str, message: str):
        super().__init__(message)
        self.rule = rule

    def __reduce__(self):
        return type(self), (self.rule, str(self))


class NoSuchFunction(LofiError):
    """A model that lacks a function which newer ones answer."""


@contextlib.contextmanager
def naming(what: object) -> Iterator[None]:
    """Puts what an error is about, such as a file, before the message of a LofiError."""
    try:
        yield
    except LofiError as error:
        raise LofiError(f"{what}: {error}") from error


def check_range(name: str, value: float, low: float, high: float = math.inf) -> None:
    """Refuses a number that is not one from `low` to `high`, both allowed.

    Raises:
        LofiError: what is allowed and what came.
    """
    number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not number or not low <= value <= high or value == math.inf:
        allowed = f"{low:g} or more" if high in (math.inf, 2**31 - 1) else f"{low:g} to {high:g}"
        raise LofiError(f"{name} must be {allowed}. Received: {value!r}")


def unknown_name(what: str, name: str, known: Iterable[str]) -> LofiError:
    """Returns the error for a name that is not among the known ones."""
    known = sorted(known)
    near = near_names(name, known)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return LofiError(f"unknown {what}.{hint} Allowed: {', '.join(known)}. Received: {name!r}")


# What people call things elsewhere, by the words that are used here.
_OTHER_WORDS = {
    "genre": ("style", "mood"), "bpm": ("qpm",), "tempo": ("qpm",),
    "instrument": ("track", "parts"), "part": ("track", "parts"),
    "input": ("input_midi", "input_dir"), "out": ("output",),
    "output": ("output_dir",), "output_file": ("output",), "count": ("num_outputs",),
    "bars": ("length_bars",), "length": ("length_bars", "minutes"), "steps": ("num_steps",),
    "soundfont_file": ("soundfont",), "sf2": ("soundfont",), "checkpoint": ("checkpoint_file",),
    "data": ("examples_path",), "run": ("run_dir",),
}  # fmt: skip


def near_names(name: str, known: Iterable[str], likeness: float = 0.6) -> list[str]:
    """Returns the known name that is nearest to one, or means the same, or none.

    Args:
        name: with or without a value after `=`, which does not count.
        known: names.
        likeness: how alike they are at least, 0 to 1.
    """
    name, known = name.partition("=")[0], list(known)
    dashes = "--" if name.startswith("--") else ""
    same = [dashes + word for word in _OTHER_WORDS.get(name.lstrip("-"), ())]
    found = [word for word in same if word in known][:1]
    return found or difflib.get_close_matches(name, known, 1, likeness)


def unknown_flags(flags: Iterable[str], known: Iterable[str]) -> LofiError:
    """Returns the error for flags, with their values, that are not among the known ones."""
    flags, known = list(flags), list(known)
    meant = ", ".join(
        dict.fromkeys(name for flag in flags for name in near_names(flag, known, 0.7))
    )
    hint = f"Did you mean {meant}?" if meant else "--help lists the allowed ones."
    return LofiError(f"unknown flag. {hint} Received: {' '.join(flags)}")
