"""Command: a folder of audio files to example shards of clips, ready for training."""

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

PREFIX = "examples"  # what the names of shards and info.json begin with
DEFAULT_LOUDNESS = "-23LUFS"  # EBU R 128


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of this command's own flags."""
    parser = Parser(
        "prepare_audio",
        "Cuts the recordings of a folder (WAV, FLAC, Ogg, MP3, AIFF) into clips for training, at "
        "one or several sample rates: silent clips dropped, each clip once, split by recording. "
        "Files that cannot be read are counted and passed over.",
        epilog="Any other flag goes to Apache Beam, such as --runner or --direct_num_workers.",
    )
    flag = parser.add_argument
    flag("--input_dir", required=True, help="folder of audio files")
    flag("--output_dir", required=True, help="folder for shards and info.json")
    add_bool(parser, "recursive", False, "look into sub-folders too (default: false)")
    _add_clips(parser)
    flag("--features", default="waveform", choices=["waveform", "mel", "cqt"], help="what is kept")
    flag("--feature_options", default="", help="of mel or cqt, such as num_bins=64,hop_size=128")
    flag("--num_output_shards", type=int, default=32, help="shards of each split (default: 32)")
    add_splits(parser)
    flag("--errors_file", help="write every refused file with its reason here")
    add_log(parser)
    return parser


def _add_clips(parser: argparse.ArgumentParser) -> None:
    """Adds the flags that say which clips there are."""
    flag = parser.add_argument
    flag(
        "--sample_rate",
        default="16000",
        help="Hz, or several for the same clips at each: 16000,8000,3000 (default: 16000)",
    )
    flag("--clip_seconds", type=float, required=True, help="length of a clip")
    flag("--hop_seconds", type=float, help="from a clip's begin to the next (default: the length)")
    channels = parser.add_mutually_exclusive_group()
    channels.add_argument(
        "--mono", dest="channels", action="store_const", const=1, help="one channel (default)"
    )
    channels.add_argument(
        "--stereo", dest="channels", action="store_const", const=2, help="two channels"
    )
    parser.set_defaults(channels=1)
    add_bool(parser, "pad_last", False, "keep the last partial clip, padded (default: false)")
    flag(
        "--normalize_loudness",
        nargs="?",
        const=DEFAULT_LOUDNESS,
        metavar="LEVEL",
        help="bring each recording to a loudness, such as -16LUFS, or to an RMS, such as -20dB "
        f"({DEFAULT_LOUDNESS} where no level is given; default: as it is)",
    )
    flag(
        "--silence_db",
        default="-60",
        help="drop clips whose RMS is below; none for none (default: -60)",
    )


def main(argv: list[str] | None = None) -> int:
    """Runs the command; returns 0, 2 for bad input, 1 for a failed run, 130 if interrupted."""
    args, beam_flags = build_parser().parse_known_args(argv)
    return run_command("prepare_audio", args.log, lambda: _prepare(args, beam_flags))


def _prepare(args: argparse.Namespace, beam_flags: list[str]) -> None:
    """Does the whole work; raises LofiError where the flags or all files are bad."""
    from lofi_tf.data.storage.example_shards import info_name
    from lofi_tf.files import check_writable
    from pipelines.example_reports import print_summary, splits_text

    start_seconds = time.monotonic()
    component = _component(args)
    check_splits(args, "num_output_shards")
    found = _files(args)
    prefix = Path(os.path.expanduser(args.output_dir)) / PREFIX
    check_writable(info_name(prefix))
    if args.errors_file:
        check_writable(os.path.expanduser(args.errors_file))
    options = beam_options(beam_flags, found.size_bytes)
    with folder_beside(prefix) as parts_dir:
        report = _run(args, options, component, found, Path(parts_dir), prefix)
    if args.log in ("DEBUG", "INFO", "WARN"):
        print_summary(report)
        seconds = time.monotonic() - start_seconds
        print(f"{splits_text(report)} examples in {seconds:.1f} s -> {args.output_dir}")


def _component(args: argparse.Namespace) -> dict:
    """Returns the converter that the flags describe, all its options written out."""
    import dataclasses

    from lofi_tf.data.converters.build import build_converter

    options = {
        "kind": "waveform" if args.features == "waveform" else "spectrum",
        "sample_rates": [_number("sample_rate", text) for text in args.sample_rate.split(",")],
        "clip_seconds": args.clip_seconds,
        "hop_seconds": args.hop_seconds,
        "channels": args.channels,
        "pad_last": args.pad_last,
        "normalize_loudness": args.normalize_loudness,
        "silence_db": None,
    }
    if args.silence_db != "none":
        options["silence_db"] = _number("silence_db", args.silence_db)
    if options["kind"] == "spectrum":
        options["features"] = args.features
    for setting in filter(None, args.feature_options.split(",")):
        name, _, text = setting.partition("=")
        options[name.strip()] = _number("feature_options", text)
    made = dataclasses.asdict(build_converter(options))
    return {"kind": options["kind"]} | made | {"sample_rates": list(made["sample_rates"])}


