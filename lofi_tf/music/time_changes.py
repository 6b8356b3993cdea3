"""Tempi and metres of a piece as they are meant, apart from slips of what wrote them."""

import bisect
from operator import attrgetter
from typing import Any, NamedTuple

DEFAULT_QPM = 120.0
TICKS_PER_QUARTER = 220  # of NoteSequences, as note_seq has it

MIN_QPM_CHANGE = 0.1
_LATE_TICKS = 1.5
_SAME_QUARTERS, _SAME_SECONDS = 1e-6, 1e-9

_time_of = attrgetter("time")


class Tempo(NamedTuple):
    """Quarters per minute from `time` (seconds) on."""

    time: float
    qpm: float


class Metre(NamedTuple):
    """A time signature from `time` (seconds) on."""

    time: float
    numerator: int
    denominator: int


class TimeChanges(NamedTuple):
    """What is in force when, each from its `time` on."""

    time_signatures: tuple[Metre, ...]
    tempos: tuple[Tempo, ...]


def time_changes_of(sequence: Any) -> TimeChanges:
    """Returns the metres and tempi of a NoteSequence, or of what has such fields.

    Where note_seq would see changes that nobody means, they are none: an event of up to a tick
    after a whole eighth note belongs there (so a first one to the beginning), tempi that differ by
    less than `MIN_QPM_CHANGE` from one before are that one, at their mean, and bars of one beat all
    through stand for an unknown metre, 4/4.
    """
    metres = tuple(Metre(s.time, s.numerator, s.denominator) for s in sequence.time_signatures)
    tempos = tuple(Tempo(t.time, t.qpm) for t in sequence.tempos)
    if metres and all(metre.numerator == 1 for metre in metres):
        metres = (Metre(0.0, 4, 4),)
    is_odd = not all(tempo.qpm > 0 for tempo in tempos)  # for the rules that refuse it
    if is_odd or not any(event.time for event in metres + tempos):
        return TimeChanges(metres, tempos)
    late = _LATE_TICKS / (getattr(sequence, "ticks_per_quarter", 0) or TICKS_PER_QUARTER)
    beats = _Beats(tuple(sorted(tempos, key=_time_of)))
    metres, tempos = (_on_time(events, beats, late) for events in (metres, tempos))
    if len({tempo.qpm for tempo in tempos}) < 2:
        return TimeChanges(metres, tempos)
    return TimeChanges(metres, _merged(tempos, getattr(sequence, "total_time", 0.0)))


class _Beats:
    """Seconds to quarter notes, by the tempi of a piece in order of time."""

    def __init__(self, tempos: tuple[Tempo, ...]):
        self._times, self._quarters, self._qpm = [0.0], [0.0], [DEFAULT_QPM]
        for tempo in tempos:
            self._quarters.append(self.at(tempo.time)[0])
            self._times.append(tempo.time)
            self._qpm.append(tempo.qpm)

    def at(self, time: float) -> tuple[float, float]:
        """Returns the quarters up to a time, and the tempo right before it."""
        index = max(1, bisect.bisect_left(self._times, time)) - 1
        passed = (time - self._times[index]) * self._qpm[index] / 60.0
        return self._quarters[index] + passed, self._qpm[index]

    def eighth_before(self, time: float, late: float) -> float | None:
        """Returns the time of the eighth note that `time` is less than `late` quarters behind."""
        quarters, qpm = self.at(time)
        behind = quarters % 0.5
        if not _SAME_QUARTERS < behind < late:
            return None
        before = time - behind * 60.0 / qpm
        return before if before > _SAME_SECONDS else 0.0


def _on_time(events: tuple, beats: _Beats, late: float) -> tuple:
    """Returns events by time, those moved that are late; what they replace at once is left out."""
    kept: list = []
    for event in sorted(events, key=_time_of):
        time = beats.eighth_before(event.time, late)
        if time is not None:
            event = event._replace(time=time)
            while kept and abs(kept[-1].time - time) <= _SAME_SECONDS:
                kept.pop()
        kept.append(event)
    return tuple(kept)


def _merged(tempos: tuple[Tempo, ...], total_seconds: float) -> tuple[Tempo, ...]:
    """Returns the tempi without those that hardly differ; what is merged is at its mean tempo."""
    ends = [tempo.time for tempo in tempos[1:]] + [max(total_seconds, tempos[-1].time)]
    groups: list[list[tuple[Tempo, float]]] = []
    for tempo, end in zip(tempos, ends, strict=True):
        if groups and abs(tempo.qpm - groups[-1][0][0].qpm) < MIN_QPM_CHANGE:
            groups[-1].append((tempo, end - tempo.time))
        else:
            groups.append([(tempo, end - tempo.time)])
    return tuple(group[0][0]._replace(qpm=_mean(group)) for group in groups)


def _mean(group: list[tuple[Tempo, float]]) -> float:
    seconds = sum(length for _, length in group)
    if len({tempo.qpm for tempo, _ in group}) == 1 or not seconds:
        return group[0][0].qpm
    return sum(tempo.qpm * length for tempo, length in group) / seconds
