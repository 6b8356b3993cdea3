"""`lofi_render`: a MIDI file to a finished audio file: played, mixed, through tape and vinyl."""

import argparse
import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from lofi_tf.cli.flags import Parser, add_bool, command, log
from lofi_tf.cli.latent_map import drawn_map, open_mappable
from lofi_tf.cli.sound_flags import add_sound_flags, check_pages, check_sound
from lofi_tf.errors import LofiError
from lofi_tf.rendering.settings import (
    DEFAULT_PRESET,
    OFF,
    RenderSettings,
    parse_levels,
    preset_names,
)


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command's flags."""
    parser = Parser("lofi_render", __doc__)
    flag = parser.add_argument
    flag("input", help="the music: MIDI, MusicXML or ABC")
    flag("output", help="the file to write: .wav or .flac (24 bits) or .ogg (Vorbis)")
    names = ", ".join(preset_names())
    of_mood = "with --lofi the mood's"
    about = f"{names}, or a YAML file (default: {DEFAULT_PRESET}; {of_mood})"
    flag("--preset", help=about)
    about = "a file that comes round: its bars, to the sample, with what rings on at its beginning"
    add_bool(parser, "loop", False, about)
    add_sound_flags(flag)
    about = "of noise, wow, flutter, hits and map, with --lofi of what is added (default: 0)"
    flag("--seed", type=int, default=0, help=about)
    _add_lofi_flags(parser)
    group = parser.add_argument_group(
        "settings", "Each in place of the preset's. Levels are by track or role (drums, bass, "
        "chords, melody, other) or for all: drums:-2,melody:1",
    )  # fmt: skip
    for field in dataclasses.fields(RenderSettings):
        about = field.metadata
        off = f", or {OFF}" if about["optional"] else ""
        help = f"{about['help']}; {about['low']:g} to {about['high']:g}{off}"
        group.add_argument(f"--{field.name}", help=help, metavar="VALUE")
    return parser


def _add_lofi_flags(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "a lo-fi track", "Of any song: its melody stays, drums, bass and chords are added that it "
        "lacks, and the MIDI file of what is heard goes beside the sound.",
    )  # fmt: skip
    about = "make a lo-fi track of the music first"
    group.add_argument("--lofi", action="store_true", help=about)
    group.add_argument("--mood", help="calm, warm, sad, dreamy or bright (default: drawn)")
    about = "tempo, quarter notes a minute (default: the song's, brought down to the mood's)"
    group.add_argument("--qpm", type=float, help=about)
    about = "0.5 is straight, 0.667 triplets (default: the mood's, if the song does not swing)"
    group.add_argument("--swing", type=float, help=about)


def _run(args: argparse.Namespace) -> None:
    from lofi_tf.rendering.render import check_music, render
    from lofi_tf.rendering.settings import load_preset
    from lofi_tf.rendering.sound_files import check_output

    check_pages(args)
    check_music(args.input)
    check_output(Path(args.output))
    load_preset(args.preset or DEFAULT_PRESET).replace(_values(args))
    check_sound(args, max(0, args.seed))
    _check_lofi(args)
    backend = open_mappable(args.map_model) if args.map_model else None
    track = _lofi_track(args) if args.lofi else None
    with shown_progress() as progress:
        measured = render(
            track.piece if track else args.input,
            args.output,
            args.preset or (track.plan.preset if track else DEFAULT_PRESET),
            args.seed,
            values=_levels(track, _values(args)),
            soundfont=args.soundfont,
            drum_kit=args.drum_kit,
            stems_dir=args.stems_dir,
            plugins=args.plugin,
            loop=args.loop,
            progress=progress,
        )
    _draw(args, track, backend)
    stems = f", {len(measured.stems)} stems in {args.stems_dir}" if measured.stems else ""
    log(
        f"Wrote {args.output}: {measured.seconds:.1f} s, {measured.loudness_lufs:.1f} LUFS, "
        f"true peak {measured.true_peak_db:.1f} dBTP{stems}."
    )


def _check_lofi(args: argparse.Namespace) -> None:
    """Refuses flags of a lo-fi track without one, and a MIDI file in the place of the song."""
    from lofi_tf.files import check_writable

    if not args.lofi:
        for name in ("mood", "qpm", "swing"):
            if getattr(args, name) is not None:
                raise LofiError(f"--{name} is of a lo-fi track: give --lofi too")
        return
    notes = Path(args.output).with_suffix(".mid")
    if notes.exists() and notes.samefile(args.input):
        raise LofiError(f"the track's notes would take the place of {notes}: give another output")
    check_writable(notes)


def _lofi_track(args: argparse.Namespace):
    """Returns the lo-fi track of the music, its MIDI file written and what was done said."""
    from lofi_tf.composing.arranging import arrange
    from lofi_tf.composing.planning import PlanOptions
    from lofi_tf.rendering.render import sequence_of

    wishes = PlanOptions(mood=args.mood, qpm=args.qpm, swing=args.swing)
    track = arrange(sequence_of(args.input), args.seed, wishes)
    track.write(Path(args.output).with_suffix(".mid"))
    for line in track.told.splitlines():
        log(line)
    return track


def _levels(track, values: dict[str, Any]) -> dict[str, Any]:
    """Returns the settings that flags give, over the levels of a track's instruments."""
    if track is None:
        return values
    from lofi_tf.composing.compose import levels_of

    return {**values, "gain_db": {**levels_of(track.plan), **values.get("gain_db", {})}}


def _draw(args: argparse.Namespace, track, backend) -> None:
    """Writes the picture and the page, where they are asked for."""
    if not (args.png or args.html):
        return
    from lofi_tf.html.page import page_of_file
    from lofi_tf.html.picture import picture_of_file

    music = Path(args.output).with_suffix(".mid") if track else args.input
    if args.png:
        picture_of_file(music, args.png, args.output)
    if args.html:
        found = _map(args, music, backend) if backend else None
        page_of_file(music, args.html, args.output, found)


def _map(args: argparse.Namespace, music: Any, backend) -> dict:
    """Returns the map in the tempo of the piece."""
    from lofi_tf.generation import GenerationConfig
    from lofi_tf.rendering.render import sequence_of

    tempos = sequence_of(music).tempos
    return drawn_map(
        args, backend, GenerationConfig(seed=args.seed, qpm=tempos[0].qpm if tempos else None)
    )


@contextlib.contextmanager
def shown_progress() -> Iterator[Callable[[int, int], None]]:
    """Gives what shows how many seconds are mixed of how many; it clears itself at the end."""
    from lofi_tf.progress import open_progress

    with contextlib.ExitStack() as stack:
        shown = []

        def show(done: int, total: int) -> None:
            if not shown:
                shown.append(stack.enter_context(open_progress(total, "s", keep=False)))
            shown[0].update(done - shown[0].n)

        yield show


def _values(args: argparse.Namespace) -> dict[str, Any]:
    """Returns the settings that flags give, by name."""
    found = {}
    for field in dataclasses.fields(RenderSettings):
        text = getattr(args, field.name)
        if text is not None:
            found[field.name] = _parsed(field, text)
    return found


def _parsed(field: dataclasses.Field, text: str) -> Any:
    """Returns a flag's value; what is no number is left to the settings to refuse."""
    if field.default is dataclasses.MISSING:
        return parse_levels(text)
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


main = command(build_parser, _run)
