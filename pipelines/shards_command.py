"""The way of every command that makes example shards, from its inputs to its last line."""

import argparse
import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import apache_beam as beam

from lofi_tf.data.storage.example_shards import SCHEMA_VERSION, info_name, shard_name
from lofi_tf.errors import LofiError
from lofi_tf.files import atomic_write
from pipelines.beam_flags import beam_options
from pipelines.command import (
    check_outputs,
    folder_beside,
    publish,
    says_results,
    write_errors,
)
from pipelines.example_pipeline import Output, run, shard_path
from pipelines.example_reports import Names, Summary, summary_of
from pipelines.example_splits import Splitter
from pipelines.progress import workers_progress


class Job(NamedTuple):
    """What a command makes shards of, and how.

    Attributes:
        prefix: what the names of shards and info.json begin with.
        target: the output, as the last line names it.
        inputs: what the workers take, one at a time.
        to_examples: makes, of the output, what turns inputs into examples.
        size_bytes: of the input.
        num_items, unit: what the progress bar counts.
        counted: counters of what there was before.
        names: what is counted on the way.
        info: what info.json says of the input and how it is converted.
        filters: what it says of filters, if there are any.
        lack: says why there is no example.
    """

    prefix: Path
    target: str
    inputs: list
    to_examples: Callable[[Output], beam.PTransform]
    size_bytes: int
    num_items: int
    unit: str
    counted: Mapping[str, int]
    names: Names
    info: Mapping[str, Any]
    lack: Callable[[Summary], str]
    filters: Mapping[str, Any] = {}


def make_shards(args: argparse.Namespace, beam_flags: list[str], job: Job) -> None:
    """Converts the inputs, puts the shards in their place and says what came of it.

    Raises:
        LofiError: bad flags, or inputs that cannot be read or give no example.
    """
    start_seconds = time.monotonic()
    check_outputs(args, info_name(job.prefix))
    splitter = Splitter.of(args.validation_split, args.split_file)
    options = beam_options(beam_flags, job.size_bytes)
    with folder_beside(job.prefix) as temp_dir:
        output = Output(splitter, args.num_shards, temp_dir)
        with workers_progress(args.log, temp_dir, job.num_items, job.unit):
            run(job.inputs, job.to_examples(output), output, options)
        summary = summary_of(Path(temp_dir), job.counted, job.names, splitter.splits)
        write_errors(args, sorted(map(tuple, summary.report.refusals)))
        if summary.report.errors:
            raise LofiError(min(summary.report.errors))
        if not summary.num_examples and summary.counters["examples"]:
            raise LofiError(f"{args.split_file} names none of the sources")
        if not summary.num_examples:
            raise LofiError(job.lack(summary))
        _publish(args, job, summary, temp_dir)
    if says_results(args):
        print("\n".join(summary.lines()))
        counts = ", ".join(f"{split['examples']} {name}" for name, split in summary.splits.items())
        seconds = time.monotonic() - start_seconds
        print(f"{counts} examples in {seconds:.1f} s -> {job.target}")


def _publish(args: argparse.Namespace, job: Job, summary: Summary, temp_dir: str) -> None:
    """Moves the shards to their names and writes info.json last: the same for the same input.

    Shards of an earlier run that this one does not replace are removed.
    """
    info = {
        "schema_version": SCHEMA_VERSION,
        **job.info,
        "example_spec": summary.report.spec,
        "num_shards": args.num_shards,
        "splits": summary.splits,
        "split_by": os.path.basename(args.split_file) if args.split_file else args.validation_split,
        **job.filters,
        "counters": summary.counters,
        "left_out": summary.left_out,
    }
    _remove_old(job.prefix)
    publish(
        {
            shard_name(job.prefix, split, shard, args.num_shards): shard_path(
                temp_dir, split, shard
            )
            for split in summary.splits
            for shard in range(args.num_shards)
        }
    )
    with atomic_write(info_name(job.prefix)) as file:
        file.write((json.dumps(info, indent=2) + "\n").encode())


def _remove_old(prefix: Path) -> None:
    """Removes a set of the same name, as far as its info.json names it."""
    path = info_name(prefix)
    if not path.is_file():
        return
    try:
        old = json.loads(path.read_text(encoding="utf-8"))
        splits, total = list(old["splits"]), int(old["num_shards"])
    except (ValueError, KeyError, TypeError):
        splits, total = [], 0
    path.unlink()
    for split in splits:
        for shard in range(total):
            shard_name(prefix, split, shard, total).unlink(missing_ok=True)
