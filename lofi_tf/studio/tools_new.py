"""Tools that make music from nothing: beats, chords, basses, melodies."""

from collections.abc import Callable
from fractions import Fraction
from typing import Annotated, Any

from pydantic import Field

from lofi_tf.errors import LofiError
from lofi_tf.generation import sample, sample_best
from lofi_tf.music.chords import ROOTS, UNKNOWN_CHORD, degrees_of, triad_of
from lofi_tf.music.progressions import progression
from lofi_tf.studio.models import Models
from lofi_tf.studio.shapes import LEAST_QPM, MOST_QPM, Clip, Text
from lofi_tf.studio.tool import Made, Options, Run, Tool, option, outputs, temperature

BEATS, CHORDS, BASS = "groove_4bar", "lofi_chords", "bass_2bar_chords"
OVER_CHORDS, MELODY = "cat-mel_2bar_med_chords", "cat-mel_2bar_small"
_MINOR_DEGREES = (2, 4, 9, 11)  # half steps above a major tonic: chords there have minor thirds
ShortText = Annotated[Text, Field(max_length=400)]


def qpm() -> Any:
    """Returns the field of the tempo."""
    hint = "beats a minute; auto is the session's"
    return option(None, "Tempo", hint, least=LEAST_QPM, most=MOST_QPM, step=1)


def best_of() -> Any:
    """Returns the field of how many are drawn for each."""
    hint = "draws so many and keeps the best by ear of a judge; more take longer"
    return option(None, "Best of", hint, least=1, most=32, step=1)


def length_bars() -> Any:
    """Returns the field of the length."""
    return option(None, "Length", "bars; auto is the model's own", least=1, most=64, step=1)


class BeatOptions(Options):
    """Of `generate`."""

    model: ShortText = option(
        BEATS, "Model", "who plays", choices=lambda models: makers(models, "beat")
    )
    style: ShortText | None = option(
        None, "Style", "what it leans to", choices=lambda models: _styles(models)
    )
    qpm: float | None = qpm()
    density: float | None = option(
        None, "Density", "hits a bar; auto lets the model choose", least=1, most=64, step=1
    )
    temperature: float | None = temperature()
    best_of: int | None = best_of()
    num_outputs: int = outputs(1)
    length_bars: int | None = length_bars()


class ChordOptions(Options):
    """Of `chords`."""

    qpm: float | None = qpm()
    temperature: float | None = temperature()
    best_of: int | None = best_of()
    num_outputs: int = outputs(1)
    length_bars: int | None = length_bars()


class LineOptions(Options):
    """Of `bass` and `melody`."""

    chords: ShortText | None = option(
        None, "Chords", "such as Am7 F C G; auto takes those of the clip"
    )
    qpm: float | None = qpm()
    temperature: float | None = temperature()
    best_of: int | None = best_of()
    num_outputs: int = outputs(1)
    length_bars: int | None = length_bars()


def makers(models: Models, loop: str) -> list[tuple[str, str]]:
    """Returns models that make a kind of music from nothing, with what they say of themselves."""
    found = []
    for name in models.exports:
        converter = models.converter(name)
        if converter.medium == "notes" and converter.loop == loop and not converter.modes:
            found.append((name, models.summary(name)))
    return found


def _styles(models: Models) -> list[tuple[str, str]]:
    return [(name, name.capitalize()) for name in models.styles(BEATS)]


def _sample(run: Run, model: str, part: str, **more: Any) -> list[Made]:
    """Returns new music, as `lofi_generate --mode=sample` makes it."""
    backend, tempo = run.models[model], more.pop("qpm", None) or run.qpm
    controls = {name: more.pop(name) for name in ("style", "density") if name in more}
    how = run.how(model, qpm=tempo, **controls)
    wishes = {**run.given("length_bars"), **more}
    count, draws = run.options.num_outputs, run.options.best_of
    if draws is None:
        pieces = sample(backend, count, how, **wishes)
    else:
        pieces = sample_best(backend, count, draws, how, **wishes)
    return [run.made(piece, part, model, qpm=tempo, **wishes) for piece in pieces]


