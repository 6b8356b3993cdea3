"""Command: a folder of MIDI, MusicXML and ABC files to NoteSequence records."""

import argparse
import collections
import os
import sys
import time
from pathlib import Path

from lofi_tf.cli.flags import Parser, add_bool, counted
from lofi_tf.errors import LofiError
from pipelines.command import add_log, beam_options, folder_beside, run_command

MAX_LISTED = 20


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of this command's own flags."""
    parser = Parser(
        "convert_dir_to_note_sequences",
        "Converts .mid .midi .kar .xml .musicxml .mxl .abc files to a TFRecord file "
        "of NoteSequences. Files that cannot be read are listed and passed over.",
        epilog="Any other flag goes to Apache Beam, such as --runner or --direct_num_workers.",
    )
    parser.add_argument("--input_dir", required=True, help="folder of music files")
    parser.add_argument(
        "--output_file",
        required=True,
        help="TFRecord file to write; x.tfrecord@8 writes eight shards",
    )
    add_bool(parser, "recursive", False, "look into sub-folders too (default: false)")
    parser.add_argument("--errors_file", help="write every refused file with its reason here")
    add_log(parser)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Runs the command; returns 0, 2 for bad input, 1 for a failed run, 130 if interrupted."""
    args, beam_flags = build_parser().parse_known_args(argv)
    return run_command(
        "convert_dir_to_note_sequences", args.log, lambda: _convert(args, beam_flags)
    )


def _convert(args: argparse.Namespace, beam_flags: list[str]) -> None:
    """Does the whole work; raises LofiError where the flags or all files are bad."""
    from lofi_tf.data.storage.tfrecord import shard_paths
    from lofi_tf.files import check_writable
    from lofi_tf.music.files import KINDS, is_music_file
    from pipelines.folders import find_files

    start_seconds = time.monotonic()
    input_dir = os.path.expanduser(args.input_dir)
    shards = shard_paths(os.path.expanduser(args.output_file))
    if not os.path.isdir(input_dir):
        raise LofiError(f"no such folder. Received: --input_dir={args.input_dir}")
    found = find_files(input_dir, args.recursive, is_music_file)
    if not found.names:
        hint = "" if args.recursive else "; --recursive looks into sub-folders"
        raise LofiError(f"no file in {input_dir} ends in {', '.join(KINDS)}{hint}")
    check_writable(shards[0])
    if args.errors_file:
        check_writable(os.path.expanduser(args.errors_file))
    options = beam_options(beam_flags, found.size_bytes, on_dask=True)
    with folder_beside(shards[0]) as parts_dir:
        report = _run(args, options, input_dir, found, shards, Path(parts_dir))
    seconds = time.monotonic() - start_seconds
    if args.log in ("DEBUG", "INFO", "WARN"):
        _print_refusals(report.refusals, args.errors_file)
        others = f" ({counted(found.num_others, 'other file')} passed over)"
        print(
            f"{counted(report.num_sequences, 'sequence')} from {report.num_files} of "
            f"{counted(len(found.names), 'file')} in {seconds:.1f} s -> {args.output_file}"
            + (others if found.num_others else "")
        )


def _run(args, options, input_dir, found, shards, parts_dir):
    """Converts the files, joins what came of them and returns the report."""
    from pipelines import note_sequence_pipeline as pipeline
    from pipelines.errors_file import write_errors
    from pipelines.progress import workers_progress

    # Without its trailing slash, or the name would be empty, as it is with Magenta.
    collection_name = os.path.basename(input_dir.rstrip("/"))
    groups = pipeline.make_groups(found.names, len(shards))
    convert = pipeline.ConvertGroup(os.path.abspath(input_dir), collection_name, str(parts_dir))
    with workers_progress(args.log, parts_dir / pipeline.PROGRESS, len(found.names), "file"):
        pipeline.run(groups, convert, options)
    report = pipeline.collect_reports(groups, parts_dir)
    if args.errors_file:
        write_errors(report.refusals, os.path.expanduser(args.errors_file))
    if not report.num_sequences:
        _print_refusals(report.refusals, args.errors_file)
        raise LofiError(f"none of the {len(found.names)} files could be read; nothing was written")
    pipeline.join_pieces(groups, parts_dir, shards)
    return report


def _print_refusals(refusals: list, errors_file: str | None) -> None:
    if not refusals:
        return
    rules = collections.Counter(refusal.rule for refusal in refusals).most_common()
    counts = ", ".join(f"{count} {rule}" for rule, count in rules)
    what = counted(len(refusals), "file")
    if any(refusal.name.lower().endswith(".abc") for refusal in refusals):
        what += " or tune" if len(refusals) == 1 else " or tunes"
    print(f"{what} could not be converted ({counts}):", file=sys.stderr)
    for refusal in refusals[:MAX_LISTED]:
        print(f"  {refusal.name}: {refusal.rule}: {refusal.message}", file=sys.stderr)
    if len(refusals) > MAX_LISTED:
        where = f"see {errors_file}" if errors_file else "--errors_file= writes them all"
        print(f"  ... and {len(refusals) - MAX_LISTED} more; {where}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
