"""Command: a folder of MIDI, MusicXML and ABC files to NoteSequence records."""

import argparse
import collections
import os
import sys
import time

from lofi_tf.cli.flags import Parser, add_bool, counted
from lofi_tf.errors import LofiError
from pipelines.command import (
    add_errors_file,
    add_log,
    check_outputs,
    folder_beside,
    pipeline_parser,
    publish,
    run_command,
    says_results,
    write_errors,
)

MAX_LISTED = 20


def build_parser() -> Parser:
    """Returns the parser of this command's own flags."""
    parser = pipeline_parser(
        "convert_dir_to_note_sequences",
        "Converts .mid .midi .kar .xml .musicxml .mxl .abc files to a TFRecord file "
        "of NoteSequences. Files that cannot be read are listed and passed over.",
    )
    parser.add_argument("--input_dir", required=True, help="folder of music files")
    parser.add_argument(
        "--output_file",
        required=True,
        help="TFRecord file to write; x.tfrecord@8 writes eight shards",
    )
    add_bool(parser, "recursive", False, "look into sub-folders too (default: false)")
    add_errors_file(parser)
    add_log(parser)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Runs the command; returns 0, 2 for bad input, 1 for a failed run, 130 if interrupted."""
    return run_command(build_parser(), _convert, argv)


def _convert(args: argparse.Namespace, beam_flags: list[str]) -> None:
    """Does the whole work; raises LofiError where the flags or all files are bad."""
    from lofi_tf.data.storage.tfrecord import shard_paths
    from lofi_tf.music.files import KINDS, is_music_file
    from pipelines.beam_flags import beam_options
    from pipelines.folders import list_files

    start_seconds = time.monotonic()
    shards = shard_paths(args.output_file)
    files, size_bytes, num_others = list_files(args.input_dir, args.recursive, is_music_file, KINDS)
    check_outputs(args, shards[0])
    options = beam_options(beam_flags, size_bytes, on_dask=True)
    with folder_beside(shards[0]) as temp_dir:
        counts, refusals = _run(args, options, files, shards, temp_dir)
    seconds = time.monotonic() - start_seconds
    if says_results(args):
        _print_refusals(refusals, args.errors_file)
        others = f" ({counted(num_others, 'other file')} passed over)"
        print(
            f"{counted(counts['sequences'], 'sequence')} from {counts['files']} of "
            f"{counted(len(files), 'file')} in {seconds:.1f} s -> {args.output_file}"
            + (others if num_others else "")
        )


def _run(args, options, files, shards, temp_dir):
    """Converts the files and puts the shards in their place; returns counts and refusals."""
    from pipelines.note_sequence_pipeline import run, shard_path
    from pipelines.progress import workers_progress

    input_dir = args.input_dir
    # Without its trailing slash, or the name would be empty, as it is with Magenta.
    collection_name = os.path.basename(input_dir.rstrip("/"))
    with workers_progress(args.log, temp_dir, len(files), "file"):
        where = (os.path.abspath(input_dir), collection_name, temp_dir)
        counts, refusals = run(files, *where, len(shards), options)
    write_errors(args, refusals)
    if not counts["sequences"]:
        _print_refusals(refusals, args.errors_file)
        raise LofiError(f"none of the {len(files)} files could be read; nothing was written")
    publish({path: shard_path(temp_dir, number) for number, path in enumerate(shards)})
    return counts, refusals


def _print_refusals(refusals: list, errors_file: str | None) -> None:
    if not refusals:
        return
    rules = collections.Counter(rule for _, rule, _ in refusals).most_common()
    counts = ", ".join(f"{count} {rule}" for rule, count in rules)
    what = counted(len(refusals), "file")
    if any(name.lower().endswith(".abc") for name, _, _ in refusals):
        what += " or tune" if len(refusals) == 1 else " or tunes"
    print(f"{what} could not be converted, or not whole ({counts}):", file=sys.stderr)
    for refusal in refusals[:MAX_LISTED]:
        print(f"  {': '.join(refusal)}", file=sys.stderr)
    if len(refusals) > MAX_LISTED:
        where = f"see {errors_file}" if errors_file else "--errors_file= writes them all"
        print(f"  ... and {len(refusals) - MAX_LISTED} more; {where}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
