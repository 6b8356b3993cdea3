"""Tools that change a part of a clip and leave all else of its file as it was."""

from collections.abc import Callable
from typing import Any

from lofi_tf.errors import LofiError, unknown_name
from lofi_tf.generation import changed_song
from lofi_tf.generation.attributes import attributes_path, load_vectors
from lofi_tf.music.bars import bars_named
from lofi_tf.music.drum_classes import drums_named
from lofi_tf.music.feel import traits_named
from lofi_tf.music.progressions import progression
from lofi_tf.music.song_parts import parts_for, parts_of
from lofi_tf.studio.clips import role_in
from lofi_tf.studio.models import Models
from lofi_tf.studio.tool import Made, Options, Run, Tool, option, outputs, temperature
from lofi_tf.studio.tools_new import BASS, BEATS, CHORDS, MELODY, OVER_CHORDS, ShortText

BY_PART = {"drums": BEATS, "chords": CHORDS, "bass": BASS, "melody": MELODY}
PLAYERS = tuple(BY_PART.values())
HUMANIZER, TAPPER = "groove_humanize", "groove_tap2drum"
HATS, TRANSFERRER = "groovae_2bar_add_closed_hh", "groove_transfer"


def track() -> Any:
    """Returns the field that says which part of a song changes."""
    return option(None, "Part", "which track changes, by name or number; auto takes what fits")


def model() -> Any:
    """Returns the field of who plays, where several can."""
    hint = "who plays; auto takes who fits the clip"
    return option(None, "Model", hint, choices=lambda models: _known(models))


class ContinueOptions(Options):
    """Of `continue`."""

    model: ShortText | None = model()
    track: ShortText | None = track()
    length_bars: int | None = option(
        None, "Length", "new bars; auto is the model's own", least=1, most=64, step=1
    )
    chords: ShortText | None = option(None, "Chords", "to go on over, where the model takes them")
    amount: float | None = option(
        None, "Change", "how far it goes from what was there", least=0, most=1, step=0.05
    )
    temperature: float | None = temperature()
    num_outputs: int = outputs(1)


def kept(hint: str) -> Any:
    """Returns the field of what of a feel stays."""
    names = {"none": "Nothing", "swing": "Swing", "accents": "Accents"}
    return option(
        None, "Keep", hint, choices=[*names.items(), ("swing,accents", "Swing and accents")]
    )


class HumanizeOptions(Options):
    """Of `humanize`."""

    amount: float = option(
        1.0, "Amount", "0 leaves it, 1 is a drummer's feel, more exaggerates", least=0, most=1.5,
        step=0.05,
    )  # fmt: skip
    keep: ShortText | None = kept("of your own feel")
    track: ShortText | None = track()
    temperature: float | None = temperature()
    num_outputs: int = outputs(1)


class DrumifyOptions(Options):
    """Of `drumify`."""

    track: ShortText | None = track()
    temperature: float | None = temperature()
    num_outputs: int = outputs(1)


class VaryOptions(Options):
    """Of `vary`."""

    model: ShortText | None = model()
    track: ShortText | None = track()
    amount: float | None = option(
        None, "Amount", "how far it may go, 0 to 1", least=0, most=1, step=0.05
    )
    attributes: ShortText | None = option(
        None, "Turn", "such as density=+1,swing=-0.5, where the model has them"
    )
    chords: ShortText | None = option(None, "Chords", "to play it over, where the model takes them")
    temperature: float | None = temperature()
    num_outputs: int = outputs(4)


class InfillOptions(Options):
    """Of `infill`."""

    bars: ShortText | None = option(None, "Bars", "to draw anew, such as 3-4 or 2,4")
    drums: ShortText | None = option(None, "Drums", "to draw anew, such as snare,toms")
    model: ShortText | None = model()
    track: ShortText | None = track()
    temperature: float | None = temperature()
    num_outputs: int = outputs(1)


class HatOptions(Options):
    """Of `add_hihats`."""

    track: ShortText | None = track()
    temperature: float | None = temperature()
    num_outputs: int = outputs(1)


class TransferOptions(Options):
    """Of `transfer`."""

    amount: float = option(1.0, "Amount", "how much of the feel", least=0, most=1.5, step=0.05)
    keep: ShortText | None = kept("of the hits' own feel")
    track: ShortText | None = track()
    temperature: float | None = temperature()
    num_outputs: int = outputs(1)


def _changing(mode: str, name: str | None, options: tuple[str, ...]) -> Callable[..., list[Made]]:
    """Returns the run of a mode; `name` is its model, None the one that fits."""

    def run(run: Run) -> list[Made]:
        chosen = name or _fitting(run)
        backend, song = run.models[chosen], run.sources[-1].notes
        tempo = None if run.sources[-1].has_tempo else run.qpm
        how, given = run.how(chosen, qpm=tempo), run.given(*options)
        if "attributes" in given:
            path = attributes_path(run.models.exports[chosen])
            given["attributes"] = _attributes(given["attributes"])
            given["vectors"] = load_vectors(path, backend)
        wishes = run.given("track", "bars", "length_bars", "chords")
        songs = [source.notes for source in run.sources]
        count = run.options.num_outputs
        changed = changed_song(backend, mode, songs, count, how, given, **wishes)
        run.tell(0, 1, "; ".join(changed.told))
        used = {} if tempo is None else {"qpm": tempo}
        part = _part(run, song)
        return [run.made(one, part, chosen, **used) for one in changed.songs]

    return run


