"""Beam's steps from examples to shards, whatever the input is.

    Item -> ConvertToExamples -> GroupByKey (shard) -> Deduplicate -> AssignSplit -> WriteShards

An example's shard and its place there follow from the sha1 of its arrays: so equal examples meet in
one shard, and the order is a shuffle that the content alone decides.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
from apache_beam.options.pipeline_options import PipelineOptions

from lofi_tf.data.converters.build import build_converter
from lofi_tf.data.storage.example_records import (
    encode_arrays,
    encode_example,
    layout_of,
    spec_of_layouts,
)
from lofi_tf.data.storage.tfrecord import write_record
from lofi_tf.errors import NotConvertible
from lofi_tf.files import atomic_write
from pipelines.example_reports import (
    Report,
    count_in_beam,
    left_out,
    merged,
    step,
    write_report,
)
from pipelines.example_splits import SourcePlace, Splitter, place_of
from pipelines.temp_shards import Span, TempShardWriter, span_reader


class Output(NamedTuple):
    """What is made of the examples: shards of each split, in a folder that all workers reach."""

    splitter: Splitter
    num_shards: int
    temp_dir: str


class Item(NamedTuple):
    """What travels from step to step until there are examples.

    Attributes:
        place: in the input: the number of the file or the record, then of the part.
        source: name of the song, performance or recording.
        content: what the next step takes.
    """

    place: tuple[int, ...]
    source: str
    content: Any


# Examples of one source in one shard: the source, the temporary shard that they are in, and
# (sha1, offset, size) of each. It is a plain tuple, which Beam holds in few bytes.
SourceRows = tuple[str, str, list[tuple[bytes, int, int]]]


class Example(NamedTuple):
    """A distinct example: where it lies, and its sources, sorted."""

    span: Span
    sources: list[str]


class ConvertToExamples(TempShardWriter):
    """Item -> (shard, SourceRows); the examples' arrays go to a temporary shard.

    The stage is the name by which refusals are counted.
    """

    whole_sources = True  # whether an item is all there is of its source, to be listed if refused

    def __init__(self, converter: Mapping[str, Any], output: Output, stage: str):
        super().__init__(output.temp_dir)
        self._settings, self._num_shards = converter, output.num_shards
        self._stage = stage

    def setup(self) -> None:
        """Builds the converter once a worker."""
        self._converter = build_converter(self._settings)

    def process(self, item: Any) -> Iterator[Any]:
        """Yields all examples of an item or the rule that refuses it; reports go by."""
        if isinstance(item, Report):
            yield item
            return
        try:
            yield from self.examples_of(item)
        except NotConvertible as problem:
            yield self.refused(item, problem.rule, str(problem))
        except Exception as error:  # one odd item must not cost the others
            yield self.refused(item, "failed", f"{type(error).__name__}: {error}")

    def examples_of(self, item: Item) -> list[Any]:
        """Returns what `stored` makes of an item's examples, and what else is to be reported."""
        raise NotImplementedError

    def refused(self, item: Item, rule: str, message: str) -> Report:
        """Returns the report of an item that gives no example."""
        report = left_out(self._stage, rule, item.place, item.source, message)
        if self.whole_sources:
            report.refusals.append((item.source, rule, message))
        return report

    def stored(self, source: str, examples: Iterable[Mapping[str, np.ndarray]]) -> list[Any]:
        """Writes examples of a source; returns (shard, SourceRows) of each shard, and a report."""
        spans, layouts, count = {}, set(), 0
        for example in examples:
            count += 1
            layouts.add(layout_of(example))
            encoded = encode_arrays(example)
            digest = hashlib.sha1(encoded).digest()
            if digest not in spans:
                spans[digest] = self.write(encoded)
        by_shard: dict[int, list] = {}
        for digest, span in spans.items():
            shard = int.from_bytes(digest, "big") % self._num_shards
            by_shard.setdefault(shard, []).append((digest, span.offset, span.size))
        smallest = [place_of(source)] if count else []
        spec = spec_of_layouts(sorted(layouts))
        return [
            *((shard, (source, self._name, rows)) for shard, rows in by_shard.items()),
            Report(Counter(examples=count), spec=spec, smallest=smallest),
        ]


