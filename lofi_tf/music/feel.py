"""What there is of a feel in drum hits: swing and accents."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from lofi_tf.errors import LofiError
from lofi_tf.music.metrics import swing

TRAITS = ("swing", "accents")
LEAST_SWING = 0.02  # of a step: more than the rounding of a file's ticks
LEAST_SPREAD = 5.0  # of velocities: their standard deviation where some are accents


def traits_named(keep: str | Iterable[str]) -> frozenset[str]:
    """Returns traits of a text such as `swing,accents` or `none`, or of names.

    Raises:
        LofiError: no such trait.

    Example:
        >>> sorted(traits_named("swing,accents")), sorted(traits_named("none"))
        (['accents', 'swing'], [])
    """
    names = keep.split(",") if isinstance(keep, str) else list(keep)
    found = [name.strip() for name in names]
    if found == ["none"]:
        return frozenset()
    if not set(found) <= set(TRAITS):
        raise LofiError(f"keep must be some of {', '.join(TRAITS)}, or none. Received: {keep!r}")
    return frozenset(found)


def traits_of(drums: Any) -> frozenset[str]:
    """Returns which traits the drums of a piece, in one tempo, have.

    They swing where their off-beats are late (`metrics.swing`), and have accents where their
    velocities vary.
    """
    velocities = [note.velocity for note in drums.notes]
    has = {
        "swing": bool(velocities) and swing(drums) > LEAST_SWING,
        "accents": bool(velocities) and np.std(velocities) > LEAST_SPREAD,
    }
    return frozenset(name for name, there in has.items() if there)
