"""Command: NoteSequence records to example shards, ready for training."""

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

COUNTERS = ("records", "sequences", "parts", "taken_for_drums", "examples")
STAGES = ("dropped_sequences", "filtered_parts", "refused_parts")


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of this command's own flags, Magenta's included."""
    parser = Parser(
        "preprocess_tfrecord",
        "Converts NoteSequence records by a config's converter, once for all: split at "
        "changes of tempo and metre, filtered, each example once, in shards for training.",
        epilog="Any other flag goes to Apache Beam, such as --runner or --direct_num_workers.",
    )
    flag = parser.add_argument
    flag("--input_tfrecord", required=True, help="records: a path, glob or x.tfrecord@8")
    flag(
        "--output_tfrecord", required=True, help="what the names of shards and info.json begin with"
    )
    flag("--config", required=True, help="name of a config, or path of a YAML file")
    flag("--hparams", default="", help="overrides such as converter.split_bars=2")
    flag("--output_shards", type=int, default=32, help="shards of each split (default: 32)")
    add_splits(parser)
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
    args, beam_flags = build_parser().parse_known_args(argv)
    return run_command("preprocess_tfrecord", args.log, lambda: _preprocess(args, beam_flags))


def _preprocess(args: argparse.Namespace, beam_flags: list[str]) -> None:
    """Does the whole work; raises LofiError where the flags or the input are bad."""
    from lofi_tf.data.storage.example_shards import info_name
    from lofi_tf.data.storage.tfrecord import record_paths
    from lofi_tf.files import check_writable
    from pipelines.example_reports import print_summary, splits_text

    start_seconds = time.monotonic()
    config = _config_of(args)
    check_splits(args, "output_shards")
    paths = record_paths(_home(args.input_tfrecord))
    prefix = Path(_home(args.output_tfrecord))
    check_writable(info_name(prefix))
    beam_flags = [flag for flag in [*args.pipeline_options.split(","), *beam_flags] if flag]
    options = beam_options(beam_flags, sum(path.stat().st_size for path in paths))
    with folder_beside(prefix) as parts_dir:
        report = _run(args, options, config, paths, Path(parts_dir), prefix)
    if args.log in ("DEBUG", "INFO", "WARN"):
        print_summary(report)
        seconds = time.monotonic() - start_seconds
        print(f"{splits_text(report)} examples in {seconds:.1f} s -> {args.output_tfrecord}")


def _home(path: str) -> str:
    return os.path.expanduser(path)


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


def _run(args, options, config, paths, parts_dir, prefix):
    """Converts the records, puts the shards in their place and returns the report."""
    from pipelines.example_pipeline import ConvertGroup, Settings
    from pipelines.example_reports import Names, collect, publish
    from pipelines.example_splits import Splitter
    from pipelines.group_work import PROGRESS
    from pipelines.progress import workers_progress
    from pipelines.record_groups import find_groups
    from pipelines.shard_pipeline import Output, run

    splitter = Splitter.of(args.validation_split, args.split_file)
    groups = find_groups([path.absolute() for path in paths])
    if not groups:
        raise LofiError(f"no records in {args.input_tfrecord}")
    output = Output(splitter, args.output_shards, str(parts_dir.absolute()))
    convert = ConvertGroup(Settings(config.data.converter, _filters_of(args), output))
    num_records = sum(group.num_records for group in groups)
    with workers_progress(args.log, parts_dir / PROGRESS, num_records, "record"):
        run(groups, convert, output, options)
    names = Names(COUNTERS, STAGES)
    report = collect(parts_dir, {"files": len(paths)}, names, splitter.splits)
    _check_report(args, report)
    publish(parts_dir, prefix, args.output_shards, _info(args, config, report))
    return report


def _filters_of(args: argparse.Namespace):
    from pipelines.parts import Filters

    if not args.enable_filtering:
        return None
    return Filters(
        args.max_total_time,
        args.max_num_notes,
        args.min_velocities,
        args.min_metric_positions,
        args.is_drum,
        args.drums_only,
    )


def _check_report(args: argparse.Namespace, report) -> None:
    """Refuses input that cannot be read or gives nothing."""
    if report.errors:
        raise LofiError(report.errors[0])
    if report.num_examples:
        return
    if report.counters["examples"]:
        raise LofiError(f"{args.split_file} names none of the records' sources")
    rules = [
        f"{count} by {rule}" for rules in report.left_out.values() for rule, count in rules.items()
    ]
    reasons = ", ".join(rules) or f"{report.counters['sequences']} sequences hold nothing"
    raise LofiError(f"no example in {args.input_tfrecord} fits the config: {reasons}")


def _info(args: argparse.Namespace, config, report) -> dict:
    """Returns what info.json says: the same for the same input and flags."""
    import dataclasses

    from lofi_tf.data.storage.example_shards import SCHEMA_VERSION

    filters = _filters_of(args)
    return {
        "schema_version": SCHEMA_VERSION,
        "config": config.to_dict(),
        "example_spec": report.spec,
        "num_shards": args.output_shards,
        "splits": report.splits,
        "split_by": os.path.basename(args.split_file) if args.split_file else args.validation_split,
        "filters": filters and dataclasses.asdict(filters),
        "counters": report.counters,
        "left_out": report.left_out,
    }


if __name__ == "__main__":
    sys.exit(main())
