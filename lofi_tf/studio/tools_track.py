"""Whole tracks: planned, and played part by part."""

import dataclasses
from pathlib import Path
from typing import Any

from lofi_tf.composing.model_checks import check_models
from lofi_tf.composing.plan import PARTS, Plan, load_plan, plan_text
from lofi_tf.composing.planning import PlanOptions, make_plan, moods, parse_sections, reseeded
from lofi_tf.errors import LofiError
from lofi_tf.studio.mix import checked_preset
from lofi_tf.studio.models import Models
from lofi_tf.studio.tool import Made, Options, Run, Tool, option
from lofi_tf.studio.tools_new import ShortText

OF_A_NEW_PLAN = ("minutes", "mood", "energy", "density", "sections")
OF_ANY_PLAN = ("qpm", "key", "swing", "preset")


class ComposeOptions(Options):
    """Of `compose`."""

    minutes: float | None = option(
        None, "Minutes", "about how long; auto is 2", least=0.25, most=30
    )
    mood: ShortText | None = option(
        None, "Mood", "auto draws one", choices=[(name, name.capitalize()) for name in moods()]
    )
    key: ShortText | None = option(None, "Key", "such as C, F#m or Bb minor; auto draws one")
    qpm: float | None = option(
        None, "Tempo", "beats a minute; auto is the mood's", least=40, most=200, step=1
    )
    swing: float | None = option(
        None, "Swing", "0.5 is straight, 0.667 triplets", least=0.5, most=0.75, step=0.01
    )
    energy: float | None = option(
        None, "Energy", "of drums, bass and chords", least=0, most=1, step=0.05
    )
    density: float | None = option(
        None, "Melody", "how much there is of it", least=0, most=1, step=0.05
    )
    sections: ShortText | None = option(
        None, "Sections", "with their bars, such as intro:4,verse:8,hook:8,outro:4"
    )
    preset: ShortText | None = option(None, "Sound", "of the render; auto is the mood's")
    keep: ShortText | None = option(
        None, "Keep", "of a track: parts that stay note for note, such as drums,bass"
    )
    reseed: ShortText | None = option(
        None, "Draw anew", "of a track: parts to draw again, such as melody"
    )


def plan_of_run(run: Run) -> Plan:
    """Returns the plan that is asked for: a new one, or that of a track, changed.

    Raises:
        LofiError: a value that does not fit.
    """
    changes = run.given(*OF_ANY_PLAN)
    if "preset" in changes:
        checked_preset(changes["preset"])
    if not run.sources:
        if run.given("keep", "reseed"):
            raise LofiError("keep and reseed change a track that there is: give its clip")
        wishes = run.given(*OF_A_NEW_PLAN)
        if "sections" in wishes:
            wishes["sections"] = parse_sections(wishes["sections"])
        if run.key and "key" not in changes:
            changes["key"] = run.key
        return make_plan(run.seed, PlanOptions(**wishes, **changes))
    new = run.given(*OF_A_NEW_PLAN)
    if new:
        raise LofiError(f"{next(iter(new))} is of a new track: leave it out, or leave the clip out")
    plan = dataclasses.replace(load_plan(_path(run)), **changes)
    again, kept = (_names(getattr(run.options, name)) for name in ("reseed", "keep"))
    return reseeded(plan, run.seed, again, kept) if again or kept else plan


def _path(run: Run) -> Path:
    clip = run.sources[0].clip
    if clip is None or not clip.has_plan:
        raise LofiError("this clip has no plan: give a track that was composed here, not edited")
    return run.folder / "plans" / f"{int(clip.id[1:]):04d}.yaml"


def _run(run: Run) -> list[Made]:
    plan, done = plan_of_run(run), []

    def on_part(name: str) -> None:
        run.tell(len(done), len(PARTS), name)
        done.append(name)

    track = run.tracks.of(plan, on_part)
    used: dict[str, Any] = {"key": plan.key, "qpm": plan.qpm, "mood": plan.mood}
    options = {**run.options.model_dump(exclude_none=True), **used, "preset": plan.preset}
    return [Made(track.to_bytes(), "song", None, options, plan_text(plan))]


def _check(run: Run) -> None:
    check_models(plan_of_run(run))


def _names(text: str | None) -> list[str]:
    return [name.strip() for name in (text or "").split(",") if name.strip()]


def _is_there(models: Models) -> bool:
    return all(part in models.exports for part in _players())


def _players() -> tuple[str, ...]:
    return tuple(part.model for part in make_plan(0).parts.values())


TOOLS = (
    Tool(
        *("compose", "Compose", "A whole track: drums, bass, chords, melody", ComposeOptions, _run),
        *(0, 1),
        check=_check,
        models=_players(),
        is_slow=True,
        is_there=_is_there,
    ),
)
