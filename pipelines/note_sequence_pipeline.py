"""The Beam pipeline behind convert_dir_to_note_sequences.

    InputFile -> ToNoteSequences -> WriteTempShard -> GroupByKey (shard) -> WriteShards

Files are dealt to the shards in turn and come there in the order of their names: the same input
gives the same bytes, however many workers there were. One output a step and no side inputs: that is
all that Beam's runner for Dask can run.
"""

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.options.pipeline_options import PipelineOptions

from lofi_tf.data.storage.tfrecord import write_record
from lofi_tf.files import atomic_write
from lofi_tf.music.files import convert_file
from pipelines.folders import InputFile
from pipelines.progress import mark_done
from pipelines.temp_shards import Span, TempShardWriter, span_reader


class ConvertedFile(NamedTuple):
    """What came of a file.

    Attributes:
        number: of the file.
        records: its NoteSequences: serialized, or where they lie.
        refusals: (name, rule, message) of the file, or of tunes of it.
    """

    number: int
    records: list[bytes] | list[Span]
    refusals: list[tuple[str, str, str]]


def to_note_sequences(file: InputFile, input_dir: str, collection_name: str) -> ConvertedFile:
    """Returns what came of a file, its records serialized."""
    records, refusals = [], []
    try:
        path = os.path.join(input_dir, file.name)
        sequences, problems = convert_file(path, file.name, collection_name)
        records = [sequence.SerializeToString() for sequence in sequences]
        refusals = [(file.name, problem.rule, str(problem)) for problem in problems]
    except Exception as error:  # one odd file must not cost the others
        refusals = [(file.name, "failed", f"{type(error).__name__}: {error}")]
    Metrics.counter("convert", "files_converted").inc(bool(records))
    Metrics.counter("convert", "sequences").inc(len(records))
    for _, rule, _ in refusals:
        Metrics.counter("convert", f"refused_{rule}").inc()
    return ConvertedFile(file.number, records, refusals)


class WriteTempShard(TempShardWriter):
    """ConvertedFile -> (output shard, ConvertedFile), where its records lie."""

    def __init__(self, temp_dir: str, num_shards: int):
        super().__init__(temp_dir)
        self._num_shards = num_shards

    def process(self, file: ConvertedFile) -> Iterator[tuple[int, ConvertedFile]]:
        """Yields the places of the file's records."""
        spans = [self.write(record) for record in file.records]
        mark_done(self._temp_dir, 1)
        yield file.number % self._num_shards, file._replace(records=spans)


def write_shard(element: tuple[int, Iterable[ConvertedFile]], temp_dir: str) -> None:
    """Writes an output shard in the order of its files, and a report beside it."""
    shard, files = element
    files = sorted(files, key=lambda file: file.number)
    path, read = shard_path(temp_dir, shard), span_reader(temp_dir)
    with atomic_write(path) as output:
        for file in files:
            for span in file.records:
                write_record(output, read(span))
    counts = {
        "files": sum(bool(file.records) for file in files),
        "sequences": sum(len(file.records) for file in files),
    }
    refusals = [refusal for file in files for refusal in file.refusals]
    with atomic_write(f"{path}.json") as output:
        output.write(json.dumps([counts, refusals]).encode())


def shard_path(temp_dir: str | Path, shard: int) -> Path:
    """Returns where a finished shard lies until all are."""
    return Path(temp_dir) / f"shard-{shard:05d}"


def run(
    files: list[InputFile],
    input_dir: str,
    collection_name: str,
    temp_dir: str,
    num_shards: int,
    options: PipelineOptions,
) -> tuple[Counter[str], list[tuple[str, str, str]]]:
    """Runs the pipeline to its end: shards lie in `temp_dir` (`shard_path`).

    Workers reach it and the input's folder, below which files are named.

    Returns:
        How many `files` gave how many `sequences`, and (name, rule, message) of all refusals.
    """
    pipeline = beam.Pipeline(options=options)
    _ = (
        pipeline
        | "ListMusicFiles" >> beam.Create(files)
        | "Reshuffle" >> beam.Reshuffle()
        | "ToNoteSequences" >> beam.Map(to_note_sequences, input_dir, collection_name)
        | "WriteTempShard" >> beam.ParDo(WriteTempShard(temp_dir, num_shards))
        | "GroupByShard" >> beam.GroupByKey()
        | "WriteShards" >> beam.Map(write_shard, temp_dir)
    )
    pipeline.run().wait_until_finish()
    counts, refusals = Counter(), []
    for path in Path(temp_dir).glob("shard-*.json"):
        of_shard, refused = json.loads(path.read_text())
        counts.update(of_shard)
        refusals += map(tuple, refused)
    return counts, sorted(refusals)
