"""Beam's options: all flags that are not a command's own, read and checked before the work."""

import argparse
import importlib
from typing import NoReturn

from lofi_tf.errors import LofiError, unknown_flags

# Where one process would be busy for about 20 s, starting several pays.
PARALLEL_BYTES = 40 * 2**20

DASK = "apache_beam.runners.dask.dask_runner.DaskRunner"  # Beam has no short name for it
FILES_A_PARTITION = 32  # what a worker of Dask's gets at a time; Beam's own default is 128

# Runners whose job server has flags of its own, which Beam asks it for.
JOB_SERVERS = ("PortableRunner", "FlinkRunner", "SparkRunner")


class _BeamParser(argparse.ArgumentParser):
    """Reads Beam's flags; a mistake is an error like any other."""

    def error(self, message: str) -> NoReturn:
        raise LofiError(message)


def beam_options(beam_flags: list[str], size_bytes: int, on_dask: bool = False):
    """Returns Beam's options; without flags, this process for small folders, all cores for large.

    `on_dask` says that the pipeline has only such steps as Beam's runner for Dask can run.

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
        if size_bytes > PARALLEL_BYTES and not any(f.startswith("--direct_") for f in flags):
            flags += ["--direct_running_mode=multi_processing", "--direct_num_workers=0"]
    options = PipelineOptions(flags)
    _check(options, known.runner or "FnApiRunner")
    return options


def _with_dask(beam_flags: list[str], on_dask: bool) -> list[str]:
    """Returns the flags, those for Dask as Beam knows them; its module brings their parser."""
    parser = _BeamParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--runner", default="")
    known, others = parser.parse_known_args(beam_flags)
    if known.runner.rpartition(".")[2].lower() != "daskrunner":
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
    if not any(flag.startswith(("--dask_npartitions", "--dask_partition_size")) for flag in others):
        others.append(f"--dask_partition_size={FILES_A_PARTITION}")
    return [*others, f"--runner={DASK}"]


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
