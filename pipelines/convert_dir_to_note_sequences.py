"""Command: a folder of MIDI, MusicXML and ABC files to NoteSequence records."""

import argparse
import collections
import gc
import logging
import os
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path

from lofi_tf.errors import LofiError
from lofi_tf.quiet import hush

LOG_LEVELS = ["DEBUG", "INFO", "WARN", "ERROR", "FATAL"]
MAX_LISTED = 20

# Where one process would be busy for about 20 s, starting several pays.
PARALLEL_BYTES = 40 * 2**20


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of this command's own flags."""
    parser = argparse.ArgumentParser(
        prog="convert_dir_to_note_sequences",
        description="Converts .mid .midi .kar .xml .musicxml .mxl .abc files to a TFRecord file "
        "of NoteSequences. Files that cannot be read are listed and passed over.",
        epilog="Any other flag goes to Apache Beam, such as --runner or --direct_num_workers.",
        allow_abbrev=False,
    )
    parser.add_argument("--input_dir", required=True, help="folder of music files")
    parser.add_argument(
        "--output_file",
        required=True,
        help="TFRecord file to write; x.tfrecord@8 writes eight shards",
    )
    parser.add_argument(
        "--recursive",
        nargs="?",
        const=True,
        default=False,
        type=_boolean,
        metavar="true|false",
        help="look into sub-folders too (default: false)",
    )
    parser.add_argument("--norecursive", dest="recursive", action="store_false", help="the reverse")
    parser.add_argument("--errors_file", help="write every refused file with its reason here")
    parser.add_argument(
        "--log",
        default="INFO",
        type=str.upper,
        choices=LOG_LEVELS,
        help="INFO shows progress, WARN only the results, ERROR nothing but errors, "
        "DEBUG Beam's messages too (default: INFO)",
    )
    return parser


def main(argv: list[str] | None = None) -> int:
    """Runs the command; returns 0, 2 for bad input, 1 for a failed run, 130 if interrupted."""
    args, beam_flags = build_parser().parse_known_args(argv)
    hush()
    logging.basicConfig(level=logging.INFO if args.log == "DEBUG" else logging.CRITICAL)
    try:
        _convert(args, beam_flags)
    except LofiError as error:
        return _fail(str(error), 2)
    except KeyboardInterrupt:
        return _fail("interrupted; nothing was written", 130)
    except Exception as error:  # a runner's errors are many; people get their last line
        if _was_interrupted(error):
            return _fail("interrupted; nothing was written", 130)
        if args.log == "DEBUG":
            raise
        lines = [line for line in str(error).splitlines() if line.strip()]
        return _fail(f"{type(error).__name__}: {lines[-1] if lines else ''}", 1)
    return 0


def _was_interrupted(error: BaseException | None) -> bool:
    """Says whether Beam wrapped a Ctrl-C into an error of its own."""
    while error and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def _fail(message: str, code: int) -> int:
    print(f"convert_dir_to_note_sequences: {message}", file=sys.stderr)
    return code


def _convert(args: argparse.Namespace, beam_flags: list[str]) -> None:
    """Does the whole work; raises LofiError where the flags or all files are bad."""
    from lofi_tf.data.notes import KINDS, is_music_file
    from lofi_tf.data.tfrecord import shard_paths
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
    with _folder_beside(shards[0]) as parts_dir:
        report = _run(args, beam_flags, input_dir, found, shards, Path(parts_dir))
    seconds = time.monotonic() - start_seconds
    if args.log in ("DEBUG", "INFO", "WARN"):
        _print_refusals(report.refusals, args.errors_file)
        print(
            f"{report.num_sequences} sequences from {report.num_files} of {len(found.names)} files "
            f"in {seconds:.1f} s -> {args.output_file}"
            + (f" ({found.num_others} other files passed over)" if found.num_others else "")
        )


