"""The plan of a track: what is played where, by which model, from which seed. It is a YAML file."""

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from lofi_tf.composing.step_notes import BLOCK_BARS
from lofi_tf.errors import LofiError, check_range, unknown_name
from lofi_tf.files import read_yaml, write_file
from lofi_tf.music.chord_qualities import TONICS

SCHEMA_VERSION = 1
PARTS = ("drums", "bass", "chords", "melody")
FOLLOWS = {"drums": (), "chords": (), "bass": ("chords", "drums"), "melody": ("chords",)}
SECTIONS = ("intro", "verse", "hook", "break", "outro")
THEMES = ("A", "B")
MOST_BARS, MOST_SEED = 2048, 2**31 - 1
_KEY = re.compile(r"([A-Ga-g])([#b]?)\s*(m|min|minor|maj|major)?")
_LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


@dataclasses.dataclass(frozen=True)
class Section:
    """Some bars of a track.

    Attributes:
        name: one of `SECTIONS`.
        bars: its length.
        theme: one of `THEMES`: sections of one theme share chords, melody, line and beat, varied.
        parts: those that play.
        energy: of drums, bass and chords, 0 to 1.
        density: of the melody, 0 to 1.
        fill: whether the drums end it with a fill.
        drops: where a part falls silent, bars of the section from and up to, by part.
    """

    name: str
    bars: int
    theme: str = "A"
    parts: tuple[str, ...] = PARTS
    energy: float = 0.5
    density: float = 0.5
    fill: bool = False
    drops: Mapping[str, tuple[tuple[float, float], ...]] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Part:
    """Who plays a part.

    Attributes:
        model: name of a model.
        seed: what is drawn by.
        temperature: of the model's draws.
        program: General MIDI's, from 0; the drums' kit.
        gain_db: level in the mix, beside the preset's.
        over: seeds of the parts that it follows; chords and kicks that are drawn by others since
            change nothing in it.
    """

    model: str
    seed: int
    temperature: float = 0.6
    program: int = 0
    gain_db: float = 0.0
    over: Mapping[str, int] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Plan:
    """A track; the same plan is the same MIDI file.

    Attributes:
        seed: that it was made from; of the render too.
        qpm: tempo, quarter notes a minute.
        key: such as `C`, `F#m` or `Eb`.
        mood: that settings not asked for came from.
        swing: share of an eighth that its first sixteenth takes, 0.5 to 0.75.
        preset: of `lofi_render`.
        sections: in their order.
        parts: by name, those of `PARTS`.

    Raises:
        LofiError: a value out of its range.
    """

    seed: int
    qpm: float
    key: str
    mood: str
    swing: float
    preset: str
    sections: tuple[Section, ...]
    parts: Mapping[str, Part]

    def __post_init__(self):
        parse_key(self.key)
        check_range("qpm", self.qpm, 40, 200)
        check_range("swing", self.swing, 0.5, 0.75)
        check_range("seed", self.seed, 0, MOST_SEED)
        check_range("the number of bars", self.num_bars, 1, MOST_BARS)
        if set(self.parts) != set(PARTS):
            raise LofiError(
                f"a plan needs the parts {', '.join(PARTS)}. Received: {list(self.parts)}"
            )
        for name, part in self.parts.items():
            check_range(f"seed of {name}", part.seed, 0, MOST_SEED)
            check_range(f"temperature of {name}", part.temperature, 0, 5)
            check_range(f"program of {name}", part.program, 0, 127)
            check_range(f"gain_db of {name}", part.gain_db, -60, 24)
            if set(part.over) != set(FOLLOWS[name]):
                raise LofiError(f"{name} follows {FOLLOWS[name]}: `over` must have their seeds")
        for section in self.sections:
            _check_section(section)

    @property
    def num_bars(self) -> int:
        """Bars of all sections; the last chord rings on after them."""
        return sum(section.bars for section in self.sections)

    @property
    def mode(self) -> str:
        """`major` or `minor`."""
        return parse_key(self.key)[1]

    @property
    def shift(self) -> int:
        """Half steps from C major or A minor to the key, -5 to 6."""
        tonic, mode = parse_key(self.key)
        return (tonic - TONICS[mode] + 5) % 12 - 5

    def to_dict(self) -> dict[str, Any]:
        """Returns the plan as plain values."""
        values = dataclasses.asdict(self)
        values["sections"] = [_plain(section) for section in self.sections]
        values["parts"] = {name: dataclasses.asdict(self.parts[name]) for name in PARTS}
        for part in values["parts"].values():
            part["over"] = dict(part["over"])
        return {"schema_version": SCHEMA_VERSION, **values}