def _part(run: Run, song: Any) -> str | None:
    clip = run.sources[-1].clip
    return clip.part if clip is not None and clip.part not in ("song", "sound") else None


def _fitting(run: Run) -> str:
    """Returns the model that was asked for, or the one that plays what the clip is."""
    if run.options.model:
        return run.options.model
    song, asked = run.sources[-1].notes, getattr(run.options, "track", None)
    if getattr(run.options, "chords", None):
        return OVER_CHORDS
    parts = parts_for(song, asked or None, None, "this") if asked else parts_of(song)
    roles = {role_in(song, part) for part in parts}
    if "drums" in roles or not roles:
        return BEATS
    return BY_PART[next(role for role in ("melody", "chords", "bass") if role in roles)]


def _attributes(text: str) -> dict[str, float]:
    """Returns how far to go along each attribute, of a text such as `density=+1,swing=-0.5`."""
    found = {}
    for one in text.split(","):
        name, _, value = one.partition("=")
        try:
            found[name.strip()] = float(value)
        except ValueError:
            value = "nan"
        if not -10 <= float(value) <= 10:
            raise LofiError(
                "attributes are names with numbers from -10 to 10, such as density=+1. "
                f"Received: {one!r}"
            )
    return found


def _check(run: Run) -> None:
    """Refuses options that no clip could obey."""
    given = run.given(*type(run.options).model_fields)
    if "model" in given and given["model"] not in run.models.exports:
        raise unknown_name("model", given["model"], run.models.exports)
    readers = {"bars": bars_named, "drums": drums_named, "keep": traits_named}
    readers |= {"attributes": _attributes, "chords": lambda text: progression(text, 1)}
    for name, read in readers.items():
        if name in given:
            read(given[name])
    song = run.sources[-1].notes
    parts_for(song, given.get("track"), None, "this")


def _check_infill(run: Run) -> None:
    if not run.given("bars", "drums"):
        raise LofiError(
            "say what to draw anew: bars, such as 3-4, or drums, such as snare,toms; the rest stays"
        )
    _check(run)


def _known(models: Models) -> list[tuple[str, str]]:
    return [(name, models.summary(name)) for name in (*PLAYERS, OVER_CHORDS, "groovae_4bar")
            if name in models.exports]  # fmt: skip


def _there(name: str) -> Callable[[Models], bool]:
    return lambda models: name in models.exports


TOOLS = (
    Tool(
        *("continue", "Continue", "What comes after a clip", ContinueOptions),
        _changing("continue_", None, ("amount",)),
        *(1, 1),
        check=_check,
        models=(*PLAYERS, OVER_CHORDS),
    ),
    Tool(
        *("humanize", "Humanize", "A drummer's feel for straight hits", HumanizeOptions),
        _changing("humanize", HUMANIZER, ("amount", "keep")),
        *(1, 1),
        check=_check,
        parts=("drums",),
        models=(HUMANIZER,),
        is_there=_there(HUMANIZER),
    ),
    Tool(
        *("drumify", "Drumify", "A beat for what you tap", DrumifyOptions),
        _changing("tap2drum", TAPPER, ()),
        *(1, 1),
        check=_check,
        models=(TAPPER,),
        is_there=_there(TAPPER),
    ),
    Tool(
        *("vary", "Vary", "More like this one", VaryOptions),
        _changing("vary", None, ("amount", "attributes")),
        *(1, 1),
        check=_check,
        models=(*PLAYERS, OVER_CHORDS),
    ),
    Tool(
        *("infill", "Infill", "Draws bars or drums anew and keeps the rest", InfillOptions),
        _changing("infill", None, ("drums",)),
        *(1, 1),
        check=_check_infill,
        parts=("drums", "melody"),
        models=(BEATS, MELODY),
    ),
    Tool(
        *("add_hihats", "Add hi-hats", "Closed hi-hats for a beat without", HatOptions),
        _changing("add_hihats", HATS, ()),
        *(1, 1),
        check=_check,
        parts=("drums",),
        models=(HATS,),
        is_there=_there(HATS),
    ),
    Tool(
        *("transfer", "Transfer", "The feel of one beat for another's hits", TransferOptions),
        _changing("groove_transfer", TRANSFERRER, ("amount", "keep")),
        *(2, 2),
        check=_check,
        names=("Feel of", "Hits of"),
        parts=("drums",),
        models=(TRANSFERRER,),
        is_there=_there(TRANSFERRER),
    ),
)
