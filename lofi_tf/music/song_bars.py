"""The bars of a song, in quarter notes of its own tempo map: as it says, or as its notes say."""

import dataclasses
from typing import Any, NamedTuple

import numpy as np

from lofi_tf.music import downbeats
from lofi_tf.music.bar_lines import Clock
from lofi_tf.music.time_changes import time_changes_of

MOST_BARS = 2000  # of a song; more is a file that is not meant so
_NEAR = 1 / 32  # quarters
_OFF_GRID = 1 / 32  # quarters by which notes keep away from a tempo map that is not theirs
_ENOUGH = 16  # bars that tell where bars begin, against what is said
_VOICES = 1.5  # that do: a tune alone does not tell
_BELIEVED = 0.6  # share of the accents of what is found that the written bars must have


class Bar(NamedTuple):
    """A bar: where it begins, its length, both in quarters, and its metre."""

    start: float
    length: float
    numerator: int
    denominator: int


@dataclasses.dataclass(frozen=True)
class SongBars:
    """The bars of a song.

    Attributes:
        clock: seconds to quarters.
        bars: one after the other; the first holds the first note.
        qpm: the tempo that most of it has.
        are_found: whether they were found in the notes, because those do not keep to what is said.
    """

    clock: Clock
    bars: tuple[Bar, ...]
    qpm: float
    are_found: bool


def song_bars(sequence: Any) -> SongBars:
    """Returns the bars of a NoteSequence that has a note.

    Scores, songs with drums, metres of three and notes of no grid are believed; others of which the
    notes keep to another grid are not.
    """
    clock = Clock(sequence)
    notes = list(sequence.notes)
    starts, ends = (
        np.array([clock.quarters(max(0.0, time)) for time in times])
        for times in ([n.start_time for n in notes], [n.end_time for n in notes])
    )
    pitches = np.array([note.pitch for note in notes])
    last = max(float(ends[~_drums(notes)].max(initial=0.0)) - 0.25, float(starts.max()) + 2 * _NEAR)
    bars, heard = _written(sequence, clock, last), None
    if not sequence.source_info.source_type and not _drums(notes).any():
        heard = _other_bars(bars, starts, ends, pitches, last)
    bars = [bar for bar in heard or bars if bar.start + bar.length > starts.min() + _NEAR]
    qpm = _usual_qpm(sequence, clock, last)
    return SongBars(clock, tuple(bars[:MOST_BARS]), qpm, heard is not None)


def _other_bars(
    bars: list[Bar], starts: np.ndarray, ends: np.ndarray, pitches: np.ndarray, last: float
) -> list[Bar] | None:
    """Returns the bars that notes keep to, or None where they are those that are said."""
    offset, clear = downbeats.grid_offset(starts)
    if clear < downbeats.CLEAR or any(bar.length not in (1.0, 2.0, 4.0) for bar in bars):
        return None
    weights, first = downbeats.accents(4 * (starts - offset), 4 * (ends - offset), pitches)
    heard = downbeats.bar_starts(weights)
    at = np.array([4 * (bar.start - offset) for bar in bars]) - first
    said = np.rint(at[at >= 0]).astype(int)
    said = weights[said[said < len(weights)]]
    many = len(heard) >= _ENOUGH and (ends - starts).sum() > _VOICES * np.ptp(starts)
    other = many and said.mean() < _BELIEVED * weights[heard].mean()
    if not other and abs(offset) <= _OFF_GRID:
        return None
    return _heard((heard + first) / 4 + offset, float(starts.min()), last)


def _drums(notes: list) -> np.ndarray:
    return np.array([note.is_drum for note in notes])


def _written(sequence: Any, clock: Clock, last: float) -> list[Bar]:
    """Returns the bars that a piece says, up to a quarter; a short first one becomes whole."""
    metres = [(clock.quarters(max(0.0, m.time)), m.numerator, m.denominator)
              for m in time_changes_of(sequence).time_signatures
              if m.numerator > 0 and m.denominator > 0]  # fmt: skip
    if not metres or metres[0][0] > _NEAR:
        metres.insert(0, (0.0, 4, 4))
    found: list[Bar] = []
    for (start, *metre), (end, *_) in zip(metres, [*metres[1:], (last,)], strict=True):
        length, at = 4.0 * metre[0] / metre[1], start
        while at < min(end, last) - _NEAR and len(found) < MOST_BARS:
            cut = min(length, end - at) if end < last else length
            found.append(Bar(at, cut if cut > _NEAR else length, *metre))
            at += found[-1].length
    if len(found) > 1 and found[0].length < found[1].length - _NEAR:
        _, length, *metre = found[1]
        found[0] = Bar(found[1].start - length, length, *metre)
    return found


def _heard(starts: np.ndarray, first: float, last: float) -> list[Bar]:
    """Returns bars of four or two beats that begin at some quarters."""
    starts = starts[starts < last - _NEAR]
    while not len(starts) or starts[0] > first + _NEAR:
        starts = np.concatenate([[(starts[0] if len(starts) else first + 4.0) - 4.0], starts])
    lengths = np.append(np.diff(starts), 4.0)
    return [
        Bar(float(start), float(length), round(float(length)), 4)
        for start, length in zip(starts, lengths, strict=True)
    ]


def _usual_qpm(sequence: Any, clock: Clock, last: float) -> float:
    """Returns the tempo of which most quarters are; the middle one of them in order."""
    times = [0.0, *(max(0.0, tempo.time) for tempo in sequence.tempos), clock.seconds(last)]
    times = sorted({time for time in times if time <= times[-1]})
    if len(times) < 2:
        return clock.qpm(0.0)
    qpms = np.array([clock.qpm(time) for time in times[:-1]])
    quarters = np.diff([clock.quarters(time) for time in times])
    order = np.argsort(qpms)
    half = np.searchsorted(quarters[order].cumsum(), quarters.sum() / 2)
    return float(qpms[order][min(half, len(order) - 1)])
