"""Command: NoteSequence records to example shards, ready for training."""

import argparse
import dataclasses
import sys
from pathlib import Path

from lofi_tf.cli.flags import Parser, add_bool
from lofi_tf.errors import LofiError
from pipelines.command import add_log, add_shards, check_shards, pipeline_parser, run_command


def build_parser() -> Parser:
    """Returns the parser of this command's own flags, Magenta's included."""
    parser = pipeline_parser(
        "preprocess_tfrecord",
        "Converts NoteSequence records by a config's converter, once for all: split at "
        "changes of tempo and metre, filtered, each example once, in shards for training.",
    )
    flag = parser.add_argument
    flag("--input_tfrecord", required=True, help="records: a path, glob or x.tfrecord@8")
    flag(
        "--output_tfrecord", required=True, help="what the names of shards and info.json begin with"
    )
    flag("--config", required=True, help="name of a config, or path of a YAML file")
    flag("--hparams", default="", help="overrides such as converter.split_bars=2")
    add_shards(parser, "output_shards", 32)
    _add_filters(parser)
    flag("--pipeline_options", default="", help="Beam's flags, separated by commas")
    add_log(parser)
    return parser


def _add_filters(parser: argparse.ArgumentParser) -> None:
    """Adds Magenta's filters; they look at the parts between changes of tempo and metre."""
    flag = parser.add_argument
    add_bool(
        parser, "enable_filtering", True, "whether the flags below have effect (default: true)"
    )
    flag("--max_total_time", type=float, default=1800, help="longest part, in s (default: 1800)")
    flag("--max_num_notes", type=int, default=10000, help="most notes of one (default: 10000)")
    flag("--min_velocities", type=int, default=1, help="fewest different velocities (default: 1)")
    flag(
        "--min_metric_positions",
        type=int,
        default=1,
        help="fewest different places in a quarter, of 16 (default: 1)",
    )
    add_bool(parser, "is_drum", None, "these two count drums only, or others only (default: all)")
    add_bool(parser, "drums_only", False, "leave out parts that have other notes than drums")


def main(argv: list[str] | None = None) -> int:
    """Runs the command; returns 0, 2 for bad input, 1 for a failed run, 130 if interrupted."""
    return run_command(build_parser(), _preprocess, argv)


def _preprocess(args: argparse.Namespace, beam_flags: list[str]) -> None:
    """Does the whole work; raises LofiError where the flags or the input are bad."""
    from lofi_tf.data.storage.tfrecord import record_paths
    from pipelines.filters import Filters
    from pipelines.note_example_pipeline import NAMES, list_groups, records_to_examples
    from pipelines.shards_command import Job, make_shards

    config = _config_of(args)
    check_shards(args)
    paths = record_paths(args.input_tfrecord)
    groups = list_groups([path.absolute() for path in paths])
    if not groups:
        raise LofiError(f"no records in {args.input_tfrecord}")
    names = [field.name for field in dataclasses.fields(Filters)]
    filters = Filters(*(getattr(args, name) for name in names)) if args.enable_filtering else None
    beam_flags = [flag for flag in [*args.pipeline_options.split(","), *beam_flags] if flag]
    job = Job(
        prefix=Path(args.output_tfrecord),
        target=args.output_tfrecord,
        inputs=groups,
        to_examples=lambda output: records_to_examples(config.data.converter, filters, output),
        size_bytes=sum(path.stat().st_size for path in paths),
        num_items=sum(group.num_records for group in groups),
        unit="record",
        counted={"files": len(paths)},
        names=NAMES,
        info={"config": config.to_dict()},
        filters={"filters": filters and dataclasses.asdict(filters)},
        lack=lambda summary: _lack(args, summary),
    )
    make_shards(args, beam_flags, job)


def _config_of(args: argparse.Namespace):
    from lofi_tf.config import load_config
    from lofi_tf.data.converters.build import build_converter
    from lofi_tf.hparams import with_hparams

    config = with_hparams(load_config(args.config), args.hparams)
    converter = build_converter(config.data.converter)  # a bad option shows before workers start
    if converter.shards_by:
        raise LofiError(
            f"{config.name} learns from {converter.shards_of}: make them with "
            f"{converter.shards_by}; these are no records of notes"
        )
    return config


def _lack(args: argparse.Namespace, summary) -> str:
    rules = [
        f"{count} by {rule}" for rules in summary.left_out.values() for rule, count in rules.items()
    ]
    reasons = ", ".join(rules) or f"{summary.counters['sequences']} sequences hold nothing"
    return f"no example in {args.input_tfrecord} fits the config: {reasons}"


if __name__ == "__main__":
    sys.exit(main())
