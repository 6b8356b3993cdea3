"""The Beam pipeline behind convert_dir_to_note_sequences.

Names of files are dealt out in small groups. A worker writes the records of a group to a piece of
its own and puts a report beside it; only names travel between steps, so memory does not grow with
the folder. Joined in the order of their names, the pieces make the output: the same input gives
the same bytes, however many workers there were.
"""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.options.pipeline_options import PipelineOptions

from lofi_tf.data.storage.tfrecord import write_record
from lofi_tf.files import atomic_write
from lofi_tf.music.files import convert_file

PROGRESS = "progress"
FILES_A_GROUP = 32


class Group(NamedTuple):
    """Files that one worker converts into one piece."""

    piece: str
    names: list[str]


class Refusal(NamedTuple):
    """A file, or a tune of one, that could not be converted."""

    name: str
    rule: str
    message: str


class Report(NamedTuple):
    """What came of some files."""

    num_files: int
    num_sequences: int
    refusals: list[Refusal]


class ConvertGroup(beam.DoFn):
    """Converts the files of a group; writes a piece of the output and a report beside it."""

    def __init__(self, input_dir: str, collection_name: str, parts_dir: str):
        self._input_dir = input_dir
        self._collection_name = collection_name
        self._parts_dir = Path(parts_dir)

    def process(self, group: Group) -> Iterator[int]:
        """Yields how many sequences the piece holds."""
        piece = self._parts_dir / group.piece
        num_files, num_sequences, refusals = 0, 0, []
        with open(f"{piece}.part", "wb") as file:
            for name in group.names:
                records, problems = self._convert(name)
                for record in records:
                    write_record(file, record)
                num_files += bool(records)
                num_sequences += len(records)
                refusals += problems
        Path(f"{piece}.json").write_text(json.dumps([num_files, num_sequences, refusals]))
        os.replace(f"{piece}.part", piece)
        with open(self._parts_dir / PROGRESS, "ab") as progress:
            progress.write(b"." * len(group.names))
        self._count(num_files, num_sequences, refusals)
        yield num_sequences

    def _convert(self, name: str) -> tuple[list[bytes], list[Refusal]]:
        path = os.path.join(self._input_dir, name)
        try:
            sequences, problems = convert_file(path, name, self._collection_name)
            records = [sequence.SerializeToString() for sequence in sequences]
        except Exception as error:  # one odd file must not cost the others
            return [], [Refusal(name, "failed", f"{type(error).__name__}: {error}")]
        return records, [Refusal(name, problem.rule, str(problem)) for problem in problems]

    def _count(self, num_files: int, num_sequences: int, refusals: list[Refusal]) -> None:
        Metrics.counter(type(self), "files_converted").inc(num_files)
        Metrics.counter(type(self), "sequences").inc(num_sequences)
        for refusal in refusals:
            Metrics.counter(type(self), f"refused_{refusal.rule}").inc()


def make_groups(names: list[str], num_shards: int) -> list[Group]:
    """Deals the files to the shards in turn, and each shard's files into groups."""
    groups = []
    for shard in range(num_shards):
        dealt = names[shard::num_shards]
        for start in range(0, len(dealt), FILES_A_GROUP):
            piece = f"{shard:05d}-{start // FILES_A_GROUP:07d}"
            groups.append(Group(piece, dealt[start : start + FILES_A_GROUP]))
    return groups


def run(groups: list[Group], convert: ConvertGroup, options: PipelineOptions) -> None:
    """Runs the pipeline to its end."""
    pipeline = beam.Pipeline(options=options)
    _ = (
        pipeline
        | "Groups of files" >> beam.Create(groups)
        | "Spread over workers" >> beam.Reshuffle()
        | "Convert" >> beam.ParDo(convert)
    )
    pipeline.run().wait_until_finish()


def collect_reports(groups: list[Group], parts_dir: Path) -> Report:
    """Adds up the reports of all groups; refusals come in the order of the files' names."""
    num_files, num_sequences, refusals = 0, 0, []
    for group in groups:
        report = Report(*json.loads((parts_dir / f"{group.piece}.json").read_text()))
        num_files += report.num_files
        num_sequences += report.num_sequences
        refusals += [Refusal(*refusal) for refusal in report.refusals]
    return Report(num_files, num_sequences, sorted(refusals))


def join_pieces(groups: list[Group], parts_dir: Path, shards: list[Path]) -> None:
    """Joins the pieces into the shards, which appear only when all are whole."""
    with ExitStack() as stack:
        files = [stack.enter_context(atomic_write(shard)) for shard in shards]
        for group in groups:
            piece = parts_dir / group.piece
            with open(piece, "rb") as source:
                shutil.copyfileobj(source, files[int(group.piece.split("-")[0])], 1 << 20)
            piece.unlink()