def _folder_beside(path: Path) -> tempfile.TemporaryDirectory:
    """Makes a hidden folder beside `path`, on the same disk, to be removed at the end."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryDirectory(
            prefix=f".{path.name}.", suffix=".parts", dir=path.parent, ignore_cleanup_errors=True
        )
    except OSError as error:
        raise LofiError(f"cannot write to {path.parent}: {error.strerror}") from error


def _run(args, beam_flags, input_dir, found, shards, parts_dir):
    """Converts the files, joins what came of them and returns the report."""
    from pipelines import note_sequence_pipeline as pipeline
    from pipelines.progress import progress_bar, stderr_to_ourselves

    options = _beam_options(beam_flags, found.size_bytes)
    # Without its trailing slash, or the name would be empty, as it is with Magenta.
    collection_name = os.path.basename(input_dir.rstrip("/"))
    groups = pipeline.make_groups(found.names, len(shards))
    convert = pipeline.ConvertGroup(os.path.abspath(input_dir), collection_name, str(parts_dir))
    gc.freeze()  # Beam's many modules need no second look while notes come and go.
    with nullcontext(sys.stderr) if args.log == "DEBUG" else stderr_to_ourselves() as stream:
        shown = stream if args.log in ("DEBUG", "INFO") else None
        with progress_bar(parts_dir / pipeline.PROGRESS, len(found.names), "file", shown):
            pipeline.run(groups, convert, options)
    report = pipeline.collect_reports(groups, parts_dir)
    if args.errors_file:
        _write_errors(report.refusals, os.path.expanduser(args.errors_file))
    if not report.num_sequences:
        _print_refusals(report.refusals, args.errors_file)
        raise LofiError(f"none of the {len(found.names)} files could be read; nothing was written")
    pipeline.join_pieces(groups, parts_dir, shards)
    return report


def _beam_options(beam_flags: list[str], size_bytes: int):
    """Returns Beam's options; without flags, this process for small folders, all cores for large.

    Raises:
        LofiError: a flag that neither this command nor Beam knows.
    """
    from apache_beam.options.pipeline_options import PipelineOptions

    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for kind in PipelineOptions.__subclasses__():
        kind._add_argparse_args(parser)
    known, unknown = parser.parse_known_args(beam_flags)
    if unknown and not known.runner:
        raise LofiError(f"unknown flag; --help lists the allowed ones. Received: {unknown[0]}")
    flags = list(beam_flags)
    if not known.runner:
        flags.append("--runner=FnApiRunner")  # the direct runner, less its search for others
    given = any(flag.startswith("--direct_") for flag in flags)
    if not known.runner and not given and size_bytes > PARALLEL_BYTES:
        flags += ["--direct_running_mode=multi_processing", "--direct_num_workers=0"]
    return PipelineOptions(flags)


def _print_refusals(refusals: list, errors_file: str | None) -> None:
    if not refusals:
        return
    rules = collections.Counter(refusal.rule for refusal in refusals).most_common()
    counts = ", ".join(f"{count} {rule}" for rule, count in rules)
    print(f"{len(refusals)} could not be converted ({counts}):", file=sys.stderr)
    for refusal in refusals[:MAX_LISTED]:
        print(f"  {refusal.name}: {refusal.rule}: {refusal.message}", file=sys.stderr)
    if len(refusals) > MAX_LISTED:
        where = f"see {errors_file}" if errors_file else "--errors_file= writes them all"
        print(f"  ... and {len(refusals) - MAX_LISTED} more; {where}", file=sys.stderr)


def _write_errors(refusals: list, path: str) -> None:
    from lofi_tf.data.tfrecord import whole_file

    lines = ["file\trule\tmessage"]
    for refusal in refusals:
        lines.append("\t".join(" ".join(part.split()) for part in refusal))
    with whole_file(path) as file:
        file.write(("\n".join(lines) + "\n").encode("utf-8", "replace"))


def _boolean(text: str) -> bool:
    values = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}
    if text.lower() not in values:
        raise argparse.ArgumentTypeError(f"must be true or false. Received: {text!r}")
    return values[text.lower()]


if __name__ == "__main__":
    sys.exit(main())
