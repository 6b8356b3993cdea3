"""Arrangement of a form: who plays in its sections and enters when, which phrases, how loud."""

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from lofi_tf.composing.forms import Row
from lofi_tf.composing.phrase_texts import REST
from lofi_tf.composing.plan import PARTS, Section
from lofi_tf.composing.step_notes import stream

# Of each section: share of the track's energy, what it grows by, share of the density.
_SHAPES = {
    "intro": (0.5, 0.1, 0.7),
    "verse": (0.85, 0.1, 0.85),
    "hook": (1.2, 0.0, 1.1),
    "bridge": (0.95, 0.15, 0.95),
    "break": (0.6, 0.2, 0.85),
    "outro": (0.55, -0.1, 0.7),
}
# The phrases of eight bars; a section of four has the first two.
_PHRASES = {
    "hook": (
        "call, answer, call, answer varied", "call, answer, call varied, answer",
        "pickup call, answer, pickup call, answer varied", "call, answer, turn, answer",
        "call, answer, call up, answer varied", "call, call down, call, answer",
    ),
    "verse": (
        "call, rest, call varied, answer", "call, answer, call up 2, answer varied",
        "pickup call, answer, turn, answer varied", "call, call down, turn, answer",
        "call, answer thinned, call varied, answer", "call, answer, turn, rest",
    ),
    "bridge": (
        "call, answer, call up, answer varied", "call, call up, call up 2, answer",
        "turn, answer, turn varied, answer",
    ),
    "break": (
        "turn, rest, turn varied, rest", "call thinned, answer, call thinned, turn",
        "rest, turn, rest, answer thinned", "call, rest, call down, rest",
    ),
    "intro": (
        "rest, call thinned, rest, answer thinned", "call thinned, answer thinned, call, rest",
        "call thinned, rest, call thinned, answer",
    ),
    "outro": (
        "call, answer thinned, call thinned, rest", "answer thinned, rest, call thinned, rest",
        "call thinned, rest, answer thinned, rest",
    ),
}  # fmt: skip
_NEW_ENDS = (
    ("turn", "call up", "call down", "call varied 2"),
    ("answer varied 2", "answer varied 3"),
)
_CRASH = {"hook": 0.95, "verse": 0.65, "bridge": 0.8, "break": 0.3, "intro": 0.0, "outro": 0.3}
_QUIET = ("intro", "break", "outro")


class _Who(NamedTuple):
    """The parts of a section, and what share of it each is silent, from and up to."""

    parts: tuple[str, ...]
    silent: Mapping[str, tuple[float, float]] = {}


_ALL = _Who(PARTS)
_ENTRANCES = {
    "intro": (
        _Who(("chords", "melody")),
        _Who(("bass", "chords", "melody"), {"bass": (0, 0.5)}),
        _Who(("drums", "chords", "melody"), {"drums": (0, 0.5)}),
        _Who(PARTS, {"bass": (0, 0.5), "drums": (0, 0.75)}),
        _Who(("drums", "bass", "chords"), {"bass": (0, 0.5)}),
    ),
    "verse": (
        _ALL,
        _Who(PARTS, {"bass": (0, 0.25)}),
        _Who(PARTS, {"melody": (0, 0.5)}),
        _Who(PARTS, {"bass": (0, 0.25), "melody": (0, 0.25)}),
    ),
    "hook": (_ALL,),
    "bridge": (_ALL, _Who(PARTS, {"drums": (0, 0.5)}), _Who(PARTS, {"bass": (0, 0.25)})),
    "break": (
        _Who(("bass", "chords", "melody"), {"bass": (0, 0.5)}),
        _Who(("chords", "melody")),
        _Who(("drums", "chords", "melody")),
        _Who(PARTS, {"drums": (0, 0.75), "bass": (0, 0.5)}),
        _Who(("drums", "bass", "chords"), {"chords": (0, 0.5)}),
    ),
    "outro": (
        _Who(PARTS, {"drums": (0.5, 1), "melody": (0.75, 1)}),
        _Who(PARTS, {"melody": (0.5, 1), "drums": (0.75, 1)}),
        _Who(("bass", "chords", "melody"), {"melody": (0.5, 1)}),
    ),
}


