"""`lofi_compose`: a finished lo-fi track: planned, played by the models, mixed, on tape."""

import argparse
import contextlib
import dataclasses
import importlib
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lofi_tf.cli.flags import Parser, add_runtime, command, is_verbose, logger
from lofi_tf.cli.latent_map import drawn_map, open_mappable
from lofi_tf.cli.sound_flags import add_sound_flags, check_pages, check_sound
from lofi_tf.errors import LofiError, check_range

MIDI = (".mid", ".midi")
OF_A_NEW_PLAN = ("minutes", "mood", "sections", "energy", "density")
OF_ANY_PLAN = ("qpm", "key", "swing", "preset")


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command's flags."""
    parser = Parser("lofi_compose", __doc__)
    flag = parser.add_argument
    flag(
        "--output",
        default="track.wav",
        help=".wav, .flac or .ogg, or .mid for the notes alone (default: %(default)s); the notes "
        "and the plan go beside it, as .mid and .yaml",
    )
    flag("--seed", type=int, help="the same seed and flags give the same track (default: drawn)")
    flag("--minutes", type=float, help="length, about (default: 2)")
    flag("--mood", help="calm, warm, sad, dreamy or bright (default: drawn)")
    flag("--qpm", type=float, help="tempo, quarter notes a minute (default: the mood's)")
    flag("--key", help="such as C, F#m or 'Bb minor' (default: drawn)")
    flag("--swing", type=float, help="0.5 is straight, 0.667 triplets (default: the mood's)")
    flag("--energy", type=float, help="of drums, bass and chords, 0 to 1 (default: the mood's)")
    flag("--density", type=float, help="of the melody, 0 to 1 (default: the mood's)")
    flag(
        "--sections",
        metavar="NAME:BARS,...",
        help="of intro, verse, hook, break, outro, such as intro:4,verse:8,hook:8,outro:4",
    )
    flag("--preset", help="sound, as lofi_render's (default: the mood's)")
    flag("--plan", metavar="FILE", help="the .yaml of a track: makes it again, or goes on from it")
    flag("--reseed", metavar="PARTS", help="with --plan: parts to draw anew, such as melody,bass")
    flag("--keep", metavar="PARTS", help="with --plan: parts that stay note for note")
    add_sound_flags(flag)
    add_runtime(flag)
    flag("--log", default="INFO", choices=["DEBUG", "INFO", "WARN", "ERROR", "FATAL"])
    return parser


def _run(args: argparse.Namespace) -> None:
    from lofi_tf import quiet
    from lofi_tf.composing.plan import save_plan

    plan = _plan(args)
    _check(args, plan)
    backend = open_mappable(args.map_model) if args.map_model else None
    output = Path(args.output)
    with quiet.imports():
        from lofi_tf.composing.compose import compose
    with ThreadPoolExecutor(1) as pool, _parts_shown(args.log) as shown:
        if not _is_midi(output):  # SciPy's filters take a second: meanwhile the models play
            pool.submit(importlib.import_module, "lofi_tf.rendering.render")
        track = compose(plan, on_part=shown)
    track.write(output if _is_midi(output) else output.with_suffix(".mid"))
    save_plan(plan, output.with_suffix(".yaml"))
    said = f"{track.piece.total_time:.0f} s"
    if not _is_midi(output):
        said = _render(args, plan, track)
    _draw(args, track, backend)
    about = f"--seed={plan.seed}, {plan.key}, {plan.qpm:g} a minute, {plan.mood}, {plan.preset}"
    logger(args.log)(
        f"Wrote {output}: {said} ({about}); its plan is {output.with_suffix('.yaml')}."
    )


def _plan(args: argparse.Namespace):
    """Returns the plan of the flags: a new one, or one that there is, changed."""
    from lofi_tf.composing.plan import load_plan
    from lofi_tf.composing.planning import PlanOptions, make_plan, parse_sections, reseeded

    seed = secrets.randbelow(2**31) if args.seed is None else args.seed
    check_range("--seed", seed, 0, 2**31 - 1)
    changes = {name: getattr(args, name) for name in OF_ANY_PLAN}
    changes = {name: value for name, value in changes.items() if value is not None}
    if args.plan is None:
        if args.reseed or args.keep:
            raise LofiError("--reseed and --keep change a track that there is: give its --plan")
        wishes = {name: getattr(args, name) for name in OF_A_NEW_PLAN}
        wishes = {name: value for name, value in wishes.items() if value is not None}
        if args.sections is not None:
            wishes["sections"] = parse_sections(args.sections)
        return make_plan(seed, PlanOptions(**wishes, **changes))
    for name in OF_A_NEW_PLAN:
        if getattr(args, name) is not None:
            how = "the bars of its sections" if name == "minutes" else "its values"
            raise LofiError(f"--{name} is of a new plan; change {how} in {args.plan}, a text file")
    if args.seed is not None and not args.reseed:
        raise LofiError("--seed with --plan draws parts anew: say which by --reseed")
    plan = dataclasses.replace(load_plan(args.plan), **changes)
    again, kept = (_names(text) for text in (args.reseed, args.keep))
    return reseeded(plan, seed, again, kept) if again or kept else plan


