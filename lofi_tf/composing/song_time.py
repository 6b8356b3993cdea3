"""The time of a song that becomes a track: its tempo brought down, its bars in sixteenths."""

import dataclasses
from collections.abc import Sequence
from typing import Any, NamedTuple

from lofi_tf.composing.plan import MOST_BARS
from lofi_tf.music.song_bars import Bar, SongBars, song_bars

SLOWEST = 50.0  # beats a minute; slower songs are in double time
HALVED = 1.6  # times the fastest beat: faster songs are in half time
MOST_HALVINGS = 10
DOTTED = 6  # sixteenths of a beat of three eighths

# By a bar's length in sixteenths and its beat: which sixteenths of a drummer's bar of 4/4 it plays.
# Three beats leave out the second, six eighths have kick and snare in turn.
_PLAYED = {
    (16, 4): tuple(range(16)),
    (8, 4): tuple(range(8)),
    (12, 4): (*range(4), *range(8, 16)),
    (12, 6): (0, 1, 2, 3, 6, 7, 4, 5, 6, 7, 10, 11),
    (18, 6): (0, 1, 2, 3, 6, 7, 8, 9, 10, 11, 14, 15, 4, 5, 6, 7, 10, 11),
    (24, 6): (0, 1, 2, 3, 6, 7, 4, 5, 6, 7, 10, 11, 8, 9, 10, 11, 14, 15, 12, 13, 14, 15, 2, 3),
}


class TrackBar(NamedTuple):
    """A bar of a track: its first sixteenth, its length in them, and its metre."""

    start: float
    steps: float
    numerator: int
    denominator: int

    @property
    def end(self) -> float:
        """The sixteenth after it."""
        return self.start + self.steps

    @property
    def beat(self) -> int:
        """Sixteenths of a beat: 4, or 6 of dotted ones."""
        return DOTTED if self.denominator >= 8 and self.numerator % 3 == 0 else 4

    @property
    def played(self) -> tuple[int, ...]:
        """Which sixteenths of a bar of 4/4 drums play in it; none where they do not know it."""
        return _PLAYED.get((round(self.steps), self.beat), ())

    @property
    def metre(self) -> str:
        """Its metre as it is written."""
        return f"{self.numerator}/{self.denominator}"


@dataclasses.dataclass(frozen=True)
class SongTime:
    """Where the times of a song lie in the track that it becomes.

    Attributes:
        song: its bars.
        bars: of the track.
        qpm: of the track.
        quarters: of the song that a quarter of the track has: 2 is half time.
    """

    song: SongBars
    bars: tuple[TrackBar, ...]
    qpm: float
    quarters: float

    def steps(self, seconds: float) -> float:
        """Returns the sixteenth of the track of a time of the song."""
        quarters = self.song.clock.quarters(max(0.0, seconds)) - self.song.bars[0].start
        return 4 * quarters / self.quarters

    @property
    def steps_of_all(self) -> float:
        """How long the track is."""
        return self.bars[-1].end

    @property
    def usual(self) -> TrackBar:
        """A bar in the metre that most of the track has."""
        lengths: dict[tuple, float] = {}
        for bar in self.bars:
            key = bar.numerator, bar.denominator
            lengths[key] = lengths.get(key, 0.0) + bar.steps
        metre = max(lengths, key=lambda key: lengths[key])
        return next(bar for bar in self.bars if (bar.numerator, bar.denominator) == metre)

    @property
    def is_straight(self) -> bool:
        """Whether beats are of two halves."""
        return self.usual.beat == 4 and all(bar.steps % 2 == 0 for bar in self.bars)


def song_time(sequence: Any, wanted: Sequence[float], qpm: float | None = None) -> SongTime:
    """Returns the time of a track that a NoteSequence becomes.

    A tempo that is faster than wanted comes down to it, a slower one stays.

    Args:
        sequence: with a note at least.
        wanted: slowest and fastest beat, a minute.
        qpm: the tempo of the track, whatever is wanted.
    """
    song = song_bars(sequence)
    usual = max(song.bars, key=lambda bar: sum(b.length for b in song.bars if b[2:] == bar[2:]))
    beat = 1.5 if usual.denominator >= 8 and usual.numerator % 3 == 0 else 1.0  # quarters
    fastest = max(wanted[1], qpm / beat if qpm else 0.0)
    heard, quarters = song.qpm / beat, 1.0
    for _ in range(MOST_HALVINGS):
        if heard / quarters > HALVED * fastest:
            quarters *= 2
        elif heard / quarters < SLOWEST:
            quarters /= 2
    told = qpm or max(SLOWEST, min(heard / quarters, wanted[1])) * beat
    return SongTime(song, _track_bars(song.bars, quarters)[:MOST_BARS], told, quarters)


def _track_bars(bars: Sequence[Bar], quarters: float) -> tuple[TrackBar, ...]:
    """Returns the bars of a track: of short ones several, of long ones parts."""
    origin, found, waiting = bars[0].start, [], []
    for bar, after in zip(bars, [*bars[1:], None], strict=True):
        waiting.append(bar)
        steps = round(sum(one.length for one in waiting) * 4 / quarters, 3)
        full = 12 if bar.length % 1.5 == 0 else 16
        if steps < full and after is not None and after[1:] == bar[1:]:
            continue
        start = (waiting[0].start - origin) * 4 / quarters
        found += _parts(start, steps, waiting, quarters)
        waiting = []
    return tuple(found)


def _parts(start: float, steps: float, bars: Sequence[Bar], quarters: float) -> list[TrackBar]:
    """Returns the bars of a track that some bars of one metre become."""
    numerator, denominator = bars[0].numerator, bars[0].denominator
    if quarters == 1 and len(bars) == 1 and steps <= 24:
        return [TrackBar(start, steps, numerator, denominator)]
    if steps == 12:  # of two fast bars of three beats, or of four of three eighths
        return [TrackBar(start, steps, 6, 8) if len(bars) > 1 else TrackBar(start, steps, 3, 4)]
    count = max(1, round(steps / 16))
    if steps == 16 * count:
        return [TrackBar(start + 16 * number, 16, 4, 4) for number in range(count)]
    if steps % 4 == 0:
        return [TrackBar(start, steps, int(steps // 4), 4)]
    power = 1 if steps % 2 == 0 else 2 if steps % 1 == 0 else 4
    return [TrackBar(start, steps, max(1, round(steps * power / 2)), 8 * power)]
