"""From a seed and a few wishes to the plan of a track."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from lofi_tf.composing.plan import (
    FOLLOWS,
    MOST_SEED,
    PARTS,
    SECTIONS,
    Part,
    Plan,
    Section,
    parse_key,
)
from lofi_tf.composing.step_notes import BLOCK_BARS, END_BARS, stream
from lofi_tf.config import configs_dir
from lofi_tf.errors import LofiError, check_range, unknown_name
from lofi_tf.files import read_yaml

MODELS = {
    "drums": "groove_4bar",
    "bass": "bass_2bar_chords",
    "chords": "lofi_chords",
    "melody": "cat-mel_2bar_med_chords",
}
TEMPERATURES = {"drums": 0.9, "bass": 0.5, "chords": 0.9, "melody": 0.6}
TONIC_NAMES = {
    "major": ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"),
    "minor": ("Cm", "C#m", "Dm", "Ebm", "Em", "Fm", "F#m", "Gm", "G#m", "Am", "Bbm", "Bm"),
}
# Of each section: share of the track's energy and density, its theme and who plays.
_SHAPES = {
    "intro": (0.5, 0.6, "A", ("chords", "melody")),
    "verse": (0.85, 0.75, "A", PARTS),
    "hook": (1.2, 1.15, "B", PARTS),
    "break": (0.6, 0.85, "A", ("bass", "chords", "melody")),
    "outro": (0.55, 0.55, "A", PARTS),
}
# The sections of short tracks, by the number of their blocks of four bars.
_SHORT = {
    1: [("verse", 1)],
    2: [("verse", 1), ("hook", 1)],
    3: [("intro", 1), ("hook", 1), ("outro", 1)],
    4: [("intro", 1), ("verse", 1), ("hook", 1), ("outro", 1)],
}
_RANGES = {
    "minutes": (0.25, 30),
    "qpm": (40, 200),
    "swing": (0.5, 0.75),
    "energy": (0, 1),
    "density": (0, 1),
}


@dataclasses.dataclass(frozen=True)
class PlanOptions:
    """What is asked for; None leaves it to the mood and the seed.

    Attributes:
        minutes: length, about.
        qpm, key, mood, swing, preset: as in `Plan`.
        energy, density: 0 to 1, of the whole.
        sections: their names with their bars.
    """

    minutes: float = 2.0
    qpm: float | None = None
    key: str | None = None
    mood: str | None = None
    swing: float | None = None
    energy: float | None = None
    density: float | None = None
    preset: str | None = None
    sections: Sequence[tuple[str, int]] | None = None


def moods() -> dict[str, dict[str, Any]]:
    """Returns what each mood stands for, by name."""
    return _read("moods")


def instruments() -> dict[str, dict[int, float]]:
    """Returns what may play each part: programs with their levels in dB."""
    return _read("instruments")


def make_plan(seed: int, wishes: PlanOptions = PlanOptions()) -> Plan:  # noqa: B008
    """Returns the plan of a seed; a wish changes nothing but what it is about.

    Raises:
        LofiError: a wish that is unknown or out of its range.
    """
    known = moods()
    if wishes.mood is not None and wishes.mood not in known:
        raise unknown_name("mood", wishes.mood, known)
    _check_wishes(wishes)
    names = list(known)
    mood = wishes.mood or names[int(stream(seed, "mood").integers(len(names)))]
    of_mood = known[mood]
    qpm = wishes.qpm or float(np.round(stream(seed, "qpm").uniform(*of_mood["qpm"])))
    swing = wishes.swing or float(np.round(stream(seed, "swing").uniform(*of_mood["swing"]), 3))
    energy = of_mood["energy"] if wishes.energy is None else wishes.energy
    density = of_mood["density"] if wishes.density is None else wishes.density
    bars = wishes.minutes * qpm / 4 - END_BARS
    layout = wishes.sections or _layout(round(bars / BLOCK_BARS))
    return Plan(
        seed=seed,
        qpm=qpm,
        key=wishes.key or _key(seed, of_mood["minor"]),
        mood=mood,
        swing=swing,
        preset=wishes.preset or of_mood["preset"],
        sections=tuple(_sections(layout, seed, energy, density)),
        parts=_parts(seed, of_mood),
    )


def parse_sections(text: str) -> list[tuple[str, int]]:
    """Returns names and bars of a text such as `intro:4,verse:8,hook`; 8 bars if not said.

    Raises:
        LofiError: an unknown section, or bars that are no whole number above 0.
    """
    found = []
    for word in text.split(","):
        name, colon, bars = word.strip().partition(":")
        if name not in SECTIONS:
            raise unknown_name("section", name, SECTIONS)
        if colon and (not bars.isdecimal() or not int(bars)):
            raise LofiError(f"bars must be 1 or more, such as {name}:8. Received: {word!r}")
        found.append((name, int(bars) if colon else 8))
    return found


def reseeded(plan: Plan, seed: int, again: Sequence[str], kept: Sequence[str]) -> Plan:
    """Returns a plan with some parts drawn anew.

    Args:
        plan: what there is.
        seed: of the new parts.
        again: parts that are drawn by other seeds.
        kept: parts that stay note for note; those in neither follow the new ones by their own seed.

    Raises:
        LofiError: a part that is unknown, or both kept and drawn anew.
    """
    for part in (*again, *kept):
        if part not in PARTS:
            raise unknown_name("part", part, PARTS)
    if both := sorted(set(again) & set(kept)):
        raise LofiError(f"{both[0]} can be kept or drawn anew, not both")
    parts = dict(plan.parts)
    for name in again:
        new = int(stream(seed, name, plan.parts[name].seed).integers(MOST_SEED))
        parts[name] = dataclasses.replace(parts[name], seed=new)
    for name in PARTS:
        if name not in kept:
            parts[name] = dataclasses.replace(parts[name], over=_over(name, parts))
    return dataclasses.replace(plan, parts=parts)


def _over(name: str, parts: Mapping[str, Part]) -> dict[str, int]:
    return {other: parts[other].seed for other in FOLLOWS[name]}


def _parts(seed: int, of_mood: Mapping[str, Any]) -> dict[str, Part]:
    programs, levels, parts = _programs(seed, of_mood), instruments(), {}
    for name in PARTS:
        own, program = int(stream(seed, "part", name).integers(MOST_SEED)), programs[name]
        gain = levels[name][program]
        parts[name] = Part(MODELS[name], own, TEMPERATURES[name], program, gain)
    return {
        name: dataclasses.replace(part, over=_over(name, parts)) for name, part in parts.items()
    }


def _programs(seed: int, of_mood: Mapping[str, Any]) -> dict[str, int]:
    """Returns what plays each part; chords unlike the melody, where the mood has a choice."""
    found: dict[str, int] = {}
    for name in reversed(PARTS):  # the melody, which comes last in a plan, first
        allowed = of_mood[name]
        if name == "chords":
            allowed = [program for program in allowed if program != found["melody"]] or allowed
        found[name] = allowed[int(stream(seed, "program", name).integers(len(allowed)))]
    return found


def _read(name: str) -> dict:
    return read_yaml(configs_dir() / "compose" / f"{name}.yaml")


def _key(seed: int, minor: float) -> str:
    random = stream(seed, "key")
    tonic, mode = int(random.integers(12)), "minor" if random.random() < minor else "major"
    return TONIC_NAMES[mode][tonic]


def _layout(blocks: int) -> list[tuple[str, int]]:
    """Returns sections of about so many blocks of four bars, none of them long."""
    found, steps = [list(row) for row in _SHORT[min(max(blocks, 1), 4)]], _growth()
    while sum(count for _, count in found) < blocks:
        kind, name, count = next(steps)
        if kind == "add":
            found.insert(len(found) - 1, [name, count])
        elif kind == "after the break":
            found.insert([row[0] for row in found].index("break") + 1, [name, count])
        else:
            short = [row for row in found if row[0] == name and row[1] < count]
            for row in short[:1]:
                row[1] += 1
    return [(name, count * BLOCK_BARS) for name, count in found]


def _growth() -> Iterator[tuple[str, str, int]]:
    """Yields what a longer track has besides: longer sections, a break and a hook, more verses."""
    yield from (("grow", "verse", 2), ("grow", "hook", 2), ("add", "break", 1), ("add", "hook", 1))
    yield from (("grow", "hook", 2), ("after the break", "verse", 1), ("grow", "verse", 2))
    yield from (("grow", "outro", 2), ("grow", "intro", 2))
    while True:
        yield from (("add", "break", 1), ("add", "verse", 2), ("add", "hook", 2))


def _sections(
    layout: Sequence[tuple[str, int]], seed: int, energy: float, density: float
) -> Iterator[Section]:
    random = stream(seed, "sections")
    for number, (name, bars) in enumerate(layout):
        loud, dense, theme, parts = _SHAPES[name]
        after = layout[number + 1][0] if number + 1 < len(layout) else None
        drawn = random.random(4)
        grow = (
            1.1 if name == "hook" and number > len(layout) / 2 else 1.0
        )  # the last one is the highest
        yield Section(
            name,
            bars,
            theme,
            parts,
            round(float(np.clip(energy * loud * grow, 0, 1)), 3),
            round(float(np.clip(density * dense * grow, 0, 1)), 3),
            fill=after is not None and "drums" in parts and bool(drawn[0] < 0.75),
            drops=_drops(name, bars, after, drawn),
        )


def _drops(
    name: str, bars: int, after: str | None, drawn: np.ndarray
) -> dict[str, tuple[tuple[float, float], ...]]:
    """Returns where parts of a section fall silent."""
    drops = {}
    if name == "outro":
        return {"drums": ((max(bars / 2, bars - 4), bars),), "melody": ((bars / 2, bars),)}
    if name == "break":
        drops["bass"] = ((0, bars / 2),)
    elif name == "verse" and drawn[1] < 0.5:
        drops["bass"] = ((0, min(2, bars)),)
    if name == "verse" and bars >= 8 and drawn[2] < 0.6:
        drops["melody"] = ((0, BLOCK_BARS),)  # the beat first, the melody joins it
    if after == "break" and drawn[3] < 0.7:
        drops["drums"] = ((bars - 0.5, bars),)
    return drops


def _check_wishes(wishes: PlanOptions) -> None:
    for name, (low, high) in _RANGES.items():
        value = getattr(wishes, name)
        if value is not None:
            check_range(name, value, low, high)
    if wishes.key is not None:
        parse_key(wishes.key)