def _is_midi(output: Path) -> bool:
    return output.suffix.lower() in MIDI


def _names(text: str | None) -> list[str]:
    return [name.strip() for name in (text or "").split(",") if name.strip()]


def _check(args: argparse.Namespace, plan) -> None:
    """Refuses what could not be made or written later, before anything heavy is loaded."""
    from lofi_tf.composing.model_checks import check_models
    from lofi_tf.composing.plan import load_plan
    from lofi_tf.files import check_writable
    from lofi_tf.rendering.settings import load_preset
    from lofi_tf.rendering.sound_files import check_output

    check_pages(args)
    output = Path(args.output)
    if args.html and _is_midi(output):
        raise LofiError("--html has the sound: give an --output that is .wav, .flac or .ogg")
    check_output(output, MIDI)
    for name in ("stems_dir", "plugin"):
        if _is_midi(output) and getattr(args, name):
            raise LofiError(f"--{name} is of sound: give an --output that is .wav, .flac or .ogg")
    check_sound(args, plan.seed)
    load_preset(plan.preset)
    check_models(plan)
    own = output.with_suffix(".yaml")
    for path in (output, own, output.with_suffix(".mid")):
        check_writable(path)
    if args.plan and Path(args.plan).resolve() == own.resolve() and load_plan(args.plan) != plan:
        raise LofiError(f"the new plan would take the place of {args.plan}: give another --output")


def _render(args: argparse.Namespace, plan, track) -> str:
    """Writes the sound; returns what is to be said of it."""
    from lofi_tf.cli.render import shown_progress
    from lofi_tf.composing.compose import levels_of
    from lofi_tf.rendering.render import render

    with shown_progress() as progress:
        measured = render(
            track.piece,
            args.output,
            plan.preset,
            plan.seed,
            values={"gain_db": levels_of(plan)},
            soundfont=args.soundfont,
            drum_kit=args.drum_kit,
            stems_dir=args.stems_dir,
            plugins=args.plugin,
            progress=progress if is_verbose(args.log) else None,
        )
    return (
        f"{measured.seconds:.0f} s, {measured.loudness_lufs:.1f} LUFS, "
        f"true peak {measured.true_peak_db:.1f} dBTP"
    )


def _draw(args: argparse.Namespace, track, backend) -> None:
    """Writes the picture and the page, where they are asked for."""
    if not (args.png or args.html):
        return
    from lofi_tf.html import track_page, track_picture  # with SciPy's filters, a second to import

    plan, output = track.plan, Path(args.output)
    title, sound = output.stem, None if _is_midi(output) else output
    if args.png:
        track_picture(track.piece, args.png, track.sections, sound, title)
    if args.html:
        found = None
        if backend is not None:
            from lofi_tf.generation import GenerationConfig

            found = drawn_map(args, backend, GenerationConfig(seed=plan.seed, qpm=plan.qpm))
        facts = {"key": plan.key, "tempo": f"{plan.qpm:g} beats to the minute", "mood": plan.mood}
        facts |= {"preset": plan.preset, "seed": plan.seed}
        track_page(track.piece, args.html, sound, track.sections, title, facts, found)


@contextlib.contextmanager
def _parts_shown(log: str) -> Iterator[Callable[[str], None]]:
    """Gives what shows the part that is being played."""
    from lofi_tf.composing.plan import PARTS
    from lofi_tf.progress import open_progress

    if not is_verbose(log):
        yield lambda part: None
        return
    with open_progress(len(PARTS), " parts", desc="playing ", keep=False) as progress:
        yield lambda part: (progress.set_postfix({"part": part}), progress.update())


main = command(build_parser, _run)