def _number(flag: str, text: str) -> int | float:
    """Returns the number that a text is, whole if it is written so."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    raise LofiError(f"--{flag} must be a number. Received: {text!r}")


def _files(args: argparse.Namespace):
    from lofi_tf.audio.io import ENDINGS, is_audio_file
    from pipelines.folders import find_files

    input_dir = os.path.expanduser(args.input_dir)
    if not os.path.isdir(input_dir):
        raise LofiError(f"no such folder. Received: --input_dir={args.input_dir}")
    found = find_files(input_dir, args.recursive, is_audio_file)
    if not found.names:
        hint = "" if args.recursive else "; --recursive looks into sub-folders"
        raise LofiError(f"no file in {input_dir} ends in {', '.join(ENDINGS)}{hint}")
    return found


def _run(args, options, component, found, parts_dir, prefix):
    """Converts the files, puts the shards in their place and returns the report."""
    from pipelines import audio_pipeline as audio
    from pipelines.errors_file import write_errors
    from pipelines.example_reports import Names, collect, publish
    from pipelines.example_splits import Splitter
    from pipelines.group_work import PROGRESS
    from pipelines.progress import workers_progress
    from pipelines.shard_pipeline import Output, run

    splitter = Splitter.of(args.validation_split, args.split_file)
    input_dir = os.path.abspath(os.path.expanduser(args.input_dir))
    output = Output(splitter, args.num_output_shards, str(parts_dir.absolute()))
    convert = audio.ConvertGroup(audio.Settings(component, input_dir, output))
    groups = audio.make_groups(input_dir, found.names)
    with workers_progress(args.log, parts_dir / PROGRESS, len(found.names), "file"):
        run(groups, convert, output, options)
    counted = {"files": len(found.names), "other_files": found.num_others}
    names = Names(audio.COUNTERS, audio.STAGES)
    report = collect(parts_dir, counted, names, splitter.splits)
    if args.errors_file:
        write_errors(report.refusals, os.path.expanduser(args.errors_file))
    _check_report(args, report)
    publish(parts_dir, prefix, args.num_output_shards, _info(args, component, report))
    return report


def _check_report(args: argparse.Namespace, report) -> None:
    """Refuses input that gives nothing."""
    if report.num_examples:
        return
    if report.counters["examples"]:
        raise LofiError(f"{args.split_file} names none of the files")
    rules = report.left_out["refused_files"].items()
    reasons = ", ".join(f"{count} {rule}" for rule, count in rules)
    raise LofiError(
        f"none of the {report.counters['files']} files gives a clip ({reasons}); "
        "nothing was written"
    )


def _info(args: argparse.Namespace, component: dict, report) -> dict:
    """Returns what info.json says: the same for the same input and flags."""
    from lofi_tf.data.storage.example_shards import SCHEMA_VERSION

    return {
        "schema_version": SCHEMA_VERSION,
        "made_by": "prepare_audio",
        "config": {"name": args.features, "data": {"converter": component}},
        "audio": _audio_info(component),
        "example_spec": report.spec,
        "num_shards": args.num_output_shards,
        "splits": report.splits,
        "split_by": os.path.basename(args.split_file) if args.split_file else args.validation_split,
        "counters": report.counters,
        "left_out": report.left_out,
    }


def _audio_info(component: dict) -> dict:
    """Returns what the clips are: sizes, and the settings of their features with all defaults."""
    import dataclasses

    from lofi_tf.data.converters.build import build_converter

    converter = build_converter(component)
    cut = converter.cut
    found = {
        "sample_rates": list(cut.sample_rates),
        "clip_seconds": cut.clip_seconds,
        "hop_seconds": cut.hop_seconds,
        "clip_samples": {str(rate): cut.clip_size(rate) for rate in cut.sample_rates},
        "features": component.get("features", component["kind"]),
    }
    if component["kind"] == "spectrum":
        found["settings"] = dataclasses.asdict(converter.settings)
    return found


if __name__ == "__main__":
    sys.exit(main())
