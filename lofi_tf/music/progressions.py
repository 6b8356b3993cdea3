"""Chords that music is to be made over: a line of text, and the bars that each begins at."""

import re
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from lofi_tf.errors import LofiError
from lofi_tf.music.chords import UNKNOWN_CHORD, triad_of


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
