"""Where the bars of a song lie, and its ticks as the musical time of a model's bars."""

import dataclasses
import math
from typing import NamedTuple

import numpy as np

from lofi_tf.music.midi_events import SET_TEMPO, TIME_SIGNATURE
from lofi_tf.music.quantize import DEFAULT_QPM
from lofi_tf.music.song import Song
from lofi_tf.music.tempo_map import TempoMap

SLACK = 1 / 48  # of a quarter: an event that comes later than its bar line by less is on it
SLOWEST, FASTEST = 20.0, 400.0  # tempi that models are told
_MAX_POWER = 6  # of two: a beat is at least a 64th


class Section(NamedTuple):
    """A stretch of a song in one metre.

    Attributes:
        start, end: ticks; the last one has no end.
        numerator, denominator: its metre.
        lead: ticks that its first bar lacks: it is a pick-up.
        bar_ticks: of a bar.
        first_bar: its number in the song, from 1.
        num_bars: up to the end, or the last event of the song.
        qpm: the tempo that it begins with.
    """

    start: int
    end: float
    numerator: int
    denominator: int
    lead: float
    bar_ticks: float
    first_bar: int
    num_bars: int
    qpm: float

    @property
    def metre(self) -> str:
        """Its metre as it is written."""
        return f"{self.numerator}/{self.denominator}"

    @property
    def bars(self) -> str:
        """Its bars as they are numbered."""
        last = self.first_bar + self.num_bars - 1
        return f"bar {last}" if last == self.first_bar else f"bars {self.first_bar}-{last}"


def quarter_ticks(song: Song) -> int:
    """Returns the ticks of a quarter note; of SMPTE time those of half a second."""
    return TempoMap(song.division, ()).ticks_per_quarter


def sections_of(song: Song) -> list[Section]:
    """Returns the stretches of one metre each; a pick-up bar belongs to what follows it.

    What says no metre, or the same one again, or comes late by less than `SLACK`, divides nothing.
    """
    quarter = quarter_ticks(song)
    metres = _metres(song, quarter)
    found: list[Section] = []
    first_bar, pickup = 1, None
    for (start, *metre), following in zip(metres, [*metres[1:], None], strict=True):
        bar = quarter * 4 * metre[0] / metre[1]
        end = following[0] if following else math.inf
        length = (following[0] if following else max(song.length, start + 1)) - start
        num_bars = max(1, math.ceil(length / bar - 1e-6))
        if not found and pickup is None and following and num_bars == 1:
            next_bar = quarter * 4 * following[1] / following[2]
            if length < next_bar - 1e-6:
                pickup = length
                continue
        lead = 0.0 if pickup is None else bar - pickup
        begin = start if pickup is None else start - pickup
        num_bars += pickup is not None
        qpm = _qpm_at(song, begin, quarter)
        found.append(Section(begin, end, *metre, lead, bar, first_bar, num_bars, qpm))
        first_bar, pickup = first_bar + num_bars, None
    return found


def _metres(song: Song, quarter: int) -> list[tuple[int, int, int]]:
    """Returns ticks and metres, without those that change nothing."""
    found = [(0, 4, 4)]
    for tick, payload in song.metas(TIME_SIGNATURE):
        if len(payload) < 2 or not payload[0] or payload[1] > _MAX_POWER:
            continue
        start, *metre = found[-1]
        bar = quarter * 4 * metre[0] / metre[1]
        late = (tick - start) % bar
        if late <= SLACK * quarter:
            tick = round(tick - late)
        new = (payload[0], 2 ** payload[1])
        if tick == start:
            found.pop()
        if not found or tuple(found[-1][1:]) != new:
            found.append((tick, *new))
    return found


def _qpm_at(song: Song, tick: int, quarter: int) -> float:
    """Returns the tempo at a tick, within what models are told."""
    if song.division < 0:
        return DEFAULT_QPM
    before = [data for at, data in song.metas(SET_TEMPO) if at <= tick + SLACK * quarter]
    micros = int.from_bytes(before[-1][:3], "big") if before else 6e7 / DEFAULT_QPM
    return min(max(6e7 / max(micros, 1), SLOWEST), FASTEST)


