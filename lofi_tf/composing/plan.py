"""The plan of a track: what is played where, by which model, from which seed. It is a YAML file."""

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml

from lofi_tf.composing.phrase_texts import parse_phrase
from lofi_tf.errors import LofiError, check_range, naming
from lofi_tf.files import read_yaml, write_file
from lofi_tf.music.chord_qualities import TONICS
from lofi_tf.settings import (
    DIFFERENT,
    Bounds,
    Settings,
    checked,
    mapping_of,
    plain,
    settings_of,
)

SCHEMA_VERSION, OLDEST_VERSION = 2, 1
PARTS = ("drums", "bass", "chords", "melody")
FOLLOWS = {"drums": (), "chords": (), "bass": ("chords", "drums"), "melody": ("chords",)}
SECTIONS = ("intro", "verse", "hook", "bridge", "break", "outro")
THEMES = tuple("ABCDEFGHIJKLMNOPQRSTUVWX")
PHRASES = ("call", "answer", "call", "answer varied")
MOST_BARS, MOST_SEED = 2048, 2**31 - 1
Seed = Annotated[int, Bounds(least=0, most=MOST_SEED)]
Span = tuple[float, float]
Share = Annotated[float, Bounds(least=0, most=1)]
_KEY = re.compile(r"([A-Ga-g])([#b]?)\s*(m|min|minor|maj|major)?")
_LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


@dataclasses.dataclass(frozen=True)
class Section(Settings):
    """Some bars of a track.

    Attributes:
        name: one of `SECTIONS`.
        bars: its length.
        theme: one of `THEMES`: sections of one theme share chords, motifs, bass line and beat.
        parts: those that play.
        melody: its phrases of two bars, in their order and from the first again, as
            `phrase_texts.parse_phrase` reads them.
        energy: of drums, bass and chords at its beginning, 0 to 1.
        rise: by which the energy grows up to its end, -1 to 1.
        density: of the melody, 0 to 1.
        crash: whether the drums begin it with a cymbal.
        fill: whether the drums end it with a fill.
        turn: whether its chords lead on, at its end, to the first of the next section, or the last.
        pedal: whether the bass stays on the tonic.
        shift: half steps from the track's key.
        drops: where a part falls silent, bars of the section from and up to, by part.

    Raises:
        LofiError: a value that must be something else.
    """

    name: Literal[SECTIONS]
    bars: Annotated[int, Bounds(least=1, most=MOST_BARS)]
    theme: Literal[THEMES] = "A"
    parts: Annotated[tuple[Literal[PARTS], ...], DIFFERENT] = PARTS
    melody: tuple[str, ...] = PHRASES
    energy: Share = 0.5
    rise: Annotated[float, Bounds(least=-1, most=1)] = 0.0
    density: Share = 0.5
    crash: bool = False
    fill: bool = False
    turn: bool = False
    pedal: bool = False
    shift: Annotated[int, Bounds(least=-6, most=6)] = 0
    drops: Mapping[Literal[PARTS], tuple[Span, ...]] = dataclasses.field(default_factory=dict)

    def __post_init__(self):
        super().__post_init__()
        for text in self.melody:
            parse_phrase(text)
        for part, spans in self.drops.items():
            for first, last in spans:
                if not 0 <= first < last <= self.bars:
                    raise LofiError(
                        f"a drop of {part} must be from and up to a bar of the section, 0 to "
                        f"{self.bars}. Received: [{first:g}, {last:g}]"
                    )


@dataclasses.dataclass(frozen=True)
class Part(Settings):
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
    seed: Seed
    temperature: Annotated[float, Bounds(least=0, most=5)] = 0.6
    program: Annotated[int, Bounds(least=0, most=127)] = 0
    gain_db: Annotated[float, Bounds(least=-60, most=24)] = 0.0
    over: Mapping[Literal[PARTS], Seed] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Colour(Settings):
    """How rich the chords are; shares from 0 to 1.

    Attributes:
        sevenths: of triads, which become sevenths or more.
        ninths: of those, which become ninths.
        two_fives: the chance that a theme ends with the second and fifth degree of its beginning.
        dominants: the chance that it has a dominant of another chord than the first.
        borrowed: the chance that it has a chord of the other mode.
    """

    sevenths: Share = 0.85
    ninths: Share = 0.5
    two_fives: Share = 0.0
    dominants: Share = 0.0
    borrowed: Share = 0.0


@dataclasses.dataclass(frozen=True)
class Plan(Settings):
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
        form: name of the form that the sections came from.
        colour: of the chords.

    Raises:
        LofiError: a value out of its range.
    """

    seed: Seed
    qpm: Annotated[float, Bounds(least=40, most=200)]
    key: str
    mood: str
    swing: Annotated[float, Bounds(least=0.5, most=0.75)]
    preset: str
    sections: tuple[Section, ...]
    parts: Mapping[Literal[PARTS], Part]
    form: str = ""
    colour: Colour = dataclasses.field(default_factory=Colour)

    def __post_init__(self):
        super().__post_init__()
        parse_key(self.key)
        check_range("the number of bars", self.num_bars, 1, MOST_BARS)
        if set(self.parts) != set(PARTS):
            raise LofiError(
                f"a plan needs the parts {', '.join(PARTS)}. Received: {list(self.parts)}"
            )
        for name, part in self.parts.items():
            if set(part.over) != set(FOLLOWS[name]):
                leads = " and ".join(FOLLOWS[name]) or "no other part"
                raise LofiError(
                    f"{name} follows {leads}: `over` must have just their seeds. "
                    f"Received: {dict(part.over)}"
                )

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
        """Returns the plan as plain values, what is said in few words first."""
        values = plain(self)
        last = {name: values.pop(name) for name in ("sections", "parts")}
        last["parts"] = {name: last["parts"][name] for name in PARTS}
        return {"schema_version": SCHEMA_VERSION, **values, **last}


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
    write_file(path, plan_text(plan))


def plan_text(plan: Plan) -> str:
    """Returns a plan as the YAML that `save_plan` writes."""
    return yaml.safe_dump(plan.to_dict(), sort_keys=False, default_flow_style=None, width=100)


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
    if version not in range(OLDEST_VERSION, SCHEMA_VERSION + 1):
        raise LofiError(
            f"{name}: schema_version must be {OLDEST_VERSION} to {SCHEMA_VERSION}. "
            f"Received: {version}"
        )
    with naming(name):
        rows = checked("sections", values.pop("sections"), tuple[Any, ...])
        parts = mapping_of("parts", values.pop("parts", None), PARTS)
        values["sections"] = tuple(
            settings_of(Section, row, f"section {number}") for number, row in enumerate(rows, 1)
        )
        values["parts"] = {
            part: settings_of(Part, row, f"part {part}") for part, row in parts.items()
        }
        if "colour" in values:
            values["colour"] = settings_of(Colour, values["colour"], "colour")
    return settings_of(Plan, values, name)
