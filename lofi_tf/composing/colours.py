"""Colour of chords: triads made sevenths and ninths, dominants, borrowed chords, two-five-ones."""

from collections.abc import Sequence

import numpy as np

from lofi_tf.composing.chords import QUALITY_NAMES, chord_of, root_of
from lofi_tf.composing.plan import Colour
from lofi_tf.data.converters.progression_tracks import ChordEvent
from lofi_tf.generation.scoring import BEAT, BLOCK_STEPS, STRONG, merged
from lofi_tf.music.chord_qualities import NUM_QUALITIES, TONICS
from lofi_tf.music.quantize import STEPS_PER_BAR

MINOR = {
    QUALITY_NAMES.index(name) for name in ("m", "m7", "m9", "m6", "m(maj7)", "m(add9)", "m7b5")
}
# What chords of three tones become, a seventh and a ninth, by root in C major where that matters.
_RICH = {
    "": {7: ("7", "9"), 2: ("7", "9"), 4: ("7", "7(b9)"), 9: ("7", "9"), 11: ("7", "7(b9)")},
    "m": {4: ("m7", "m7"), 11: ("m7", "m7")},
    "5": {2: ("m7", "m9"), 4: ("m7", "m7"), 7: ("7", "9"), 9: ("m7", "m9"), 11: ("m7b5", "m7b5")},
    "sus2": {2: ("m9", "m9"), 7: ("9", "9"), 9: ("m9", "m9")},
}
_ELSEWHERE = {
    "": ("maj7", "maj9"), "m": ("m7", "m9"), "5": ("maj7", "maj9"), "dim": ("m7b5", "dim7"),
    "aug": ("aug7", "aug7"), "sus4": ("7sus", "7sus"), "sus2": ("maj9", "maj9"),
}  # fmt: skip


def tonic_chord(mode: str) -> int:
    """Returns the chord that a track ends on: Cmaj9 or Am9."""
    return chord_of(TONICS[mode], "maj9" if mode == "major" else "m9")


def is_tonic(chord: int, mode: str) -> bool:
    """Says whether a chord is the key's own: its root, and its third."""
    minor = chord % NUM_QUALITIES in MINOR
    return root_of(chord) == TONICS[mode] and minor == (mode == "minor")


def on_tonic(strikes: Sequence[ChordEvent], mode: str) -> list[ChordEvent]:
    """Returns strikes of which the first is the key's tonic."""
    if is_tonic(strikes[0].chord, mode):
        return list(strikes)
    return [strikes[0]._replace(chord=tonic_chord(mode)), *strikes[1:]]


def enriched(
    strikes: Sequence[ChordEvent], random: np.random.Generator, colour: Colour
) -> list[ChordEvent]:
    """Returns strikes with triads made sevenths and ninths, each chord always the same way."""
    rich = {}
    for chord in dict.fromkeys(strike.chord for strike in strikes):
        root, quality = divmod(chord, NUM_QUALITIES)
        seventh, ninth = random.random(2)
        name = QUALITY_NAMES[quality]
        options = _RICH.get(name, {}).get(root, _ELSEWHERE.get(name))
        rich[chord] = chord
        if options and seventh < colour.sevenths:
            rich[chord] = chord_of(root, options[int(ninth < colour.ninths)])
    return [strike._replace(chord=rich[strike.chord]) for strike in strikes]


def coloured(
    strikes: Sequence[ChordEvent], random: np.random.Generator, colour: Colour, mode: str
) -> list[ChordEvent]:
    """Returns the four bars of a theme with the colours that are drawn."""
    found = enriched(strikes, random, colour)
    borrowed, dominant, two_five = random.random(3)
    if borrowed < colour.borrowed:
        found = with_borrowed(found, mode)
    if dominant < colour.dominants:
        found = with_dominant(found)
    if two_five < colour.two_fives:
        found = leading_to(found, found[0].chord, BLOCK_STEPS)
    return found


def with_borrowed(strikes: Sequence[ChordEvent], mode: str) -> list[ChordEvent]:
    """Returns strikes whose fourth degree becomes that of the other mode in its second half.

    In C major F goes on to Fm6, in A minor Dm to D9; where there is none, all stays.
    """
    fourth = (TONICS[mode] + 5) % 12
    for chord in merged(strikes):
        own = (chord.chord % NUM_QUALITIES in MINOR) == (mode == "minor")
        if root_of(chord.chord) == fourth and own and chord.end - chord.start >= STRONG:
            name = "m6" if mode == "major" else "9"
            middle = _middle(chord)
            return replaced(strikes, middle, chord.end, [chord_of(fourth, name)])
    return list(strikes)


def with_dominant(strikes: Sequence[ChordEvent]) -> list[ChordEvent]:
    """Returns strikes of which one long chord goes on to the dominant of the chord after it."""
    chords = merged(strikes)
    for chord, after in zip(chords, chords[1:], strict=False):
        target = after.chord
        leads = root_of(chord.chord) == (root_of(target) + 7) % 12
        if chord.end - chord.start >= STEPS_PER_BAR and not leads and root_of(target) != 11:
            return replaced(strikes, _middle(chord), chord.end, [dominant_of(target)])
    return list(strikes)


def leading_to(strikes: Sequence[ChordEvent], target: int, end: int) -> list[ChordEvent]:
    """Returns strikes whose last bar, up to a step, is the second and the fifth degree of a chord.

    Where the last bar begins with the fifth already, all stays.
    """
    before = [strike for strike in strikes if strike.start < end]
    start = max(0, end - STEPS_PER_BAR)
    held = [strike.chord for strike in before if strike.start <= start][-1]
    if root_of(held) == (root_of(target) + 7) % 12:
        return before
    minor = target % NUM_QUALITIES in MINOR
    second = chord_of(root_of(target) + 2, "m7b5" if minor else "m9")
    return replaced(before, start, end, [second, dominant_of(target)])


def dominant_of(target: int) -> int:
    """Returns the dominant that leads to a chord."""
    minor = target % NUM_QUALITIES in MINOR
    return chord_of(root_of(target) + 7, "7(b9)" if minor else "9")


def replaced(
    strikes: Sequence[ChordEvent], start: int, end: int, chords: Sequence[int]
) -> list[ChordEvent]:
    """Returns strikes with chords of equal lengths from one step to another.

    What is struck less than a beat before them is left out.
    """
    before = [s for s in strikes if s.start <= max(0, start - BEAT)] if start else []
    before = [*before[:-1], *(s._replace(end=start) for s in before[-1:])]
    size = (end - start) // len(chords)
    new = [
        ChordEvent(start + n * size, start + (n + 1) * size, chord)
        for n, chord in enumerate(chords)
    ]
    return [*before, *new, *(s for s in strikes if s.start >= end)]


def _middle(chord: ChordEvent) -> int:
    """Returns the strong beat, or else the beat, nearest to the middle of a chord."""
    middle = (chord.start + chord.end) / 2
    unit = STRONG if chord.end - chord.start >= 2 * STRONG else BEAT
    return round(middle / unit) * unit