def parse_key(text: str) -> tuple[int, str]:
    """Returns the tonic, 0 to 11, and the mode of a key such as `C`, `F#m` or `Bb minor`.

    Raises:
        LofiError: it is none.
    """
    match = _KEY.fullmatch(str(text).strip())
    if not match:
        raise LofiError(f"a key is such as C, F#m or Bb minor. Received: {text!r}")
    tonic = _LETTERS[match[1].upper()] + {"#": 1, "b": -1, "": 0}[match[2]]
    minor = match[3] in ("m", "min", "minor")
    return tonic % 12, "minor" if minor else "major"


def save_plan(plan: Plan, path: str | Path) -> None:
    """Writes a plan as YAML; the file appears only when whole."""
    text = yaml.safe_dump(plan.to_dict(), sort_keys=False, default_flow_style=None, width=100)
    write_file(path, text)


def load_plan(path: str | Path) -> Plan:
    """Returns the plan of a YAML file.

    Raises:
        LofiError: no such file, no YAML, or no plan.
    """
    return plan_of(read_yaml(path), str(path))


def plan_of(values: Any, name: str) -> Plan:
    """Returns the plan of plain values, as `Plan.to_dict` gives them."""
    if not isinstance(values, dict) or "sections" not in values:
        raise LofiError(f"{name} is no plan of a track: it has no `sections`")
    values = dict(values)
    version = values.pop("schema_version", SCHEMA_VERSION)
    if version != SCHEMA_VERSION:
        raise LofiError(f"{name}: schema_version must be {SCHEMA_VERSION}. Received: {version}")
    try:
        sections = [_of(Section, row, name) for row in values.pop("sections")]
        parts = {key: _of(Part, row, name) for key, row in values.pop("parts").items()}
        return _of(Plan, values | {"sections": tuple(sections), "parts": parts}, name)
    except (TypeError, KeyError, AttributeError) as error:
        raise LofiError(f"{name} is no plan of a track: {error}") from error


def _of(kind: type, values: Mapping[str, Any], name: str) -> Any:
    known = {field.name for field in dataclasses.fields(kind)}
    for key in values:
        if key not in known:
            raise unknown_name(f"setting of a {kind.__name__.lower()} in {name}", str(key), known)
    for field in dataclasses.fields(kind):
        optional = (field.default, field.default_factory) != (dataclasses.MISSING,) * 2
        if not optional and field.name not in values:
            raise LofiError(f"{name}: {field.name} of a {kind.__name__.lower()} is missing")
    values = dict(values)
    if kind is Section:
        values["parts"] = tuple(values.get("parts", PARTS))
        drops = values.get("drops") or {}
        values["drops"] = {part: tuple(map(tuple, spans)) for part, spans in drops.items()}
    return kind(**values)


def _plain(section: Section) -> dict[str, Any]:
    values = dataclasses.asdict(section)
    values["parts"] = list(section.parts)
    values["drops"] = {
        part: [list(span) for span in spans] for part, spans in section.drops.items()
    }
    return values


def _check_section(section: Section) -> None:
    if section.name not in SECTIONS:
        raise unknown_name("section", section.name, SECTIONS)
    if section.theme not in THEMES:
        raise unknown_name("theme", section.theme, THEMES)
    for part in (*section.parts, *section.drops):
        if part not in PARTS:
            raise unknown_name("part", part, PARTS)
    check_range(f"bars of {section.name}", section.bars, 1, MOST_BARS)
    if section.bars != int(section.bars):
        raise LofiError(f"bars of {section.name} must be whole. Received: {section.bars}")
    check_range(f"energy of {section.name}", section.energy, 0, 1)
    check_range(f"density of {section.name}", section.density, 0, 1)


@dataclasses.dataclass(frozen=True)
class Block:
    """Four bars of a section, or what is left of it.

    Attributes:
        section: that it is of.
        number: of the block in the track, from 0.
        start_bar: of the track.
        bars: 1 to 4.
        place: of the block in its section, from 0.
        is_last: whether its section ends with it.
    """

    section: Section
    number: int
    start_bar: int
    bars: int
    place: int
    is_last: bool


def blocks_of(plan: Plan) -> list[Block]:
    """Returns the blocks of a plan in their order."""
    found: list[Block] = []
    bar = 0
    for section in plan.sections:
        for place, start in enumerate(range(0, section.bars, BLOCK_BARS)):
            bars = min(BLOCK_BARS, section.bars - start)
            is_last = start + bars == section.bars
            found.append(Block(section, len(found), bar + start, bars, place, is_last))
        bar += section.bars
    return found
