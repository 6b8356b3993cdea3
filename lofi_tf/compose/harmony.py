"""Chords of four bars: chosen among what a model draws, coloured, and laid out as voices."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from lofi_tf.compose.notes import BLOCK_STEPS, STEPS_PER_BAR, Note
from lofi_tf.data.chord_qualities import CHORD_QUALITIES, NUM_QUALITIES, chord_figure
from lofi_tf.data.progression_tracks import CHORD_OFF, FIRST_CHORD, Strike, voicing

if TYPE_CHECKING:
    from lofi_tf.generation.progressions import Change

C_MAJOR = frozenset({0, 2, 4, 5, 7, 9, 11})
TONICS = {"major": 0, "minor": 9}
_NAMES = [quality.suffix for quality in CHORD_QUALITIES]
# What triads become where chords are to be richer, by root in C major; a fifth of G stays a 7.
_RICH = {
    (0, ""): ("maj7", "maj9"), (5, ""): ("maj7", "maj9"), (7, ""): ("7", "9"),
    (2, "m"): ("m7", "m9"), (4, "m"): ("m7",), (9, "m"): ("m7", "m9"),
    (0, "5"): ("maj7",), (9, "5"): ("m7",), (5, "5"): ("maj7",), (11, "dim"): ("m7b5",),
}  # fmt: skip


def strikes_of(tokens: np.ndarray) -> list[Strike]:
    """Returns the chords of a progression model's tokens [T], in steps of the block."""
    events = np.flatnonzero(tokens)
    ends = np.append(events, len(tokens))[1:]
    return [
        Strike(int(start), int(end), int(tokens[start]) - FIRST_CHORD)
        for start, end in zip(events, ends, strict=True)
        if tokens[start] != CHORD_OFF
    ]


def chord_classes(chord: int) -> frozenset[int]:
    """Returns the pitch classes of a chord."""
    root, quality = divmod(chord, NUM_QUALITIES)
    return frozenset((root + interval) % 12 for interval in CHORD_QUALITIES[quality].intervals)


def chord_at(strikes: Sequence[Strike], step: float) -> int:
    """Returns the chord in force at a step: the last that was struck, or else the first."""
    before = [strike.chord for strike in strikes if strike.start <= step + 1e-6]
    return before[-1] if before else strikes[0].chord


def changes_of(strikes: Sequence[Strike]) -> "list[Change]":
    """Returns where other chords begin, in bars, as `generation.progressions` takes them."""
    from lofi_tf.generation.progressions import Change

    found = [Change(Fraction(0), chord_figure(strikes[0].chord))]
    for strike in strikes:
        figure = chord_figure(strike.chord)
        if figure != found[-1].figure:
            found.append(Change(Fraction(strike.start, STEPS_PER_BAR), figure))
    return found


def score(strikes: Sequence[Strike], mode: str) -> float:
    """Says how good a loop a progression makes in C major or A minor; higher is better.

    It is to begin on its first beat and near its tonic, to hold three to five chords, to change
    about once a bar, none of them for less than a beat, to stay in the scale but for a passing
    colour, and to lead back to where it began.
    """
    if not strikes or strikes[0].start:
        return -np.inf
    chords = [strike.chord for strike in strikes]
    roots = [chord // NUM_QUALITIES for chord in chords]
    tones = [tone for chord in chords for tone in chord_classes(chord)]
    outside = sum(tone not in C_MAJOR for tone in tones) / len(tones)
    changes = sum(one != other for one, other in zip(chords, chords[1:], strict=False))
    silent = BLOCK_STEPS - sum(strike.end - strike.start for strike in strikes)
    held = [strike.end - strike.start for strike in merged(strikes)]
    tonic, kinds = TONICS[mode], len(set(chords))
    return (
        -12.0 * max(0.0, outside - 0.03)
        + 2.0 * (roots[0] == tonic)
        + 1.0 * (tonic in roots)
        - 1.5 * (TONICS["minor" if mode == "major" else "major"] == roots[0])
        + 1.0 * (roots[-1] in {7, 5, 2, 4} and roots[-1] != roots[0])
        + {1: -4.0, 2: 0.0}.get(kinds, 1.0 if kinds <= 5 else -1.0)
        - 0.5 * abs(changes - 4)
        - 0.3 * max(0, len(strikes) - 10)
        - 0.1 * max(0, silent - 8)
        - 1.0 * sum(length < 4 for length in held)
        - 0.08 * max(0, max(held) - 24)
    )


def coloured(strikes: Sequence[Strike], random: np.random.Generator, share: float) -> list[Strike]:
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


def merged(strikes: Sequence[Strike]) -> list[Strike]:
    """Returns each chord struck once and held until the next, however often it was struck."""
    found: list[Strike] = []
    for strike in strikes:
        if found and found[-1].chord == strike.chord:
            found[-1] = found[-1]._replace(end=strike.end)
        else:
            found.append(strike)
    ends = [*(strike.start for strike in found[1:]), BLOCK_STEPS]
    return [strike._replace(end=end) for strike, end in zip(found, ends, strict=True)]


def voices(
    strikes: Iterable[Strike],
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
