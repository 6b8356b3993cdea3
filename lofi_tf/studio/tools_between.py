"""The way between two clips."""

from typing import Any

from lofi_tf.errors import LofiError, unknown_name
from lofi_tf.generation import excerpts_of, interpolate
from lofi_tf.studio.tool import Made, Options, Run, Tool, option, temperature
from lofi_tf.studio.tools_change import BY_PART, PLAYERS, model
from lofi_tf.studio.tools_new import BEATS, ShortText


class InterpolateOptions(Options):
    """Of `interpolate`."""

    model: ShortText | None = model()
    num_outputs: int = option(
        5, "Steps", "on the way, both ends included", least=2, most=16, step=1
    )
    temperature: float | None = temperature()


def _run(run: Run) -> list[Made]:
    chosen = _fitting(run)
    backend, pieces = run.models[chosen], [source.piece for source in run.sources]
    excerpts = [excerpts_of(backend, piece) for piece in pieces]
    for source, excerpt in zip(run.sources, excerpts, strict=True):
        _check_single(source, len(excerpt.inputs))
    tempo = None if run.sources[0].has_tempo else run.qpm
    how = run.how(chosen, qpm=tempo).like(pieces[0])
    found = interpolate(backend, *excerpts, run.options.num_outputs, how)
    part = next((part for part, name in BY_PART.items() if name == chosen), None)
    return [run.made(piece, part, chosen, **({"qpm": tempo} if tempo else {})) for piece in found]


def _check_single(source: Any, count: int) -> None:
    if count != 1:
        what = source.clip.name if source.clip is not None else "the input"
        raise LofiError(
            f"the way is between two loops of the model's length; {what} holds {count} of them: "
            "cut one out, or take a shorter clip"
        )


def _fitting(run: Run) -> str:
    if run.options.model:
        return run.options.model
    parts = [source.clip.part for source in run.sources if source.clip is not None]
    return next((BY_PART[part] for part in parts if part in BY_PART), BEATS)


def _check(run: Run) -> None:
    if run.options.model and run.options.model not in run.models.exports:
        raise unknown_name("model", run.options.model, run.models.exports)


TOOLS = (
    Tool(
        *("interpolate", "Interpolate", "The way between two clips", InterpolateOptions, _run),
        *(2, 2),
        check=_check,
        names=("From", "To"),
        models=PLAYERS,
    ),
)
