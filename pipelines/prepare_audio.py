"""Command: a folder of audio files to example shards of clips, ready for training."""

import argparse
import dataclasses
import os
import sys
from pathlib import Path

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

PREFIX = "examples"  # what the names of shards and info.json begin with
DEFAULT_LOUDNESS = "-23LUFS"  # EBU R 128


def build_parser() -> Parser:
    """Returns the parser of this command's own flags."""
    parser = pipeline_parser(
        "prepare_audio",
        "Cuts the recordings of a folder (WAV, FLAC, Ogg, MP3, AIFF) into clips for training, at "
        "one or several sample rates: silent clips dropped, each clip once, split by recording. "
        "Files that cannot be read are counted and passed over.",
    )
    flag = parser.add_argument
    flag("--input_dir", required=True, help="folder of audio files")
    flag("--output_dir", required=True, help="folder for shards and info.json")
    add_bool(parser, "recursive", False, "look into sub-folders too (default: false)")
    _add_clips(parser)
    flag("--features", default="waveform", choices=["waveform", "mel", "cqt"], help="what is kept")
    flag("--feature_options", default="", help="of mel or cqt, such as num_bins=64,hop_size=128")
    add_shards(parser, "num_output_shards", 32)
    add_errors_file(parser)
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
    return run_command(build_parser(), _prepare, argv)


def _prepare(args: argparse.Namespace, beam_flags: list[str]) -> None:
    """Does the whole work; raises LofiError where the flags or all files are bad."""
    from lofi_tf.audio.io import ENDINGS, is_audio_file
    from pipelines.audio_example_pipeline import NAMES, audio_to_examples
    from pipelines.folders import list_files
    from pipelines.shards_command import Job, make_shards

    converter = _converter(args)
    component = converter.component
    check_shards(args)
    files, size_bytes, num_others = list_files(
        args.input_dir, args.recursive, is_audio_file, ENDINGS
    )
    input_dir = os.path.abspath(args.input_dir)
    job = Job(
        prefix=Path(args.output_dir) / PREFIX,
        target=args.output_dir,
        inputs=files,
        to_examples=lambda output: audio_to_examples(component, input_dir, output),
        size_bytes=size_bytes,
        num_items=len(files),
        unit="file",
        counted={"files": len(files), "other_files": num_others},
        names=NAMES,
        info={
            "made_by": "prepare_audio",
            "config": {"name": args.features, "data": {"converter": component}},
            "audio": _audio_info(converter),
        },
        lack=_lack,
    )
    make_shards(args, beam_flags, job)


def _converter(args: argparse.Namespace):
    """Returns the converter that the flags describe."""
    from lofi_tf.data.converters.build import build_converter

    same = ("clip_seconds", "hop_seconds", "channels", "pad_last", "normalize_loudness")
    options = {
        "kind": "waveform" if args.features == "waveform" else "spectrum",
        "sample_rates": [_number("sample_rate", text) for text in args.sample_rate.split(",")],
        "silence_db": None,
        **{name: getattr(args, name) for name in same},
    }
    if args.silence_db != "none":
        options["silence_db"] = _number("silence_db", args.silence_db)
    if args.features != "waveform":
        options["features"] = args.features
    for setting in filter(None, args.feature_options.split(",")):
        name, _, text = setting.partition("=")
        options[name.strip()] = _number("feature_options", text)
    return build_converter(options)


def _number(flag: str, text: str) -> int | float:
    """Returns the number that a text is, whole if it is written so."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    raise LofiError(f"--{flag} must be a number. Received: {text!r}")


def _lack(summary) -> str:
    return (
        f"none of the {summary.counters['files']} files gives a clip "
        f"({summary.reasons('refused_files')}); nothing was written"
    )


def _audio_info(converter) -> dict:
    """Returns what the clips are: sizes, and the settings of their features with all defaults."""
    cut = converter.cut
    info = {
        "sample_rates": list(cut.sample_rates),
        "clip_seconds": cut.clip_seconds,
        "hop_seconds": cut.hop_seconds,
        "clip_samples": {str(rate): cut.clip_size(rate) for rate in cut.sample_rates},
        "features": converter.stored_name,
    }
    if converter.settings:
        info["settings"] = dataclasses.asdict(converter.settings)
    return info


if __name__ == "__main__":
    sys.exit(main())
