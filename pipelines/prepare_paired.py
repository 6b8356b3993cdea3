"""Command: notes with their sound, rendered or recorded, to example shards of pairs."""

import argparse
import os
import sys
import time
from pathlib import Path

from lofi_tf.cli.flags import Parser, add_bool
from lofi_tf.errors import LofiError
from pipelines.command import (
    add_log,
    add_splits,
    beam_options,
    check_splits,
    folder_beside,
    run_command,
)

PREFIX = "examples"
INSTRUMENTS = "piano,flute,alto_sax,trumpet,violin"
COUNTS = ("num_chords", "num_phrases", "seed")
RENDERING = ("velocities", "tunings", "pitches", "soundfont", *COUNTS)  # nothing to recordings
VELOCITIES, TUNINGS = "20,44,70,96,122", "-15,-5,0,5,15"


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of this command's own flags."""
    parser = Parser(
        "prepare_paired",
        "Makes pairs of sound and notes for training: notes, chords and phrases rendered with a "
        "SoundFont, and folders of recorded single notes. Spectra are constant-Q.",
        epilog="Any other flag goes to Apache Beam, such as --runner or --direct_num_workers.",
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
    flag("--num_output_shards", type=int, default=8, help="shards of each split (default: 8)")
    add_splits(parser)
    flag("--errors_file", help="write every refused file with its reason here")
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
    flag("--soundfont", help="an .sf2 file (default: the one that pretty_midi brings)")
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
    args, beam_flags = build_parser().parse_known_args(argv)
    return run_command("prepare_paired", args.log, lambda: _prepare(args, beam_flags))


def _prepare(args: argparse.Namespace, beam_flags: list[str]) -> None:
    """Does the whole work; raises LofiError where the flags or all files are bad."""
    from lofi_tf.data.storage.example_shards import info_name
    from lofi_tf.files import check_writable
    from pipelines import paired_tasks
    from pipelines.example_reports import print_summary, splits_text

    start_seconds = time.monotonic()
    check_splits(args, "num_output_shards")
    _check_rendering(args)
    tasks = paired_tasks.tasks_of(args, INSTRUMENTS)
    prefix = Path(os.path.expanduser(args.output_dir)) / PREFIX
    check_writable(info_name(prefix))
    if args.errors_file:
        check_writable(os.path.expanduser(args.errors_file))
    options = beam_options(beam_flags, tasks.size_bytes)
    with folder_beside(prefix) as parts_dir:
        report = _run(args, options, tasks, Path(parts_dir), prefix)
    if args.log in ("DEBUG", "INFO", "WARN"):
        print_summary(report)
        seconds = time.monotonic() - start_seconds
        print(f"{splits_text(report)} examples in {seconds:.1f} s -> {args.output_dir}")


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


def _run(args, options, tasks, parts_dir, prefix):
    """Renders and reads, puts the shards in their place and returns the report."""
    from pipelines import paired_pipeline as paired
    from pipelines.errors_file import write_errors
    from pipelines.example_reports import Names, collect, publish
    from pipelines.example_splits import Splitter
    from pipelines.group_work import PROGRESS
    from pipelines.progress import workers_progress
    from pipelines.shard_pipeline import Output, run

    splitter = Splitter.of(args.validation_split, args.split_file)
    output = Output(splitter, args.num_output_shards, str(parts_dir.absolute()))
    settings = paired.Settings(tasks.component, tasks.input_dir, tasks.soundfont, output)
    with workers_progress(args.log, parts_dir / PROGRESS, tasks.count, "take"):
        run(tasks.groups, paired.ConvertGroup(settings), output, options)
    counted = {"files": tasks.num_files, "other_files": tasks.num_others}
    report = collect(parts_dir, counted, Names(paired.COUNTERS, paired.STAGES), splitter.splits)
    if args.errors_file:
        write_errors(report.refusals, os.path.expanduser(args.errors_file))
    if not report.num_examples:
        reasons = ", ".join(
            f"{count} {rule}" for rule, count in report.left_out[paired.REFUSED].items()
        )
        raise LofiError(
            f"nothing gives an example ({reasons or 'no source is in the split file'}); "
            "nothing was written"
        )
    publish(parts_dir, prefix, args.num_output_shards, _info(args, tasks, report))
    return report


def _info(args: argparse.Namespace, tasks, report) -> dict:
    """Returns what info.json says: the same for the same input and flags."""
    from lofi_tf.data.converters.build import build_converter
    from lofi_tf.data.storage.example_shards import SCHEMA_VERSION

    converter = build_converter(tasks.component)
    return {
        "schema_version": SCHEMA_VERSION,
        "made_by": "prepare_paired",
        "config": {"name": "paired", "data": {"converter": tasks.component}},
        "spectra": {
            "bands": converter.num_bands,
            "frame_seconds": converter.frame_seconds,
            "normalisation": f"1 - dB / {args.floor_db:g}",
        },
        "rendered": tasks.rendered,
        "octaves": args.octaves,
        "example_spec": report.spec,
        "num_shards": args.num_output_shards,
        "splits": report.splits,
        "split_by": os.path.basename(args.split_file) if args.split_file else args.validation_split,
        "counters": report.counters,
        "left_out": report.left_out,
    }


if __name__ == "__main__":
    sys.exit(main())