@dataclasses.dataclass(frozen=True)
class Clock:
    """Ticks of a section as quarters of a model, whose bars have another length perhaps.

    Bars that make up bars of the model's, or that these make up, are joined or cut. Others are cut
    into parts of at most a bar of the model's, each of which is followed by silence.

    Attributes:
        origin: tick of the first bar, its missing beginning included.
        quarter: ticks of a quarter.
        cells: lengths of the parts of a period in quarters, each at a bar of the model's.
        model_bar: quarters of a bar of the model's.
        period_bars: bars of the song that a period has.
        near: half a step, in quarters: a note ahead of a bar line by less belongs to that bar.
    """

    origin: float
    quarter: int
    cells: tuple[float, ...]
    model_bar: int
    period_bars: int
    near: float

    @classmethod
    def of(
        cls, section: Section, quarter: int, model_bar: int, steps_per_quarter: int
    ) -> "Clock | None":
        """Returns the clock of a section, or None where the model's steps do not fit its bars."""
        bar, origin = section.bar_ticks / quarter, section.start - section.lead
        near = 0.5 / steps_per_quarter
        joined, cut = model_bar / bar, bar / model_bar
        if joined >= 1 and joined.is_integer():
            return cls(origin, quarter, (float(model_bar),), model_bar, int(joined), near)
        if cut.is_integer():
            return cls(origin, quarter, (float(model_bar),) * int(cut), model_bar, 1, near)
        cells = _cells(bar, section, model_bar)
        if any(not (cell * steps_per_quarter).is_integer() for cell in cells):
            return None
        return cls(origin, quarter, cells, model_bar, 1, near)

    @property
    def is_whole(self) -> bool:
        """Whether all of the model's bars are filled."""
        return all(cell == self.model_bar for cell in self.cells)

    def quarters(self, ticks: np.ndarray) -> np.ndarray:
        """Returns the model's quarters of ticks, [N]."""
        at = (np.asarray(ticks, np.float64) - self.origin) / self.quarter
        period = np.floor((at + self.near) / sum(self.cells))
        inside = at - period * sum(self.cells)
        cell = np.searchsorted(self._starts, inside + self.near, side="right") - 1
        bars = period * len(self.cells) + cell
        return bars * self.model_bar + inside - self._starts[cell]

    def ticks(self, quarters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns ticks, float [N], of the model's quarters, and which lie in the song's bars.

        Those that lie in the silence after a part are its end.
        """
        at = np.asarray(quarters, np.float64)
        bars = np.floor((at + self.near) / self.model_bar)
        period, cell = np.divmod(bars.astype(int), len(self.cells))
        lengths = np.array(self.cells)[cell]
        inside = at - bars * self.model_bar
        there = inside < lengths - self.near
        place = period * sum(self.cells) + self._starts[cell] + np.minimum(inside, lengths)
        return self.origin + place * self.quarter, there

    def model_bars(self, bar: int) -> range:
        """Returns the model's bars of a bar of the section, from 0."""
        if self.period_bars > 1:
            return range(bar // self.period_bars, bar // self.period_bars + 1)
        return range(bar * len(self.cells), (bar + 1) * len(self.cells))

    @property
    def _starts(self) -> np.ndarray:
        return np.cumsum([0.0, *self.cells[:-1]])


def _cells(bar: float, section: Section, model_bar: int) -> tuple[float, ...]:
    """Returns lengths of parts of a bar, in quarters, none longer than a bar of the model's."""
    count = math.ceil(bar / model_bar)
    beat = 4 / section.denominator
    if section.denominator >= 8 and section.numerator % 3 == 0:
        beat *= 3  # such as the dotted quarters of 12/8
    most = int(model_bar / beat) * beat or model_bar
    if (bar / count / beat).is_integer():
        most = bar / count
    parts = []
    while bar > 1e-9:
        parts.append(min(most, bar))
        bar -= parts[-1]
    return tuple(parts)
