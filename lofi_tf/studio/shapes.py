"""What goes over the wire: the API's values, checked as they come in.

docs/studio_api.md tells of them; FastAPI makes the OpenAPI description of these classes.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict, WithJsonSchema

PARTS = ("drums", "bass", "chords", "melody")
LEAST_QPM, MOST_QPM = 20.0, 400.0
MOST_BEATS = 100_000.0
MOST_NOTES, MOST_TRACKS = 100_000, 256
MOST_SEED = 2**31 - 1


def printable(text: str) -> str:
    """Returns a text as it is; refuses signs that no file and no page shows."""
    if not text.isprintable():
        raise ValueError("text of signs that can be printed")
    return text


Text = Annotated[str, AfterValidator(printable)]
Qpm = Annotated[float, Field(ge=LEAST_QPM, le=MOST_QPM)]
Seed = Annotated[int, Field(ge=0, le=MOST_SEED)]
ClipId = Annotated[str, Field(pattern=r"^c[1-9][0-9]{0,8}$")]
Byte = Annotated[int, Field(ge=0, le=127)]
Start = Annotated[float, Field(ge=0, le=MOST_BEATS)]
Length = Annotated[float, Field(ge=0, le=MOST_BEATS)]
Note = Annotated[tuple[Start, Length, Byte, Byte], Strict(False)]  # JSON has lists alone
Role = Literal["drums", "bass", "chords", "melody", "other"]


# Told without `prefixItems`, which readers of OpenAPI 3.1 still stumble over.
_PAIR = {"type": "array", "items": {"type": ["number", "string"]}, "minItems": 2, "maxItems": 2}
At = Annotated[tuple[float, str], WithJsonSchema(_PAIR)]


class Shape(BaseModel):
    """A value of the API: no name but those it has, no number but finite ones."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)


class Clip(Shape):
    """A loop, a piece or a sound in the tray."""

    id: ClipId
    name: str
    kind: Literal["notes", "sound"]
    part: Literal["drums", "bass", "chords", "melody", "song", "sound"]
    starred: bool = False
    tool: str | None = Field(description="what made it; null of what has come from outside")
    model: str | None = None
    seed: int | None = None
    options: dict[str, Any] = Field(default_factory=dict, description="of the tool")
    made_from: list[str] = Field(default_factory=list, description="ids of clips")
    created: str = Field(description="ISO 8601, UTC")
    file: str = Field(description="in the session folder")
    qpm: float
    bars: int
    beats_per_bar: float = Field(description="quarter notes")
    beats: float = Field(description="length of the loop in quarter notes")
    seconds: float
    key: str | None = None
    chords: list[At] = Field(default_factory=list, description="beat and symbol")
    sections: list[At] = Field(default_factory=list, description="beat and name")
    has_plan: bool = False
    version: int = Field(1, description="goes up with each edit")
    peaks: list[float] | None = Field(None, description="of sounds, 0 to 1")


class Track(Shape):
    """One track of notes; a note is start and length in beats, pitch and velocity."""

    name: Annotated[Text, Field(max_length=200)] = ""
    part: Role = "other"
    program: Byte = 0
    is_drum: bool = False
    notes: Annotated[list[Note], Field(max_length=MOST_NOTES)]


class Notes(Shape):
    """Notes in beats, which are quarter notes."""

    qpm: Qpm
    beats: Annotated[float, Field(gt=0, le=MOST_BEATS)]
    beats_per_bar: Annotated[float, Field(gt=0, le=64)] = 4.0
    tracks: Annotated[list[Track], Field(max_length=MOST_TRACKS)]


Place = Annotated[  # bar and clip
    tuple[Annotated[int, Field(ge=0, le=10_000)], ClipId], Strict(False)
]
Lane = Annotated[list[Place], Field(max_length=2000)]


class Lanes(Shape):
    """Which clip begins at which bar, by part."""

    drums: Lane = []
    bass: Lane = []
    chords: Lane = []
    melody: Lane = []


class Arrangement(Shape):
    """Clips on lanes; what is locked stays when the rest is drawn anew."""

    lanes: Lanes = Lanes()
    locked: Annotated[list[Annotated[Text, Field(max_length=80)]], Field(max_length=200)] = []


class Session(Shape):
    """All of the session but the notes of its clips."""

    folder: str
    qpm: float
    key: str | None
    preset: str
    presets: list[str]
    clips: list[Clip]
    arrangement: Arrangement
    can_undo: bool
    can_redo: bool
    version: int


class Settings(Shape):
    """What of the session is to change."""

    qpm: Qpm | None = None
    key: Annotated[Text, Field(max_length=20)] | None = Field(None, description="'' for none")
    preset: Annotated[Text, Field(max_length=40)] | None = None
    arrangement: Arrangement | None = None


class ClipChange(Shape):
    """What of a clip is to change."""

    name: Annotated[Text, Field(min_length=1, max_length=120)] | None = None
    starred: bool | None = None


class Choice(Shape):
    """A value that a field may have."""

    value: str
    title: str


class Option(Shape):
    """An option of a tool, as a page shows it."""

    name: str
    title: str
    hint: str
    type: Literal["number", "integer", "text", "choice", "switch"]
    least: float | None = None
    most: float | None = None
    step: float | None = None
    default: Any = None
    choices: list[Choice] | None = None


class Inputs(Shape):
    """How many clips a tool takes, and which."""

    least: int
    most: int
    kinds: list[Literal["notes", "sound"]]
    names: list[str] = Field(default_factory=list, description="titles of their places")
    parts: list[str] = Field(default_factory=list, description="that fit best")


class Tool(Shape):
    """What makes clips."""

    name: str
    title: str
    hint: str
    inputs: Inputs
    fields: list[Option]
    is_slow: bool


class Model(Shape):
    """A model, and what it is for."""

    name: str
    summary: str
    tools: list[str]
    styles: list[str]


class Job(Shape):
    """One run of a tool."""

    id: str
    tool: str
    state: Literal["waiting", "running", "done", "failed", "stopped"]
    done: int
    total: int
    text: str
    error: str | None
    clips: list[str]
    seconds: float


class MapPoint(Shape):
    """A place on a map, from 0 to 1, and what its music measures."""

    id: int
    x: float
    y: float
    value: float


class Map(Shape):
    """A model's latent as a landscape."""

    points: list[MapPoint]
    axes: list[str] = Field(description="what changes along x and y")
    measure: str = Field(description="what the values are of")


class Started(Shape):
    """A job that has been taken."""

    job: Job


class Clips(Shape):
    """Clips that a file has become."""

    clips: list[Clip]


class Problem(Shape):
    """What is wrong, what is allowed and what came."""

    error: str


class Input(Shape):
    """What a tool is given: a clip or notes, one of the two."""

    clip: ClipId | None = None
    notes: Notes | None = None
