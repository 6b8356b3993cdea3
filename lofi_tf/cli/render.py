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
    flag("--preset", default=DEFAULT_PRESET, help=f"{names}, or a YAML file (default: %(default)s)")
    about = "a file that comes round: its bars, to the sample, with what rings on at its beginning"
    add_bool(parser, "loop", False, about)
    add_sound_flags(flag)
    flag("--seed", type=int, default=0, help="of noise, wow, flutter, hits and map (default: 0)")
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


def _run(args: argparse.Namespace) -> None:
    from lofi_tf.html.page import page_of_file
    from lofi_tf.html.picture import picture_of_file
    from lofi_tf.rendering.render import check_music, render
    from lofi_tf.rendering.settings import load_preset
    from lofi_tf.rendering.sound_files import check_output

    check_pages(args)
    check_music(args.input)
    check_output(Path(args.output))
    load_preset(args.preset).replace(_values(args))
    check_sound(args, max(0, args.seed))
    backend = open_mappable(args.map_model) if args.map_model else None
    with shown_progress() as progress:
        measured = render(
            args.input,
            args.output,
            args.preset,
            args.seed,
            values=_values(args),
            soundfont=args.soundfont,
            drum_kit=args.drum_kit,
            stems_dir=args.stems_dir,
            plugins=args.plugin,
            loop=args.loop,
            progress=progress,
        )
    if args.png:
        picture_of_file(args.input, args.png, args.output)
    if args.html:
        found = _map(args, backend) if backend else None
        page_of_file(args.input, args.html, args.output, found)
    stems = f", {len(measured.stems)} stems in {args.stems_dir}" if measured.stems else ""
    log(
        f"Wrote {args.output}: {measured.seconds:.1f} s, {measured.loudness_lufs:.1f} LUFS, "
        f"true peak {measured.true_peak_db:.1f} dBTP{stems}."
    )


def _map(args: argparse.Namespace, backend) -> dict:
    """Returns the map in the tempo of the piece."""
    from lofi_tf.generation import GenerationConfig
    from lofi_tf.rendering.render import sequence_of

    tempos = sequence_of(args.input).tempos
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
