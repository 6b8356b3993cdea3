"""From a seed and a few wishes to the plan of a track."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lofi_tf.composing.arrangement import arranged
from lofi_tf.composing.forms import drawn_form, given, read_settings
from lofi_tf.composing.plan import (
    FOLLOWS,
    MOST_SEED,
    PARTS,
    SECTIONS,
    Colour,
    Part,
    Plan,
    parse_key,
)
from lofi_tf.composing.step_notes import BLOCK_BARS, END_BARS, stream
from lofi_tf.errors import LofiError, check_range, unknown_name

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
    return read_settings("moods")


def instruments() -> dict[str, dict[int, float]]:
    """Returns what may play each part: programs with their levels in dB."""
    return read_settings("instruments")


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
    form, rows = "", given(wishes.sections or ())
    if not rows:
        form, rows = drawn_form(seed, mood, round(bars / BLOCK_BARS))
    return Plan(
        seed=seed,
        qpm=qpm,
        key=wishes.key or _key(seed, of_mood["minor"]),
        mood=mood,
        swing=swing,
        preset=wishes.preset or of_mood["preset"],
        sections=arranged(rows, seed, energy, density, of_mood),
        parts=_parts(seed, of_mood),
        form=form,
        colour=Colour(**of_mood["colour"]),
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


def _key(seed: int, minor: float) -> str:
    random = stream(seed, "key")
    tonic, mode = int(random.integers(12)), "minor" if random.random() < minor else "major"
    return TONIC_NAMES[mode][tonic]


def _check_wishes(wishes: PlanOptions) -> None:
    for name, (low, high) in _RANGES.items():
        value = getattr(wishes, name)
        if value is not None:
            check_range(name, value, low, high)
    if wishes.key is not None:
        parse_key(wishes.key)
