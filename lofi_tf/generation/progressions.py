"""Chords that music is to be made over, from a line of text to a model's controls."""

import re
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from lofi_tf.backends.base import Backend
from lofi_tf.data.converters.base import Converter
from lofi_tf.errors import LofiError
from lofi_tf.generation.layout import Layout, bar_seconds
from lofi_tf.music.chords import NUM_TRIADS, UNKNOWN_CHORD, triad_of
from lofi_tf.music.splits import CHORD_SYMBOL


class Change(NamedTuple):
    """A chord from `bar` on, counted from 0; a bar may be a fraction."""

    bar: Fraction
    figure: str


def progression(text: str, num_bars: int) -> list[Change]:
    """Returns the chords of a text such as `C Am F G` or `Cmaj7:2 Am7:1 G/B:1`.

    Between chords stand spaces, commas or bar lines. Without lengths the chords share the bars
    evenly; with lengths, in bars (1 where a chord has none), they are repeated to the end.

    Args:
        text: chord symbols, each with or without `:bars`.
        num_bars: length of the music.

    Raises:
        LofiError: no chord, a chord that is no triad with additions, or a length that is none.
    """
    words = [word for word in re.split(r"[\s,|]+", text) if word]
    if not words:
        raise LofiError("no chords given. Allowed: such as 'C Am F G' or 'C:2 F:1 G:1'")
    figures = [word.partition(":")[0] for word in words]
    for figure in figures:
        if triad_of(figure) == UNKNOWN_CHORD:
            raise LofiError(
                "chords must have a major, minor, augmented or diminished triad, such as Cmaj7, "
                f"F#m7b5 or N.C. for none. Received: {figure!r}"
            )
    if not any(":" in word for word in words):
        share = Fraction(num_bars, len(words))
        return [Change(share * number, figure) for number, figure in enumerate(figures)]
    lengths, found, bar = [_bars(word) for word in words], [], Fraction(0)
    while bar < num_bars:
        for figure, length in zip(figures, lengths, strict=True):
            if bar < num_bars:
                found.append(Change(bar, figure))
            bar += length
    return found


def chord_controls(backend: Backend, changes: list[Change], layout: Layout) -> np.ndarray:
    """Returns a model's controls [W, T, C] for the chords in each window of a layout.

    Raises:
        LofiError: the model takes no chords, or wants keys too.
    """
    converter = backend.converter
    if not converter.chord_encoding:
        raise LofiError(f"{backend.config.name} takes no chords: leave out --chords")
    if converter.condition_on_key:
        raise LofiError(f"{backend.config.name} takes keys beside chords, which cannot be given")
    bars = converter.chord_bars(backend.config.model.max_seq_len)
    told = ~np.isnan(bars)
    triads = np.zeros([len(layout.starts), len(bars)], np.int64)
    for window, start in enumerate(layout.starts):
        triads[window, told] = chords_at(changes, start + bars[told])
    return np.eye(NUM_TRIADS, dtype=np.float32)[triads]


def write_chords(piece: Any, changes: list[Change], converter: Converter) -> None:
    """Writes chords as they were given into a piece, in place of its own."""
    bar = bar_seconds(converter, piece.tempos[0].qpm)
    others = [_copy(a) for a in piece.text_annotations if a.annotation_type != CHORD_SYMBOL]
    del piece.text_annotations[:]
    piece.text_annotations.extend(others)
    for change in changes:
        piece.text_annotations.add(
            annotation_type=CHORD_SYMBOL, time=float(change.bar) * bar, text=change.figure
        )


def chords_at(changes: list[Change], bars: np.ndarray) -> np.ndarray:
    """Returns the triad in force at each of the bars, int64."""
    starts = np.array([float(change.bar) for change in changes])
    triads = np.array([triad_of(change.figure) for change in changes])
    places = np.searchsorted(starts, np.asarray(bars) + 1e-9, side="right") - 1
    return triads[np.maximum(places, 0)]


def _bars(word: str) -> Fraction:
    _, colon, length = word.partition(":")
    try:
        bars = Fraction(length) if colon else Fraction(1)
    except (ValueError, ZeroDivisionError):
        bars = Fraction(0)
    if bars <= 0:
        raise LofiError(f"a chord's length must be bars above 0, such as C:2. Received: {word!r}")
    return bars


def _copy(message: Any) -> Any:
    copy = type(message)()
    copy.CopyFrom(message)
    return copy