def _beats(run: Run) -> list[Made]:
    return _sample(run, run.options.model, "drums", **run.given("style", "density", "qpm"))


def _check_beats(run: Run) -> None:
    name = run.options.model
    known = [model for model, _ in makers(run.models, "beat")]
    if name not in known:
        raise LofiError(f"model must be one of {', '.join(known)}. Received: {name!r}")
    converter = run.models.converter(name)
    controls = converter.own_controls(1, 120.0, 0)
    converter.conditioned(controls, run.options.style or None, run.options.density)


def _chords(run: Run) -> list[Made]:
    return _sample(run, CHORDS, "chords", **run.given("qpm"))


def _line(part: str, model: Callable[[str | None], str]) -> Callable[[Run], list[Made]]:
    def run_line(run: Run) -> list[Made]:
        chords, clip = _asked(run)
        more: dict[str, Any] = {} if chords is None else {"chords": chords}
        if clip is not None and run.options.length_bars is None and chords is not None:
            more["length_bars"] = clip.bars
        tempo = run.options.qpm or (clip.qpm if clip is not None else None)
        return _sample(run, model(chords), part, qpm=tempo, **more)

    return run_line


def _asked(run: Run) -> tuple[str | None, Clip | None]:
    """Returns the chords to play over, as `lofi_generate` takes them, and the clip they are of."""
    clip = run.sources[0].clip if run.sources else None
    if run.options.chords:
        return run.options.chords, clip
    return (None if clip is None else chord_text(clip)), clip


def chord_text(clip: Clip) -> str | None:
    """Returns the chords of a clip as a text such as `Am7:1 F:1`; None where it has none."""
    starts = [Fraction(beat / clip.beats_per_bar).limit_denominator(96) for beat, _ in clip.chords]
    ends = [*starts[1:], Fraction(clip.bars)]
    spans = zip(clip.chords, starts, ends, strict=True)
    words = (
        f"{with_third(name, clip.key)}:{end - start}"
        for (_, name), start, end in spans
        if end > start
    )
    return " ".join(words) or None


def with_third(figure: str, key: str | None) -> str:
    """Returns a chord that models of lines know: of one that is no triad, the triad on its root.

    Suspensions and bare fifths leave the third open: it is minor where the key, or C, says so.
    """
    found = degrees_of(figure)
    if found is None or triad_of(figure) != UNKNOWN_CHORD:
        return figure
    root, _ = found
    is_minor = (root - _major_tonic(key or "C")) % 12 in _MINOR_DEGREES
    return ROOTS[root] + "m" * is_minor


def _major_tonic(key: str) -> int:
    """Returns the tonic, 0 to 11, of a key such as `Am`, or of its relative major."""
    root, degrees = degrees_of(key) or (0, {})
    return (root + 3 * (degrees.get(3) == -1)) % 12


def _check_line(needs_chords: bool) -> Callable[[Run], None]:
    def check(run: Run) -> None:
        chords, _ = _asked(run)
        if chords is not None:
            progression(chords, 1)
        elif needs_chords:
            raise LofiError("give chords, such as 'Am7 F C G', or a clip that has some")

    return check


TOOLS = (
    Tool(
        *("generate", "Generate", "A new beat", BeatOptions, _beats),
        check=_check_beats,
        models=(BEATS, "groovae_4bar", "cat-drums_2bar_small"),
    ),
    Tool(*("chords", "Chords", "A new chord progression", ChordOptions, _chords), models=(CHORDS,)),
    Tool(
        *("bass", "Bass", "A bass line over chords, or over a clip that has some", LineOptions),
        _line("bass", lambda chords: BASS),
        most=1,
        check=_check_line(needs_chords=True),
        models=(BASS,),
    ),
    Tool(
        *("melody", "Melody", "A melody, over chords if you like", LineOptions),
        _line("melody", lambda chords: MELODY if chords is None else OVER_CHORDS),
        most=1,
        check=_check_line(needs_chords=False),
        models=(MELODY, OVER_CHORDS),
    ),
)
