"""The errors that a person can mend, and warnings; commands print each as one line."""

import difflib
from collections.abc import Iterable


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


def unknown_name(what: str, name: str, known: Iterable[str]) -> LofiError:
    """Returns the error for a name that is not among the known ones."""
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return LofiError(f"unknown {what}.{hint} Allowed: {', '.join(known)}. Received: {name!r}")
