"""How many bars a piece has, and how long they last."""

import bisect
import itertools
import math
from typing import Any, NamedTuple

from lofi_tf.music.quantize import DEFAULT_QPM

RINGS_ON = 0.25  # quarter notes by which the last sounds may reach beyond the last bar
_SAME = 1 / 1000  # quarter notes, of the rounding of times
_NEAR = 1 / 32  # quarter notes by which a change of metre may miss its bar line


class WholeBars(NamedTuple):
    """A piece rounded up to whole bars.

    Attributes:
        count: bars.
        quarters: quarter notes in them.
        seconds: how long they last.
        numerator, denominator: the first metre.
    """

    count: int
    quarters: float
    seconds: float
    numerator: int
    denominator: int

    @property
    def qpm(self) -> float:
        """The tempo, quarter notes a minute; their mean where it changes."""
        return 60 * self.quarters / self.seconds


def whole_bars(sequence: Any) -> WholeBars:
    """Returns the bars of a NoteSequence: up to its end, and one at least.

    A bar in which no note begins does not count where notes reach into it by less than a
    sixteenth; drums count for where they are struck. A metre begins a new bar.
    """
    clock = Clock(sequence)
    starts = max((note.start_time for note in sequence.notes), default=0.0)
    ends = max((note.end_time for note in sequence.notes if not note.is_drum), default=0.0)
    ring = max((note.end_time for note in sequence.notes), default=0.0)
    total = sequence.total_time if sequence.total_time > ring + 1e-3 else 0.0
    last = clock.quarters(max(starts, 0.0))
    end = max(clock.quarters(ends) - RINGS_ON, clock.quarters(total) - _NEAR)
    metres = _metres(sequence, clock)
    at, count = 0.0, 0
    for (_, bar), (begin, _) in itertools.pairwise([*metres, (math.inf, 0.0)]):
        needed = max((last + _SAME - at) // bar + 1, -((at + _SAME - end) // bar), not count)
        room = math.inf if begin == math.inf else -((at + _NEAR - begin) // bar)
        bars = int(max(0, min(needed, room)))
        at, count = at + bars * bar, count + bars
        at = begin if at > begin + _NEAR else at  # a metre cuts the bar that it falls into
    first = sorted(sequence.time_signatures, key=lambda metre: metre.time)[:1]
    metre = (first[0].numerator, first[0].denominator) if first else (4, 4)
    return WholeBars(count, at, clock.seconds(at), *metre)


def nominal_qpm(qpm: float) -> float:
    """Returns the tempo that was meant by one of a MIDI file, which has whole microseconds.

    Example:
        >>> nominal_qpm(60_000_000 / 666_667)
        90.0
    """
    for digits in range(4):
        if round(qpm, digits) > 0 and round(6e7 / round(qpm, digits)) == round(6e7 / qpm):
            return round(qpm, digits)
    return qpm


class Clock:
    """Seconds to quarter notes and back, by the tempos of a piece."""

    def __init__(self, sequence: Any):
        tempos = {0.0: DEFAULT_QPM}
        for tempo in sorted(sequence.tempos, key=lambda tempo: tempo.time):
            tempos[max(0.0, tempo.time)] = nominal_qpm(tempo.qpm)
        self._times, self._qpms = list(tempos), list(tempos.values())
        self._quarters = [0.0]
        for (begin, end), qpm in zip(itertools.pairwise(self._times), self._qpms, strict=False):
            self._quarters.append(self._quarters[-1] + (end - begin) * qpm / 60)

    def quarters(self, seconds: float) -> float:
        """Returns the quarter notes before a time."""
        place = bisect.bisect_right(self._times, seconds) - 1
        return self._quarters[place] + (seconds - self._times[place]) * self._qpms[place] / 60

    def qpm(self, seconds: float) -> float:
        """Returns the tempo at a time."""
        return self._qpms[bisect.bisect_right(self._times, seconds) - 1]

    def seconds(self, quarters: float) -> float:
        """Returns when a number of quarter notes is over."""
        place = bisect.bisect_right(self._quarters, quarters) - 1
        return self._times[place] + (quarters - self._quarters[place]) * 60 / self._qpms[place]


def _metres(sequence: Any, clock: Clock) -> list[tuple[float, float]]:
    """Returns from which quarter note on bars have how many."""
    found = {0.0: 4.0}
    for metre in sorted(sequence.time_signatures, key=lambda metre: metre.time):
        bar = 4 * metre.numerator / metre.denominator
        if bar > 0 and bar != list(found.values())[-1]:
            found[clock.quarters(metre.time) if metre.time > 0 else 0.0] = bar
    return list(found.items())
