"""The Beam pipeline from groups of input to example shards, whatever the input is.

Workers convert groups, each to a piece of its own (`group_work`). An example's shard and its place
there follow from the sha1 of its arrays: so equal examples meet in one shard, the order is a
shuffle that the content alone decides, and only places in files travel between the steps.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.options.pipeline_options import PipelineOptions

from lofi_tf.data.storage.example_records import encode_example
from lofi_tf.data.storage.tfrecord import write_record
from lofi_tf.files import atomic_write
from pipelines.example_splits import Place, SmallestPlaces, Splitter, place_of
from pipelines.group_work import GroupWork, Pieces, Slice, read_bucket, write_report

PLACES = "places"


class Output(NamedTuple):
    """What is made of the examples.

    Attributes:
        splitter: which split a source is in.
        num_shards: shards of each split.
        parts_dir: folder for pieces and reports, one that all workers reach.
    """

    splitter: Splitter
    num_shards: int
    parts_dir: str


class Found(NamedTuple):
    """An example of a shard: where it lies, and its sources."""

    piece: str
    offset: int
    size: int
    sources: set[str]


def hand_on(work: GroupWork, output: Output, namespace: type) -> Iterator[Any]:
    """Ends a worker's group; yields what it hands on to the next step.

    Yields:
        (shard, slice), where the examples of each shard lie; tagged `PLACES`, the places of the
        sources that gave examples.
    """
    slices = work.finish(output.num_shards)
    for name, count in work.counts.items():
        Metrics.counter(namespace, name).inc(count)
    yield from slices
    for place in SmallestPlaces().merge_accumulators([[place_of(s) for s in work.sources]]):
        yield beam.pvalue.TaggedOutput(PLACES, place)


class WriteShard(beam.DoFn):
    """Writes the distinct examples of one shard, each to its split, and a report beside them."""

    def __init__(self, output: Output):
        self._output = output
        self._parts_dir = Path(output.parts_dir)

    def process(
        self, element: tuple[int, Iterable[Slice]], smallest: list[Place]
    ) -> Iterator[tuple[int, int]]:
        """Yields the shard and how many examples it holds."""
        shard, slices = element
        examples = self._merged(slices)
        counts: Counter[str] = Counter(distinct=len(examples))
        hashes, splitter = {}, self._output.splitter
        with ExitStack() as stack:
            files, pieces = {}, stack.enter_context(Pieces(self._parts_dir))
            for _, (*where, sources) in sorted(examples.items()):
                by_split = splitter.choose(sorted(sources), smallest)
                counts["in_several_splits"] += len(by_split) > 1
                counts["in_no_split"] += not by_split
                for split in list(by_split)[:1]:
                    if split not in files:
                        path = self._parts_dir / f"{split}-{shard:05d}"
                        files[split] = stack.enter_context(atomic_write(path))
                        hashes[split] = hashlib.sha1()
                    record = encode_example(pieces.read(*where), by_split[split])
                    write_record(files[split], record)
                    hashes[split].update(record)
                    counts[f"split.{split}"] += 1
        report = {"counts": counts, "sha1": {s: h.hexdigest() for s, h in hashes.items()}}
        write_report(self._parts_dir / f"shard-{shard:05d}.json", report)
        yield shard, len(examples)

    def _merged(self, slices: Iterable[Slice]) -> dict[bytes, Found]:
        """Returns the examples of all slices by their sha1, equal ones as one."""
        merged: dict[bytes, Found] = {}
        for place in slices:
            for digest, offset, size, sources in read_bucket(self._parts_dir, place):
                found = merged.setdefault(digest, Found(place.piece, offset, size, set()))
                found.sources.update(sources)
        return merged


def run(groups: list, convert: beam.DoFn, output: Output, options: PipelineOptions) -> None:
    """Runs the pipeline to its end.

    Args:
        groups: what the workers take, one at a time.
        convert: makes a piece of a group and yields what `hand_on` does.
        output: what is made of the examples.
        options: Beam's.
    """
    pipeline = beam.Pipeline(options=options)
    converted = (
        pipeline
        | "Groups" >> beam.Create(groups)
        | "Spread over workers" >> beam.Reshuffle()
        | "Convert" >> beam.ParDo(convert).with_outputs(PLACES, main="slices")
    )
    smallest = converted[PLACES] | "Smallest places" >> beam.CombineGlobally(SmallestPlaces())
    _ = (
        converted.slices
        | "Equal ones together" >> beam.GroupByKey()
        | "Write shards" >> beam.ParDo(WriteShard(output), beam.pvalue.AsSingleton(smallest))
    )
    pipeline.run().wait_until_finish()
