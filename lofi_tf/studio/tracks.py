"""Composed tracks, of which the last few are kept as they were made."""

import threading
from collections.abc import Callable

from lofi_tf.composing.compose import Track, compose
from lofi_tf.composing.plan import Plan, plan_text
from lofi_tf.studio.models import Models, OpenPlayers

MOST_KEPT = 3


class Tracks:
    """Tracks by their plans; the same plan is the same track.

    Args:
        models: that play.
    """

    def __init__(self, models: Models):
        self._players, self._lock = OpenPlayers(models), threading.Lock()
        self._kept: dict[str, Track] = {}

    def of(self, plan: Plan, on_part: Callable[[str], None]) -> Track:
        """Returns the track of a plan, played where it is not kept."""
        name = plan_text(plan)
        with self._lock:
            track = self._kept.get(name)
        if track is None:
            track = compose(plan, self._players, on_part)
        with self._lock:
            self._kept.pop(name, None)
            self._kept[name] = track
            while len(self._kept) > MOST_KEPT:
                self._kept.pop(next(iter(self._kept)))
        return track
