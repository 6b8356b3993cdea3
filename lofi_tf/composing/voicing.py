"""Voices of chords: few half steps from one to the next, a top line that moves, inner motion."""

import functools
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from lofi_tf.composing.step_notes import Note
from lofi_tf.generation.scoring import C_MAJOR, chord_classes
from lofi_tf.music.chord_qualities import CHORD_QUALITIES, NUM_QUALITIES
from lofi_tf.music.quantize import STEPS_PER_BAR

Voices = tuple[int, ...]

LOWEST, HIGHEST, CENTRE = 50, 74, 61  # MIDI pitches of the voices above the root
LOWEST_ROOT = 41  # of a root that the chords have themselves
GUIDES = {3, 4, 10, 11}  # intervals that make a chord what it is: inner motion leaves them


class Strike(NamedTuple):
    """A chord that is struck, in steps.

    Attributes:
        start, end: steps.
        chord: its number.
        rooted: whether its root sounds with it, because no bass has it.
        again: whether it sounded already.
    """

    start: float
    end: float
    chord: int
    rooted: bool
    again: bool


@functools.lru_cache(maxsize=4096)
def voicings(chord: int) -> tuple[Voices, ...]:
    """Returns close voices of a chord, and those with the second from above an octave lower.

    Chords of four and more tones leave out the root.
    """
    root, quality = divmod(chord, NUM_QUALITIES)
    intervals = CHORD_QUALITIES[quality].intervals
    upper = intervals[1:] if len(intervals) > 3 else intervals
    classes = sorted((root + interval) % 12 for interval in upper)
    found = set()
    for turn in range(len(classes)):
        order = [*classes[turn:], *classes[:turn]]
        for low in range(order[0], 128, 12):
            close = tuple(low + (pitch - order[0]) % 12 for pitch in order)
            found.add(close)
            if len(close) > 3:
                found.add(tuple(sorted((*close[:-2], close[-2] - 12, close[-1]))))
    inside = [v for v in found if v[0] >= LOWEST and v[-1] <= HIGHEST and v[-1] - v[-2] > 1]
    return tuple(sorted(inside))


def next_voices(chord: int, before: Voices | None) -> Voices:
    """Returns the voices of a chord that move little, but for the top one, which goes by step."""

    def cost(voices: Voices) -> float:
        away = 0.5 * abs(sum(voices) / len(voices) - CENTRE)
        if before is None:
            return away
        leap = abs(voices[-1] - before[-1])
        top = {0: 3.0, 1: -1.0, 2: -1.0, 3: 0.0, 4: 1.0, 5: 2.0}.get(leap, 2.0 + leap)
        return away + 0.6 * _movement(before, voices) + top

    return min(voicings(chord), key=lambda voices: (cost(voices), voices))


def root_below(chord: int, voices: Voices) -> int:
    """Returns the root of a chord under its voices."""
    root = LOWEST_ROOT + (chord // NUM_QUALITIES - LOWEST_ROOT) % 12
    return root if root < voices[0] else root - 12


def moved_inside(chord: int, voices: Voices) -> Voices:
    """Returns voices of which an inner one goes a step on, where none of the chord is near.

    Third and seventh stay, and no tone comes that lies a half step from another or that the scale,
    or the chord, has a half step above.
    """
    root, classes = chord // NUM_QUALITIES, chord_classes(chord)
    for place in range(len(voices) - 2, 0, -1):
        if (voices[place] - root) % 12 in GUIDES:
            continue
        for step in (2, 1, -2, -1):
            pitch = voices[place] + step
            near = {(pitch + side) % 12 for side in (-1, 1)}
            free = pitch % 12 in C_MAJOR and not near & classes and (pitch + 1) % 12 not in C_MAJOR
            if free and voices[place - 1] < pitch < voices[place + 1]:
                return (*voices[:place], pitch, *voices[place + 1 :])
    return voices


def played(
    strikes: Iterable[Strike],
    before: Voices | None,
    random: np.random.Generator,
    loudness: float,
    spread: float = 0.12,
) -> tuple[list[Note], Voices | None]:
    """Returns the notes of chords, rolled a little, and the last voices.

    Args:
        strikes: in their order.
        before: the voices before the first.
        random: what is drawn: velocities, and how fast each is rolled.
        loudness: mean velocity.
        spread: steps from one voice to the next at most.
    """
    found = []
    for strike in strikes:
        same = strike.again and before is not None
        before = before if same else next_voices(strike.chord, before)
        pitches = moved_inside(strike.chord, before) if same else before
        if strike.rooted and strike.chord // NUM_QUALITIES not in {p % 12 for p in pitches}:
            pitches = (root_below(strike.chord, pitches), *pitches)
        roll = random.uniform(0.3, 1.0) * spread
        accent = 4.0 if strike.start % STEPS_PER_BAR == 0 else 0.0
        for number, pitch in enumerate(pitches):
            top = 3.0 if number == len(pitches) - 1 else 0.0
            velocity = int(np.clip(loudness + accent + top + random.normal(0, 4), 20, 120))
            start = strike.start + number * roll
            found.append(Note(start, max(strike.end - 0.25, start + 0.5), pitch, velocity))
    return found, before


def _movement(before: Voices, after: Voices) -> int:
    """Returns how many half steps voices move in all, each to or from the nearest."""
    to = sum(min(abs(voice - other) for other in after) for voice in before)
    return to + sum(min(abs(voice - other) for other in before) for voice in after)
