"""Chords with sevenths, ninths, sixths and suspensions, as numbers: what progressions are made of.

A chord is `root * NUM_QUALITIES + quality`, its root 0 (C) to 11 (B). What is no chord of the
vocabulary is called by the nearest one: a pitch class too many costs 1, one that is missing costs
1, a missing fifth a half. Basses other than the root are forgotten.
"""

import functools
from collections.abc import Iterable
from typing import NamedTuple

from lofi_tf.music.chords import ROOTS, degrees_of
from lofi_tf.music.keys import sharps_of, spelled

MAX_COST = 2.0  # what is farther from every chord is none


class Quality(NamedTuple):
    """A kind of chord: what its symbols end in, as note-seq reads them, and its intervals.

    They are half steps above the root, in the order in which voices are stacked.
    """

    suffix: str
    intervals: tuple[int, ...]


# Of chords equally near, the first is taken. Rarer ones, such as 7(b5), are left out.
CHORD_QUALITIES = (
    Quality("", (0, 4, 7)),
    Quality("m", (0, 3, 7)),
    Quality("7", (0, 4, 7, 10)),
    Quality("maj7", (0, 4, 7, 11)),
    Quality("m7", (0, 3, 7, 10)),
    Quality("m7b5", (0, 3, 6, 10)),
    Quality("dim", (0, 3, 6)),
    Quality("dim7", (0, 3, 6, 9)),
    Quality("aug", (0, 4, 8)),
    Quality("aug7", (0, 4, 8, 10)),
    Quality("9", (0, 4, 7, 10, 2)),
    Quality("maj9", (0, 4, 7, 11, 2)),
    Quality("m9", (0, 3, 7, 10, 2)),
    Quality("7(b9)", (0, 4, 7, 10, 1)),
    Quality("7sus", (0, 5, 7, 10)),
    Quality("m(maj7)", (0, 3, 7, 11)),
    Quality("6", (0, 4, 7, 9)),
    Quality("m6", (0, 3, 7, 9)),
    Quality("6/9", (0, 4, 7, 9, 2)),
    Quality("add9", (0, 4, 7, 2)),
    Quality("m(add9)", (0, 3, 7, 2)),
    Quality("sus4", (0, 5, 7)),
    Quality("sus2", (0, 2, 7)),
    Quality("5", (0, 7)),
)
TONICS = {"major": 0, "minor": 9}  # of C major and of A minor
NUM_QUALITIES = len(CHORD_QUALITIES)
NUM_CHORDS = 12 * NUM_QUALITIES

_FIFTH = 7
_NATURALS = {1: 0, 2: 2, 3: 4, 4: 5, 5: 7, 6: 9, 7: 11, 9: 2, 11: 5, 13: 9}
_SETS = tuple(frozenset(quality.intervals) for quality in CHORD_QUALITIES)


def chord_figure(chord: int, key: tuple[int, int] | None = None) -> str:
    """Returns the symbol of a chord, such as `Bbm7`, spelled in a key (tonic and mode) if given."""
    root, quality = divmod(chord, NUM_QUALITIES)
    name = ROOTS[root] if key is None else spelled(root, sharps_of(*key), key[1])
    return name + CHORD_QUALITIES[quality].suffix


@functools.lru_cache(maxsize=65536)
def chord_of_figure(figure: str) -> int | None:
    """Returns the chord of a symbol, the nearest with the same root; None where it cannot be read.

    An added seventh is a minor one, as MusicXML has it: lead sheets spell G7sus as Gsus(add7).
    """
    found = degrees_of(figure.replace("add7", "addb7"))
    if found is None:
        return None
    root, degrees = found
    try:
        intervals = {(_NATURALS[degree] + alter) % 12 for degree, alter in degrees.items()}
    except KeyError:
        return None
    quality, cost = _nearest(frozenset(intervals))
    return root * NUM_QUALITIES + quality if cost <= MAX_COST else None


def chord_of_pitches(pitches: Iterable[int]) -> int | None:
    """Returns the chord of MIDI pitches that sound together, or None where there is none.

    A chord with exactly these pitch classes goes first, above all one whose root is the bass (so
    that C6 and Am7 are told apart); else the nearest, where a root that is not the bass costs 1.
    """
    pitches = list(map(int, pitches))
    return _chord_of_classes(frozenset(pitch % 12 for pitch in pitches), min(pitches) % 12)


@functools.lru_cache(maxsize=65536)
def _chord_of_classes(classes: frozenset[int], bass: int) -> int | None:
    """Returns the chord of pitch classes over a bass."""
    if len(classes) < 2:
        return None
    found = []
    for root in sorted(classes):
        quality, cost = _nearest(frozenset((pitch - root) % 12 for pitch in classes))
        over_bass = float(root != bass)
        rank = (cost > 0, cost + over_bass, quality)
        found.append((rank, root))
    (inexact, cost, quality), root = min(found)
    return root * NUM_QUALITIES + quality if not inexact or cost <= MAX_COST else None


@functools.lru_cache(maxsize=4096)
def _nearest(intervals: frozenset[int]) -> tuple[int, float]:
    """Returns the quality nearest to intervals above a root, the first of equals, and its cost."""
    costs = [
        len(intervals - inside) + sum(0.5 if i == _FIFTH else 1.0 for i in inside - intervals)
        for inside in _SETS
    ]
    cost = min(costs)
    return costs.index(cost), cost
