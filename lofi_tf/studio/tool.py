"""What a tool is: its options, what it is given, and what it makes."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from types import NoneType
from typing import Any, Literal, NamedTuple, get_args

from pydantic import Field

from lofi_tf.errors import LofiError
from lofi_tf.generation import GenerationConfig, from_zero
from lofi_tf.music.midi import midi_bytes, read_midi
from lofi_tf.music.midi_events import SET_TEMPO
from lofi_tf.music.song import Song
from lofi_tf.studio import shapes
from lofi_tf.studio.jobs import Job
from lofi_tf.studio.models import Models
from lofi_tf.studio.shapes import Clip, Shape
from lofi_tf.studio.tracks import Tracks

_TYPES: dict[Any, Literal["number", "integer", "text", "switch"]] = {
    bool: "switch", int: "integer", float: "number", str: "text",
}  # fmt: skip
TEMPERATURE = "how daring: 0 plays safe, 1 is wild"


class Options(Shape):
    """Options of a tool; each has a title, a hint and bounds."""


class Shown(NamedTuple):
    """What a page shows of a field, beside what its schema tells.

    Attributes:
        step: of a slider.
        choices: values with their titles, or what gives them for the models that there are.
    """

    step: float | None
    choices: Any

    def __call__(self, schema: dict[str, Any]) -> None:
        """Adds nothing to the field's JSON schema."""


def option(default: Any, title: str, hint: str, **about: Any) -> Any:
    """Returns a field of options.

    Args:
        default: where it is not given.
        title: in the words of people who make beats.
        hint: what it does, in their words.
        about: `least`, `most`, `step` of numbers; `choices`, values with their titles.
    """
    bounds = {"ge": about.get("least"), "le": about.get("most"), "max_length": about.get("signs")}
    return Field(
        default,
        title=title,
        description=hint,
        json_schema_extra=Shown(about.get("step"), about.get("choices")),
        **{name: value for name, value in bounds.items() if value is not None},
    )


def temperature() -> Any:
    """Returns the field that tools of notes share."""
    return option(None, "Daring", TEMPERATURE, least=0, most=2, step=0.05)


def outputs(default: int) -> Any:
    """Returns the field of how many clips are made."""
    return option(default, "How many", "clips to make at once", least=1, most=16, step=1)


@dataclasses.dataclass(frozen=True)
class Source:
    """One thing that a tool is given.

    Attributes:
        song: its notes, of a clip of notes.
        sound: its file, of a clip of sound.
        clip: where it is one.
    """

    song: Song | None
    sound: Path | None
    clip: Clip | None

    @property
    def notes(self) -> Song:
        """Its notes.

        Raises:
            LofiError: it is a sound.
        """
        if self.song is None:
            raise LofiError("this takes notes, and a sound came")
        return self.song

    @property
    def piece(self) -> Any:
        """Its notes as a NoteSequence."""
        return read_midi(self.notes.to_bytes())

    @property
    def has_tempo(self) -> bool:
        """Whether its file tells a tempo."""
        return bool(self.notes.metas(SET_TEMPO))


@dataclasses.dataclass(frozen=True)
class Made:
    """A clip that a tool has made.

    Attributes:
        content: a MIDI or WAV file.
        part: what it is, where the tool knows.
        model: that made it.
        options: all that it was made by, to make it again.
        plan: the YAML of a track.
        seed: where it is another than the run's.
    """

    content: bytes
    part: str | None = None
    model: str | None = None
    options: dict[str, Any] = dataclasses.field(default_factory=dict)
    plan: str | None = None


@dataclasses.dataclass(frozen=True)
class Run:
    """One run of a tool.

    Attributes:
        seed: what is drawn by.
        options: as they were given.
        sources: clips and notes.
        qpm, key: of the session.
        models: all there are.
        tracks: that have plans.
        folder: of the session.
        job: that it is done in.
    """

    seed: int
    options: Any
    sources: Sequence[Source]
    qpm: float
    key: str | None
    models: Models
    tracks: Tracks
    folder: Path
    job: Job | None = None

    def given(self, *names: str) -> dict[str, Any]:
        """Returns the options of those names that the tool has and that were given."""
        values = {name: getattr(self.options, name, None) for name in names}
        return {name: value for name, value in values.items() if value not in (None, "")}

    def how(self, model: str, **other: Any) -> GenerationConfig:
        """Returns how a model draws, as `lofi_generate` does."""
        how = GenerationConfig(seed=self.seed, **other)
        return how.at_temperature(self.options.temperature, self.models.config(model))

    def made(self, content: Any, part: str | None, model: str, **used: Any) -> Made:
        """Returns a piece or a song as a clip; `used` are options that have defaults elsewhere."""
        options = {**self.options.model_dump(exclude_none=True), **used}
        return Made(content_of(content), part, model, {k: v for k, v in options.items() if v != ""})

    def tell(self, done: int, total: int, text: str) -> None:
        """Says how far it is."""
        if self.job is not None:
            self.job.progress(done, total, text)


def content_of(piece: Any) -> bytes:
    """Returns the MIDI file of a piece, as `lofi_generate` writes it."""
    return piece.to_bytes() if isinstance(piece, Song) else midi_bytes(from_zero(piece))


@dataclasses.dataclass(frozen=True)
class Tool:
    """What makes clips.

    Attributes:
        name: in addresses and files.
        title, hint: for people.
        least, most: how many inputs it takes.
        kinds: of inputs.
        names: of their places.
        parts: that fit best.
        options: their class.
        run: makes clips.
        check: refuses what could not be done, before it waits for its turn.
        models: names of those that may play for it.
        is_slow: whether it takes long.
        is_there: whether it can be used here.
    """

    name: str
    title: str
    hint: str
    options: type[Options]
    run: Callable[[Run], list[Made]]
    least: int = 0
    most: int = 0
    kinds: tuple[Literal["notes", "sound"], ...] = ("notes",)
    names: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    check: Callable[[Run], None] = lambda run: None
    models: tuple[str, ...] = ()
    is_slow: bool = False
    is_there: Callable[[Models], bool] = lambda models: True

    def shape(self, models: Models) -> shapes.Tool:
        """Returns it as the API tells of it."""
        fields = [_option(name, field, models) for name, field in self.options.model_fields.items()]
        inputs = shapes.Inputs(
            least=self.least, most=self.most, kinds=list(self.kinds),
            names=list(self.names), parts=list(self.parts),
        )  # fmt: skip
        return shapes.Tool(
            name=self.name, title=self.title, hint=self.hint, inputs=inputs, fields=fields,
            is_slow=self.is_slow,
        )  # fmt: skip


def _option(name: str, field: Any, models: Models) -> shapes.Option:
    choices = field.json_schema_extra.choices
    choices = choices(models) if callable(choices) else choices
    bounds = {type(one).__name__: one for one in field.metadata}
    return shapes.Option(
        name=name,
        title=field.title,
        hint=field.description,
        type="choice" if choices else _type_of(field.annotation),
        least=getattr(bounds.get("Ge"), "ge", None),
        most=getattr(bounds.get("Le"), "le", None),
        step=field.json_schema_extra.step,
        default=field.default,
        choices=None if not choices else [shapes.Choice(value=v, title=t) for v, t in choices],
    )


def _type_of(annotation: Any) -> Literal["number", "integer", "text", "switch"]:
    """Returns what a field holds, of an annotation such as `int | None`."""
    if annotation in _TYPES:
        return _TYPES[annotation]
    return next(_type_of(one) for one in get_args(annotation) if one is not NoneType)
