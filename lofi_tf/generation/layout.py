"""Where windows lie in a piece, and windows laid one after the other."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from lofi_tf.data.converters.base import Converter
from lofi_tf.generation.decoding import GenerationConfig, NoteSequence, dress


@dataclasses.dataclass(frozen=True)
class Layout:
    """Where windows lie in a piece; bars are counted from 0.

    Attributes:
        num_bars: of the piece.
        window_bars: of a window.
        starts: first bar of each window. The last one reaches back where the piece is no whole
            number of windows.
    """

    num_bars: int
    window_bars: int
    starts: tuple[int, ...]

    @classmethod
    def of(cls, num_bars: int, window_bars: int) -> "Layout":
        """Returns the fewest windows that hold a piece."""
        starts = list(range(0, num_bars - window_bars + 1, window_bars))
        if not starts or starts[-1] + window_bars < num_bars:
            starts.append(max(0, num_bars - window_bars))
        return cls(num_bars, window_bars, tuple(starts))

    @classmethod
    def onwards(cls, num_bars: int, window_bars: int) -> "Layout":
        """Returns windows one after the other for new music; the last may be cut short."""
        return cls(num_bars, window_bars, tuple(range(0, num_bars, window_bars)))

    def kept(self, window: int) -> tuple[int, int]:
        """Returns the first bar of a window that is its own, and the bar after its last."""
        start = self.starts[window]
        done = self.starts[window - 1] + self.window_bars if window else 0
        return done - start, min(self.window_bars, self.num_bars - start)


def joined_at(
    windows: Sequence[NoteSequence],
    places: Sequence[tuple[int, int, int]],
    num_bars: int,
    how: GenerationConfig,
    converter: Converter,
) -> NoteSequence:
    """Returns windows as one piece.

    Args:
        windows: at the tempo of `how`.
        places: of each, the bar it begins at, and from which of its own bars up to which it counts.
        num_bars: length of the piece.
        how: tempo and metre.
        converter: the model's.
    """
    bar = bar_seconds(converter, how.qpm)
    slack = bar / converter.steps_per_bar / 2  # an early note belongs to the beat that it is near
    whole = type(windows[0])(ticks_per_quarter=windows[0].ticks_per_quarter)
    whole.tempos.add(qpm=how.qpm)
    for window, (start, first, last) in zip(windows, places, strict=True):
        _add(whole, window, start * bar, first * bar, last * bar, slack)
    dress(whole, how, converter)
    whole.total_time = num_bars * bar
    return whole


def bar_seconds(converter: Converter, qpm: float) -> float:
    """Returns the length of a bar."""
    return 60.0 / qpm * converter.quarters_per_bar


def _add(
    whole: NoteSequence,
    window: NoteSequence,
    offset: float,
    first: float,
    last: float,
    slack: float,
) -> None:
    """Adds what begins between `first` and `last` seconds of a window to a piece."""
    for note in window.notes:
        if not first - slack <= note.start_time < last - slack:
            continue
        added = whole.notes.add()
        added.CopyFrom(note)
        end = note.end_time if note.is_drum else min(note.end_time, last)
        added.start_time, added.end_time = note.start_time + offset, end + offset
    _add_states(whole.text_annotations, window.text_annotations, "text", offset, first, last)
    _add_states(whole.key_signatures, window.key_signatures, "key", offset, first, last)


def _add_states(
    into: Any, events: Any, field: str, offset: float, first: float, last: float
) -> None:
    """Adds what is in force from `first` to `last`, where it differs from what is so already."""
    for number, event in enumerate(events):
        until = events[number + 1].time if number + 1 < len(events) else np.inf
        if until <= first or event.time >= last:
            continue
        if into and getattr(into[-1], field) == getattr(event, field):
            continue
        added = into.add()
        added.CopyFrom(event)
        added.time = max(event.time, first) + offset