def deduplicate(element: tuple[int, Iterable[SourceRows]]) -> tuple[int, list[Example]]:
    """Returns a shard with its examples, equal ones as one, in the order of their sha1."""
    shard, stored = element
    spans: dict[bytes, Span] = {}
    sources: dict[bytes, set[str]] = {}
    for source, file, rows in stored:
        for digest, offset, size in rows:
            spans.setdefault(digest, Span(file, offset, size))
            sources.setdefault(digest, set()).add(source)
    return shard, [Example(spans[key], sorted(sources[key])) for key in sorted(spans)]


def assign_split(
    element: tuple[int, list[Example]], splitter: Splitter, smallest: list[SourcePlace]
) -> Iterator[Any]:
    """Yields (split, shard, Examples), each example in the first split of its sources."""
    shard, examples = element
    counts, by_split = Counter(distinct=len(examples)), {}
    for example in examples:
        sources = splitter.choose(example.sources, smallest)
        counts["in_several_splits"] += len(sources) > 1
        counts["in_no_split"] += not sources
        for split in list(sources)[:1]:
            by_split.setdefault(split, []).append(Example(example.span, sources[split]))
    yield Report(counts, sha1={f"{shard:05d}": {}})
    for split, chosen in by_split.items():
        yield split, shard, chosen


def write_shard(element: tuple[str, int, list[Example]], temp_dir: str) -> Iterator[Report]:
    """Writes the records of a shard; yields how many there are, and their sha1."""
    split, shard, examples = element
    sha1, read = hashlib.sha1(), span_reader(temp_dir)
    with atomic_write(shard_path(temp_dir, split, shard)) as file:
        for example in examples:
            record = encode_example(read(example.span), example.sources)
            write_record(file, record)
            sha1.update(record)
    digests = {f"{shard:05d}": {split: sha1.hexdigest()}}
    yield Report(Counter({f"split.{split}": len(examples)}), sha1=digests)


@beam.ptransform_fn
def write_examples(converted: beam.PCollection, output: Output) -> beam.PCollection:
    """What `ConvertToExamples` yields -> shards, and the report of all steps."""
    splitter, _, temp_dir = output
    rows = converted | "Rows" >> beam.Filter(lambda element: not isinstance(element, Report))
    reports = converted | "Reports" >> beam.Filter(lambda element: isinstance(element, Report))
    report = reports | "MergeConverted" >> beam.CombineGlobally(merged)
    smallest = report | "SmallestPlaces" >> beam.Map(lambda report: report.smallest)
    written = (
        rows
        | "GroupByShard" >> beam.GroupByKey()
        | "Deduplicate" >> beam.Map(deduplicate)
        | "AssignSplit" >> beam.FlatMap(assign_split, splitter, beam.pvalue.AsSingleton(smallest))
        | "WriteShards" >> step(write_shard, temp_dir)
    )
    return (
        (report, written)
        | "AllReports" >> beam.Flatten()
        | "CountReports" >> beam.Map(count_in_beam)
        | "MergeReports" >> beam.CombineGlobally(merged)
        | "WriteReport" >> beam.Map(write_report, temp_dir)
    )


def shard_path(temp_dir: str | Path, split: str, shard: int) -> Path:
    """Returns where a finished shard lies until all are."""
    return Path(temp_dir) / f"{split}-{shard:05d}"


def run(
    inputs: list, to_examples: beam.PTransform, output: Output, options: PipelineOptions
) -> None:
    """Runs a pipeline to its end; workers take the inputs one at a time."""
    pipeline = beam.Pipeline(options=options)
    _ = (
        pipeline
        | "ListInputs" >> beam.Create(inputs)
        | "Reshuffle" >> beam.Reshuffle()
        | "ToExamples" >> to_examples
        | "WriteExamples" >> write_examples(output)
    )
    pipeline.run().wait_until_finish()
