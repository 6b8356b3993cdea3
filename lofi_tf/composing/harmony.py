"""Chords of four bars: chosen among what a model draws, coloured, and laid out as voices."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from lofi_tf.composing.step_notes import Note
from lofi_tf.data.converters.progression_tracks import ChordEvent, voicing
from lofi_tf.music.chord_qualities import CHORD_QUALITIES, NUM_QUALITIES, TONICS, chord_figure
from lofi_tf.music.quantize import STEPS_PER_BAR

if TYPE_CHECKING:
    from lofi_tf.music.progressions import Change

_NAMES = [quality.suffix for quality in CHORD_QUALITIES]
# What triads become where chords are to be richer, by root in C major; a fifth of G stays a 7.
_RICH = {
    (0, ""): ("maj7", "maj9"), (5, ""): ("maj7", "maj9"), (7, ""): ("7", "9"),
    (2, "m"): ("m7", "m9"), (4, "m"): ("m7",), (9, "m"): ("m7", "m9"),
    (0, "5"): ("maj7",), (9, "5"): ("m7",), (5, "5"): ("maj7",), (11, "dim"): ("m7b5",),
}  # fmt: skip


def chord_at(strikes: Sequence[ChordEvent], step: float) -> int:
    """Returns the chord in force at a step: the last that was struck, or else the first."""
    before = [strike.chord for strike in strikes if strike.start <= step + 1e-6]
    return before[-1] if before else strikes[0].chord


def changes_of(strikes: Sequence[ChordEvent]) -> "list[Change]":
    """Returns where other chords begin, in bars, as `generation.progressions` takes them."""
    from lofi_tf.music.progressions import Change

    found = [Change(Fraction(0), chord_figure(strikes[0].chord))]
    for strike in strikes:
        figure = chord_figure(strike.chord)
        if figure != found[-1].figure:
            found.append(Change(Fraction(strike.start, STEPS_PER_BAR), figure))
    return found


def coloured(
    strikes: Sequence[ChordEvent], random: np.random.Generator, share: float
) -> list[ChordEvent]:
    """Returns strikes with plain triads made sevenths and ninths, each chord always the same way.

    Args:
        strikes: in C major or A minor.
        random: what is drawn.
        share: of the triads that become richer, 0 to 1.
    """
    rich = {}
    for chord in dict.fromkeys(strike.chord for strike in strikes):
        root, quality = divmod(chord, NUM_QUALITIES)
        options = _RICH.get((root, _NAMES[quality]))
        drawn, place = random.random(), random.random()
        rich[chord] = chord
        if options and drawn < share:
            name = options[int(place * len(options))]
            rich[chord] = root * NUM_QUALITIES + _NAMES.index(name)
    return [strike._replace(chord=rich[strike.chord]) for strike in strikes]


def tonic_chord(mode: str) -> int:
    """Returns the chord that a track ends on: Cmaj9 or Am9."""
    return TONICS[mode] * NUM_QUALITIES + _NAMES.index("maj9" if mode == "major" else "m9")


def voices(
    strikes: Iterable[ChordEvent],
    before: tuple[int, ...] | None,
    random: np.random.Generator,
    loudness: float,
    spread: float = 0.12,
) -> tuple[list[Note], tuple[int, ...] | None]:
    """Returns the notes of chords with little movement, rolled a little, and the last voices.

    Args:
        strikes: chords in steps.
        before: the voices before the first.
        random: what is drawn: velocities, and how fast each is rolled.
        loudness: mean velocity.
        spread: steps from one voice to the next at most.
    """
    found = []
    for strike in strikes:
        _, before = voicing(strike.chord, before)
        roll = random.uniform(0.3, 1.0) * spread
        accent = 4.0 if strike.start % STEPS_PER_BAR == 0 else 0.0
        for number, pitch in enumerate(before):
            velocity = int(
                np.clip(loudness + accent + random.normal(0, 4) - 2 * (number == 1), 20, 120)
            )
            start = strike.start + number * roll
            found.append(Note(start, max(strike.end - 0.25, start + 0.5), pitch, velocity))
    return found, before