def arranged(
    rows: Sequence[Row], seed: int, energy: float, density: float, of_mood: Mapping[str, Any]
) -> tuple[Section, ...]:
    """Returns the sections of a form, as a seed arranges them.

    Args:
        rows: the form.
        seed: what is drawn by.
        energy: of the whole, 0 to 1.
        density: of the melody, 0 to 1.
        of_mood: `pedal` and `shifts`, as in moods.yaml.
    """
    found: list[Section] = []
    known: dict[tuple[str, str], tuple[str, ...]] = {}
    times = Counter()
    for number, row in enumerate(rows):
        random = stream(seed, "section", number)
        key = (row.name, row.theme)
        phrases = _phrases(row.name, known.get(key), times[key], random)
        known.setdefault(key, phrases)
        times[key] += 1
        after = rows[number + 1] if number + 1 < len(rows) else None
        where = number / max(1, len(rows) - 1)
        section = _section(row, where, phrases, (energy, density), random)
        section = _joined(section, after, number, random, of_mood)
        elsewhere = 0 < row.chapter < rows[-1].chapter
        shift = _shift(stream(seed, "chapter", row.chapter), of_mood) if elsewhere else 0
        found.append(dataclasses.replace(section, shift=(section.shift + shift + 6) % 12 - 6))
    return tuple(found)


def _section(
    row: Row,
    where: float,
    phrases: tuple[str, ...],
    whole: tuple[float, float],
    random: np.random.Generator,
) -> Section:
    """Returns a section with its parts, their entrances, its energy and its phrases."""
    loud, rise, dense = _SHAPES[row.name]
    curve = 0.9 + 0.25 * where if row.name not in _QUIET else 1.0  # the last hook is the highest
    ways = _ENTRANCES[row.name]
    who = ways[int(random.integers(len(ways)))]
    drops = {
        part: ((round(first * row.bars), round(last * row.bars)),)
        for part, (first, last) in who.silent.items()
        if round(first * row.bars) < round(last * row.bars)
    }
    if "melody" in drops:  # what enters late, or leaves early, does not rest besides
        phrases = tuple("call" if text == REST else text for text in phrases)
    return Section(
        name=row.name,
        bars=row.bars,
        theme=row.theme,
        parts=who.parts,
        melody=phrases[: max(1, -(-row.bars // 2))],
        energy=_share(whole[0] * loud * curve),
        rise=rise,
        density=_share(whole[1] * dense),
        drops=drops,
    )


def _joined(
    section: Section,
    after: Row | None,
    number: int,
    random: np.random.Generator,
    of_mood: Mapping[str, Any],
) -> Section:
    """Returns a section with what leads into it and out of it."""
    crash, fill, turn, stop, pedal = random.random(5)
    shift, name = _shift(random, of_mood), section.name
    drums = section.drops.get("drums", ())
    plays = "drums" in section.parts
    starts = plays and not any(first == 0 for first, _ in drums)
    ends = plays and after is not None and not any(last == section.bars for _, last in drums)
    drops = dict(section.drops)
    stops = ends and after.name in ("hook", "break") and stop < 0.35 and section.bars >= 4
    if stops:  # the beat drops out, and comes back with what follows
        drops["drums"] = (*drums, (section.bars - (1.0 if stop < 0.15 else 0.5), section.bars))
    return dataclasses.replace(
        section,
        crash=bool(starts and number and crash < _CRASH[name]),
        fill=bool(ends and not stops and fill < 0.85),
        turn=bool(turn < 0.5 and section.bars >= 4),
        pedal=bool(name in _QUIET and "bass" in section.parts and pedal < of_mood["pedal"]),
        shift=shift if name == "bridge" and after is not None else 0,
        drops=drops,
    )


def _phrases(
    name: str, first: tuple[str, ...] | None, times: int, random: np.random.Generator
) -> tuple[str, ...]:
    """Returns the phrases of a section; those of one that comes again are its first ones, varied.

    At most the second half of what comes again is new.
    """
    ways = _PHRASES[name]
    drawn = tuple(ways[int(random.integers(len(ways)))].split(", "))
    if first is None:
        return drawn
    if name not in ("hook", "verse"):
        return drawn
    fresh = ([text for text in ends if text not in first] for ends in _NEW_ENDS)
    third, fourth = (texts[int(random.integers(len(texts)))] for texts in fresh)
    how = int(random.integers(3)) if times == 1 else 2 - times % 2
    return ((*first[:3], fourth), (*first[:2], third, first[3]), (*first[:2], third, fourth))[how]


def _shift(random: np.random.Generator, of_mood: Mapping[str, Any]) -> int:
    return int(random.choice(of_mood["shifts"]))


def _share(value: float) -> float:
    return round(float(np.clip(value, 0, 1)), 3)
