"""Command: notes with their sound, rendered or recorded, to example shards of pairs."""

import argparse
import sys

from lofi_tf.cli.flags import Parser, add_bool
from lofi_tf.errors import LofiError
from pipelines.command import (
    add_errors_file,
    add_log,
    add_shards,
    check_shards,
    pipeline_parser,
    run_command,
)

INSTRUMENTS = "piano,flute,alto_sax,trumpet,violin"
COUNTS = ("num_chords", "num_phrases", "seed")
RENDERING = ("velocities", "tunings", "pitches", "soundfont", *COUNTS)  # nothing to recordings
VELOCITIES, TUNINGS = "20,44,70,96,122", "-15,-5,0,5,15"


def build_parser() -> Parser:
    """Returns the parser of this command's own flags."""
    parser = pipeline_parser(
        "prepare_paired",
        "Makes pairs of sound and notes for training: notes, chords and phrases rendered with a "
        "SoundFont, and folders of recorded single notes. Spectra are constant-Q.",
    )
    flag = parser.add_argument
    flag("--output_dir", required=True, help="folder for shards and info.json")
    _add_rendering(parser)
    flag(
        "--input_dir",
        help="folder with a sub-folder an instrument, of files named by their notes: C4.wav, "
        "As3_v96.ogg, G2_mf.flac",
    )
    flag(
        "--rename",
        default="",
        help="what sub-folders are called here: guitar-electric=electric_guitar,...",
    )
    flag(
        "--octaves",
        default="",
        help="by how many octaves names are too low, of instruments as they are called here: "
        "piano=1,... where middle C is C3",
    )
    _add_spectra(parser)
    add_shards(parser, "num_output_shards", 8)
    add_errors_file(parser)
    add_log(parser)
    return parser


def _add_rendering(parser: argparse.ArgumentParser) -> None:
    """Adds the flags that say what is rendered."""
    flag = parser.add_argument
    add_bool(parser, "render", False, "render notes (default: where there is no --input_dir)")
    flag(
        "--instruments",
        help=f"names or General MIDI programs to render, or sub-folders to read (default: "
        f"{INSTRUMENTS}, or all sub-folders)",
    )
    flag("--velocities", default=VELOCITIES, help=f"of each note (default: {VELOCITIES})")
    flag("--tunings", default=TUNINGS, help=f"of each note, in cents (default: {TUNINGS})")
    flag("--pitches", help="MIDI pitches, such as 48-72 (default: an instrument's range)")
    flag("--num_chords", type=int, default=0, help="chords of each instrument (default: 0)")
    flag("--num_phrases", type=int, default=0, help="melodies of 6 s of each (default: 0)")
    flag("--soundfont", help="an .sf2 or .sf3 file (default: the one that comes along)")
    flag("--seed", type=int, default=0, help="of chords and phrases (default: 0)")


def _add_spectra(parser: argparse.ArgumentParser) -> None:
    """Adds the flags that say which spectra are kept."""
    flag = parser.add_argument
    flag("--sample_rate", type=int, default=22050, help="Hz (default: 22050)")
    flag("--hop_size", type=int, default=704, help="samples from a frame to the next")
    flag("--low_hz", type=float, default=30.0, help="centre of the lowest band (default: 30)")
    flag("--bins_per_octave", type=int, default=48, help="bands in an octave (default: 48)")
    flag("--num_bins", type=int, help="bands (default: up to 0.9 of half the rate)")
    flag("--floor_db", type=float, default=-100.0, help="what is less counts as this")
    flag("--frames", default="10-25", help="which frames of a note are kept (default: 10-25)")


def main(argv: list[str] | None = None) -> int:
    """Runs the command; returns 0, 2 for bad input, 1 for a failed run, 130 if interrupted."""
    return run_command(build_parser(), _prepare, argv)


def _prepare(args: argparse.Namespace, beam_flags: list[str]) -> None:
    """Does the whole work; raises LofiError where the flags or all files are bad."""
    from pipelines.paired_tasks import job_of
    from pipelines.shards_command import make_shards

    check_shards(args)
    _check_rendering(args)
    make_shards(args, beam_flags, job_of(args, INSTRUMENTS))


def _check_rendering(args: argparse.Namespace) -> None:
    """Refuses counts below 0, and flags that nothing would come of."""
    for name in COUNTS:
        if not 0 <= getattr(args, name) < 2**31:
            raise LofiError(f"--{name} must be 0 or more. Received: {getattr(args, name)}")
    if not args.input_dir:
        if args.rename:
            raise LofiError("--rename is for the sub-folders of --input_dir, which is not given")
        return
    defaults = build_parser()
    idle = [name for name in RENDERING if getattr(args, name) != defaults.get_default(name)]
    if idle and not args.render:
        flags = ", ".join(f"--{name}" for name in idle)
        need = "needs" if len(idle) == 1 else "need"
        raise LofiError(f"{flags} {need} --render, as --input_dir alone renders nothing")


if __name__ == "__main__":
    sys.exit(main())
