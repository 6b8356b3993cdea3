"""What the pipelines' commands share: how they end, Beam's flags, a folder for pieces."""

import argparse
import importlib
import logging
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from lofi_tf.errors import LofiError, unknown_flags
from lofi_tf.quiet import silence_tensorflow

LOG_LEVELS = ["DEBUG", "INFO", "WARN", "ERROR", "FATAL"]

# Where one process would be busy for about 20 s, starting several pays.
PARALLEL_BYTES = 40 * 2**20

DASK = "apache_beam.runners.dask.dask_runner.DaskRunner"  # Beam has no short name for it

MAX_SHARDS = 99999

# Runners whose job server has flags of its own, which Beam asks it for.
JOB_SERVERS = ("PortableRunner", "FlinkRunner", "SparkRunner")


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


def add_splits(parser: argparse.ArgumentParser) -> None:
    """Adds `--validation_split` and `--split_file`, one of which may be given."""
    splits = parser.add_mutually_exclusive_group()
    splits.add_argument(
        "--validation_split",
        type=float,
        default=0.1,
        help="share of the sources held out; 0 for none (default: 0.1)",
    )
    splits.add_argument("--split_file", help="CSV with the columns split and path (or filename)")


def check_splits(args: argparse.Namespace, shards_flag: str) -> None:
    """Refuses a share or a number of shards out of range."""
    num_shards = getattr(args, shards_flag)
    if not 1 <= num_shards <= MAX_SHARDS:
        raise LofiError(f"--{shards_flag} must be 1 to {MAX_SHARDS}. Received: {num_shards}")
    if not 0 <= args.validation_split < 1:
        raise LofiError(
            f"--validation_split must be from 0 to below 1. Received: {args.validation_split}"
        )


def run_command(name: str, log: str, body: Callable[[], None]) -> int:
    """Runs a command's body; returns 0, 2 for bad input, 1 for a failed run, 130 if interrupted.

    Args:
        name: of the command, for its messages.
        log: one of `LOG_LEVELS`; DEBUG lets a runner's errors through.
        body: the work.
    """
    silence_tensorflow()
    logging.basicConfig(level=logging.INFO if log == "DEBUG" else logging.CRITICAL)

    def fail(message: str, code: int) -> int:
        print(f"{name}: {message}", file=sys.stderr)
        return code

    try:
        body()
    except LofiError as error:
        return fail(str(error), 2)
    except KeyboardInterrupt:
        return fail("interrupted; nothing was written", 130)
    except Exception as error:  # a runner's errors are many; people get their last line
        if _was_interrupted(error):
            return fail("interrupted; nothing was written", 130)
        if log == "DEBUG":
            raise
        lines = [line for line in str(error).splitlines() if line.strip()]
        return fail(f"{type(error).__name__}: {lines[-1] if lines else ''}", 1)
    return 0


def folder_beside(path: Path) -> tempfile.TemporaryDirectory:
    """Makes a hidden folder beside `path`, on the same disk, to be removed at the end."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryDirectory(
            prefix=f".{path.name}.", suffix=".parts", dir=path.parent, ignore_cleanup_errors=True
        )
    except OSError as error:
        raise LofiError(f"cannot write to {path.parent}: {error.strerror}") from error


def beam_options(beam_flags: list[str], size_bytes: int, on_dask: bool = False):
    """Returns Beam's options; without flags, this process for small folders, all cores for large.

    Args:
        beam_flags: all flags that are not the command's own.
        size_bytes: of the input.
        on_dask: whether the pipeline has only such steps as Beam's runner for Dask can run.

    Raises:
        LofiError: a flag that neither this command nor Beam knows, a value that Beam does not take,
            or a runner that is not there.
    """
    from apache_beam.options.pipeline_options import PipelineOptions

    beam_flags = _with_dask(beam_flags, on_dask)
    parser = _BeamParser(add_help=False, allow_abbrev=False)
    for kind in PipelineOptions.__subclasses__():
        kind._add_argparse_args(parser)
    known, unknown = parser.parse_known_args(beam_flags)
    if unknown and known.runner not in JOB_SERVERS:
        raise unknown_flags(unknown, parser._option_string_actions)
    flags = list(beam_flags)
    if not known.runner:
        flags.append("--runner=FnApiRunner")  # the direct runner, less its search for others
    given = any(flag.startswith("--direct_") for flag in flags)
    if not known.runner and not given and size_bytes > PARALLEL_BYTES:
        flags += ["--direct_running_mode=multi_processing", "--direct_num_workers=0"]
    options = PipelineOptions(flags)
    _check(options, known.runner or "FnApiRunner")
    return options


def _with_dask(beam_flags: list[str], on_dask: bool) -> list[str]:
    """Returns the flags, those for Dask as Beam knows them; its module brings their parser.

    Beam gives a worker 128 elements at a time. Ours are groups of files, work for seconds each, so
    that a worker gets one.

    Raises:
        LofiError: Dask is not installed, or cannot run the pipeline.
    """
    parser = _BeamParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--runner")
    known, others = parser.parse_known_args(beam_flags)
    if known.runner is None or known.runner.rpartition(".")[2].lower() != "daskrunner":
        return beam_flags
    if not on_dask:
        raise LofiError(
            f"--runner={known.runner} cannot run this pipeline, whose steps have several outputs; "
            "of these commands it runs convert_dir_to_note_sequences alone"
        )
    try:
        import dask.distributed  # noqa: F401

        importlib.import_module(DASK.rpartition(".")[0])
    except ImportError as error:
        raise LofiError(
            f"--runner={known.runner} needs Dask: pip install 'apache-beam[dask]'"
        ) from error
    sized = any(flag.startswith(("--dask_npartitions", "--dask_partition_size")) for flag in others)
    return [*others, f"--runner={DASK}", *([] if sized else ["--dask_partition_size=1"])]


class _BeamParser(argparse.ArgumentParser):
    """Reads Beam's flags; a mistake is an error like any other."""

    def error(self, message: str) -> NoReturn:
        raise LofiError(message)


def _check(options, runner: str) -> None:
    """Refuses a runner that Beam does not know or have, and options that it lacks."""
    from apache_beam.options.pipeline_options_validator import PipelineOptionsValidator
    from apache_beam.runners import create_runner

    try:
        problems = PipelineOptionsValidator(options, create_runner(runner)).validate()
    except Exception as error:  # each kind of runner has its own
        problems = [str(error)]
    if problems:
        raise LofiError(f"--runner={runner}: {' '.join(problems[0].split())}")


def _was_interrupted(error: BaseException | None) -> bool:
    """Says whether Beam wrapped a Ctrl-C into an error of its own."""
    while error and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None
