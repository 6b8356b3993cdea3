"""Chord symbols as triads and back.

A triad is a number: 0 no chord, then the twelve major, minor, augmented and diminished triads from
C to B; it is note-seq's TriadChordOneHotEncoding. What a symbol may look like follows note-seq's
chord symbols: root, kind, changed degrees, bass, such as `Bbm7b5/E`.
"""

import functools
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from lofi_tf.music.quantize import Grid, refusal
from lofi_tf.music.splits import CHORD_SYMBOL, Key, Segment

NO_CHORD = "N.C."
NUM_TRIADS = 49
UNKNOWN_CHORD = -1  # a symbol that cannot be read, or that is none of these triads
SHARP_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
ROOTS = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
QUALITIES = {(0, 0, 0): "", (0, -1, 0): "m", (0, 0, 1): "aug", (0, -1, -1): "dim"}

# Degrees of a chord, as in a symbol, and the names of that kind; a comma stands for no name.
_KINDS = {
    "1 3 5": ", maj M",
    "1 b3 5": "m min -",
    "1 3 #5": "+ aug",
    "1 b3 b5": "o dim",
    "1 3 5 b7": "7",
    "1 3 5 7": "maj7 M7",
    "1 b3 5 b7": "m7 min7 -7",
    "1 b3 b5 bb7": "o7 dim7",
    "1 3 #5 b7": "+7 aug7",
    "1 b3 b5 b7": "m7b5 -7b5 /o /o7",
    "1 b3 5 7": "mmaj7 mM7 minmaj7 minM7 -maj7 -M7 m(maj7) m(M7) min(maj7) min(M7) -(maj7) -(M7)",
    "1 3 5 6": "6",
    "1 b3 5 6": "m6 min6 -6",
    "1 3 5 b7 9": "9",
    "1 3 5 7 9": "maj9 M9",
    "1 b3 5 b7 9": "m9 min9 -9",
    "1 3 #5 b7 9": "+9 aug9",
    "1 3 5 6 9": "6/9",
    "1 3 5 b7 9 11": "11",
    "1 3 5 7 9 11": "maj11 M11",
    "1 b3 5 b7 9 11": "m11 min11 -11",
    "1 3 5 b7 9 11 13": "13",
    "1 3 5 7 9 11 13": "maj13 M13",
    "1 b3 5 b7 9 11 13": "m13 min13 -13",
    "1 2 5": "sus2",
    "1 4 5": "sus sus4",
    "1 4 5 b7": "sus7 7sus",
    "1": "ped",
    "1 5": "5",
}
_NATURALS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


def _degrees(text: str) -> dict[int, int]:
    """Returns the alteration in half steps of each degree of `text`."""
    found = {}
    for degree in text.split():
        number = degree.lstrip("#b")
        found[int(number)] = degree.count("#") - degree.count("b")
    return found


_DEGREES = {
    "" if name == "," else name: _degrees(degrees)
    for degrees, names in _KINDS.items()
    for name in names.split()
}
_ROOT = r"[A-G](?:#*|b*)(?![#b])"
_CHANGE = r"\(?(add#|addb|add|no|#|b)([0-9]+)\)?"
_SYMBOL = re.compile(
    rf"({_ROOT})({'|'.join(map(re.escape, _DEGREES))})((?:{_CHANGE})*)(?:|/{_ROOT})$"
)


@functools.lru_cache(maxsize=65536)
def triad_of(figure: str) -> int:
    """Returns the triad of a chord symbol, 0 to 48, or `UNKNOWN_CHORD`."""
    if figure == NO_CHORD:
        return 0
    found = degrees_of(figure)
    if found is None:
        return UNKNOWN_CHORD
    root, degrees = found
    quality = tuple(degrees.get(degree) for degree in (1, 3, 5))
    if quality not in QUALITIES:
        return UNKNOWN_CHORD
    return 1 + 12 * list(QUALITIES).index(quality) + root


def degrees_of(figure: str) -> tuple[int, dict[int, int]] | None:
    """Returns the root of a chord symbol, 0 to 11, and its degrees with their alterations.

    Degrees are those of the major scale, altered by half steps: `{1: 0, 3: -1, 5: 0, 7: -1}` is a
    minor seventh chord. None where the symbol cannot be read.
    """
    match = _SYMBOL.match(figure)
    degrees = match and _changed(_DEGREES[match[2]], match[3])
    if not degrees:
        return None
    root = _NATURALS[match[1][0]] + match[1].count("#") - match[1].count("b")
    return root % 12, degrees


