"""Phrases of two bars as a plan names them, such as `call`, `answer varied`, `pickup call up 2`."""

import re
from typing import NamedTuple

from lofi_tf.errors import LofiError

NAMES = ("call", "answer", "turn")
REST = "rest"
_TEXT = re.compile(
    rf"(?:(pickup) )?({'|'.join(NAMES)})(?: (varied)(?: ([1-9]))?)?"
    r"(?: (up|down)(?: ([1-7]))?)?(?: (thinned))?"
)


class Phrase(NamedTuple):
    """A phrase of a plan.

    Attributes:
        name: of the motif, one of `NAMES`, or `REST`.
        varied: which variation of its second bar, 0 for the motif's own.
        up: steps of the scale that it lies higher.
        thinned: whether it is without its notes off the beat.
        pickup: whether notes lead up to it, in the bar before.
    """

    name: str
    varied: int = 0
    up: int = 0
    thinned: bool = False
    pickup: bool = False


def parse_phrase(text: str) -> Phrase:
    """Returns the phrase of a text such as `call`, `answer varied` or `pickup call up 2`.

    Raises:
        LofiError: it is none.
    """
    if text == REST:
        return Phrase(REST)
    match = _TEXT.fullmatch(text)
    if not match:
        raise LofiError(
            f"a phrase is {REST}, or {', '.join(NAMES)}, with `pickup` before and `varied`, `up` "
            f"or `down` (each with a number or without) and `thinned` after, in this order. "
            f"Received: {text!r}"
        )
    pickup, name, varied, number, way, steps, thinned = match.groups()
    up = int(steps or 1) * {"up": 1, "down": -1, None: 0}[way]
    return Phrase(name, int(number or 1) if varied else 0, up, bool(thinned), bool(pickup))
