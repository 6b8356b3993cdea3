"""Chords by number: their roots, what they are at a step, and moved to another key."""

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from lofi_tf.data.converters.progression_tracks import ChordEvent
from lofi_tf.music.chord_qualities import CHORD_QUALITIES, NUM_QUALITIES, chord_figure
from lofi_tf.music.quantize import STEPS_PER_BAR

if TYPE_CHECKING:
    from lofi_tf.music.progressions import Change

QUALITY_NAMES = [quality.suffix for quality in CHORD_QUALITIES]


def chord_of(root: int, name: str) -> int:
    """Returns the chord of a root, 0 to 11, and the suffix of its quality."""
    return root % 12 * NUM_QUALITIES + QUALITY_NAMES.index(name)


def root_of(chord: int) -> int:
    """Returns the pitch class of a chord's root."""
    return chord // NUM_QUALITIES


def transposed(chord: int, shift: int) -> int:
    """Returns a chord so many half steps higher."""
    root, quality = divmod(chord, NUM_QUALITIES)
    return (root + shift) % 12 * NUM_QUALITIES + quality


def chord_at(strikes: Sequence[ChordEvent], step: float) -> int:
    """Returns the chord in force at a step: the last that was struck, or else the first."""
    struck = (strike for strike in reversed(strikes) if strike.start <= step + 1e-6)
    return next(struck, strikes[0]).chord


def changes_of(strikes: Sequence[ChordEvent]) -> "list[Change]":
    """Returns where other chords begin, in bars, as `generation.progressions` takes them."""
    from lofi_tf.music.progressions import Change

    found = [Change(Fraction(0), chord_figure(strikes[0].chord))]
    for strike in strikes:
        figure = chord_figure(strike.chord)
        if figure != found[-1].figure:
            found.append(Change(Fraction(strike.start, STEPS_PER_BAR), figure))
    return found