def with_triads(
    blocks: list[dict[str, np.ndarray]], figures: list[str], drop_unknown: bool
) -> list[dict[str, np.ndarray]]:
    """Returns columns of examples, each [W, T], whose `chords`, places in `figures`, are triads.

    Raises:
        NotConvertible: `unknown_chord`: there are chords that are no triads, and their examples are
            not to be left out, or no example is without.
    """
    triads = np.array([triad_of(figure) for figure in figures])
    blocks = [block | {"chords": triads[block["chords"]]} for block in blocks]
    known = [(block["chords"] != UNKNOWN_CHORD).all(axis=1) for block in blocks]
    num_known, num_all = sum(k.sum() for k in known), sum(map(len, known))
    if num_known == num_all:
        return blocks
    if num_known and drop_unknown:
        return [
            {name: column[k] for name, column in block.items()}
            for block, k in zip(blocks, known, strict=True)
        ]
    unread = [f for f, triad in zip(figures, triads, strict=True) if triad == UNKNOWN_CHORD]
    raise refusal(
        "unknown_chord",
        f"{num_all - num_known} of {num_all} examples have a chord that is no triad",
        "major, minor, augmented and diminished chords",
        ", ".join(unread[:4]),
    )


def figure_of(triad: int) -> str:
    """Returns the chord symbol of a triad, 0 to 48."""
    if triad == 0:
        return NO_CHORD
    quality, root = divmod(triad - 1, 12)
    return ROOTS[root] + list(QUALITIES.values())[quality]


def figures_by_step(
    part: Segment, grid: Grid, total_steps: int, last_wins: bool = False
) -> tuple[np.ndarray, list[str]]:
    """Returns the place of the chord symbol in force at each step, int64 [T], and the symbols.

    These begin with no chord.

    Raises:
        NotConvertible: `negative_time`, or `coincident_chords` where two symbols share a step and
            it is not the last that wins.
    """
    times = np.array([chord.time for chord in part.chords], np.float64)
    steps = grid.steps(times)
    if steps.min(initial=0) < 0:
        time = f"a chord at {times.min():.3f} s"
        raise refusal("negative_time", "a chord starts too early", "times from 0 s on", time)
    figures = [NO_CHORD, *dict.fromkeys(chord.text for chord in part.chords)]
    place = {figure: index for index, figure in enumerate(figures)}
    order = np.lexsort((times, steps)) if last_wins else np.argsort(steps, kind="stable")
    steps, order = steps[order], order[steps[order] < total_steps]
    steps = steps[: len(order)]
    places = np.array([place[part.chords[index].text] for index in order], np.int64)
    clash = (steps[1:] == steps[:-1]) & (places[1:] != places[:-1])
    if clash.any() and not last_wins:
        first = int(clash.argmax())
        pair = " and ".join(figures[index] for index in places[first : first + 2])
        received = f"{pair} at step {steps[first]}"
        raise refusal("coincident_chords", "two chords share a step", "one chord a step", received)
    active = np.searchsorted(steps, np.arange(total_steps), side="right")
    return np.append(0, places)[active], figures


def keys_by_step(keys: Sequence[Key], grid: Grid, num_steps: int) -> np.ndarray:
    """Returns the key at each step, int64 [T]; the first of the keys also holds before its time."""
    per_second = grid.steps_per_quarter * grid.qpm / 60.0
    changes = sorted((per_second * key.time, key.key) for key in keys)
    active = np.searchsorted([step for step, _ in changes], np.arange(num_steps), side="right")
    return np.array([key for _, key in changes], np.int64)[np.maximum(active - 1, 0)]


def add_chords(sequence: Any, triads: np.ndarray, step_seconds: float) -> None:
    """Writes triads [T], one a step, into a NoteSequence as chord symbols where they change."""
    for step in _changes(triads):
        annotation = sequence.text_annotations.add()
        annotation.annotation_type = CHORD_SYMBOL
        annotation.time = step * step_seconds
        annotation.text = figure_of(int(triads[step]))


def add_keys(sequence: Any, keys: np.ndarray, step_seconds: float) -> None:
    """Writes keys [T], one a step, into a NoteSequence where they change."""
    for step in _changes(keys):
        sequence.key_signatures.add(time=step * step_seconds, key=int(keys[step]))


def _changed(degrees: dict[int, int], changes: str) -> dict[int, int] | None:
    """Returns degrees after changes such as `add9(b5)no3`, or None where one cannot be done."""
    degrees = dict(degrees)
    for change, number in re.findall(_CHANGE, changes):
        degree = int(number)
        if change.startswith("add"):
            if degree in degrees:
                return None
            degrees[degree] = change.count("#") - change.count("b")
        elif change == "no":
            if degree not in degrees:
                return None
            del degrees[degree]
        else:
            degrees[degree] = degrees.get(degree, 0) + (1 if change == "#" else -1)
    return degrees


def _changes(values: np.ndarray) -> list[int]:
    """Returns the steps at which a value differs from the one before, the first included."""
    values = np.asarray(values)
    if not len(values):
        return []
    return [0, *(np.flatnonzero(values[1:] != values[:-1]) + 1).tolist()]
