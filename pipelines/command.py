"""What the pipelines' commands share: flags, how they end, a folder for what is not whole yet."""

import argparse
import logging
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from lofi_tf.cli.flags import Parser, end_at_once
from lofi_tf.errors import LofiError
from lofi_tf.quiet import silence_tensorflow

LOG_LEVELS = ["DEBUG", "INFO", "WARN", "ERROR", "FATAL"]
MAX_SHARDS = 99999


def pipeline_parser(prog: str, description: str) -> Parser:
    """Returns a parser; `add_log` ends its flags."""
    epilog = "Any other flag goes to Apache Beam, such as --runner or --direct_num_workers."
    return Parser(prog, description, epilog=epilog)


def add_log(parser: argparse.ArgumentParser) -> None:
    """Adds `--log`."""
    parser.add_argument(
        "--log",
        default="INFO",
        type=str.upper,
        choices=LOG_LEVELS,
        help="INFO shows progress, WARN only the results, ERROR nothing but errors, "
        "DEBUG Beam's messages too (default: INFO)",
    )


def add_errors_file(parser: argparse.ArgumentParser) -> None:
    """Adds `--errors_file`."""
    parser.add_argument("--errors_file", help="write every refused file with its reason here")


def add_shards(parser: argparse.ArgumentParser, flag: str, default: int) -> None:
    """Adds the number of shards, and `--validation_split` and `--split_file`, of which one goes."""
    parser.add_argument(
        f"--{flag}",
        dest="num_shards",
        type=int,
        default=default,
        help=f"shards of each split (default: {default})",
    )
    parser.set_defaults(shards_flag=flag)
    splits = parser.add_mutually_exclusive_group()
    splits.add_argument(
        "--validation_split",
        type=float,
        default=0.1,
        help="share of the sources held out; 0 for none (default: 0.1)",
    )
    splits.add_argument("--split_file", help="CSV with the columns split and path (or filename)")


def check_shards(args: argparse.Namespace) -> None:
    """Refuses a share or a number of shards out of range."""
    if not 1 <= args.num_shards <= MAX_SHARDS:
        raise LofiError(
            f"--{args.shards_flag} must be 1 to {MAX_SHARDS}. Received: {args.num_shards}"
        )
    if not 0 <= args.validation_split < 1:
        raise LofiError(
            f"--validation_split must be from 0 to below 1. Received: {args.validation_split}"
        )


def run_command(
    parser: Parser,
    body: Callable[[argparse.Namespace, list[str]], None],
    argv: Sequence[str] | None,
) -> int:
    """Runs a command's body; returns 0, 2 for bad input, 1 for a failed run, 130 if interrupted.

    The body is given the command's own flags, and those that are left for Beam.
    """
    args, beam_flags = parser.parse_known_args(argv)
    end_at_once()
    silence_tensorflow()
    logging.basicConfig(level=logging.INFO if args.log == "DEBUG" else logging.CRITICAL)

    def fail(message: str, code: int) -> int:
        print(f"{parser.prog}: {message}", file=sys.stderr)
        return code

    try:
        body(args, beam_flags)
    except LofiError as error:
        return fail(str(error), 2)
    except KeyboardInterrupt:
        return fail("interrupted; nothing was written", 130)
    except Exception as error:  # a runner's errors are many; people get their last line
        if _was_interrupted(error):
            return fail("interrupted; nothing was written", 130)
        if args.log == "DEBUG":
            raise
        lines = [line for line in str(error).splitlines() if line.strip()]
        return fail(f"{type(error).__name__}: {lines[-1] if lines else ''}", 1)
    return 0


def says_results(args: argparse.Namespace) -> bool:
    """Says whether `--log` lets a command print what came of it."""
    return args.log in ("DEBUG", "INFO", "WARN")


def check_outputs(args: argparse.Namespace, output: str | Path) -> None:
    """Refuses an output, or a file of errors, that could not be written later."""
    from lofi_tf.files import check_writable

    check_writable(output)
    if getattr(args, "errors_file", None):
        check_writable(args.errors_file)


def write_errors(args: argparse.Namespace, refusals: Sequence[Sequence[str]]) -> None:
    """Writes what was refused to `--errors_file`: (file, rule, message), separated by tabs."""
    from lofi_tf.files import atomic_write

    if not getattr(args, "errors_file", None):
        return
    lines = ["file\trule\tmessage"]
    for refusal in refusals:
        lines.append("\t".join(" ".join(part.split()) for part in refusal))
    with atomic_write(args.errors_file) as file:
        file.write(("\n".join(lines) + "\n").encode("utf-8", "replace"))


def folder_beside(path: Path) -> tempfile.TemporaryDirectory:
    """Makes a hidden folder beside `path`, on the same disk, to be removed at the end."""
    folder = path.parent.absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryDirectory(
            prefix=f".{path.name}.", suffix=".parts", dir=folder, ignore_cleanup_errors=True
        )
    except OSError as error:
        raise LofiError(f"cannot write to {path.parent}: {error.strerror}") from error


def publish(outputs: dict[Path, Path]) -> None:
    """Moves finished files to their names, output to temporary; one that nobody made is empty."""
    for made in outputs.values():
        made.touch()
    for output, made in outputs.items():
        os.replace(made, output)


def _was_interrupted(error: BaseException | None) -> bool:
    """Says whether Beam wrapped a Ctrl-C into an error of its own."""
    while error and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None
