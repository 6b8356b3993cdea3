"""The Beam pipeline behind preprocess_tfrecord.

Workers read groups of records for themselves, convert them and write what comes of a group to a
piece of its own, in one bucket for each output shard. An example's shard and its place there follow
from the sha1 of its arrays: so equal examples meet in one shard, the order is a shuffle that the
content alone decides, and only places in files travel between the steps. A worker holds the
examples of one group or of one shard, never all.
"""

import hashlib
import json
import os
import pickle
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.options.pipeline_options import PipelineOptions

from lofi_tf.data.converter import build_converter
from lofi_tf.data.example_records import (
    Layout,
    encode_arrays,
    encode_example,
    layout_of,
    spec_of_layouts,
)
from lofi_tf.data.sequence_proto import NoteSequence
from lofi_tf.data.tfrecord import whole_file, write_record
from lofi_tf.errors import LofiError, NotConvertible
from pipelines.example_splits import Place, SmallestPlaces, Splitter, place_of
from pipelines.parts import Filters, PieceOfMusic, pieces_of
from pipelines.record_groups import Group, read_group

PROGRESS = "progress"
PLACES = "places"
MAX_PARTS = 100  # a piece in more parts is dropped, as by Magenta


class Settings(NamedTuple):
    """What the workers need to know.

    Attributes:
        converter: a config's converter, `{kind: ..., **kwargs}`.
        filters: which parts are left out; None leaves out none.
        splitter: which split a source is in.
        num_shards: shards of each split.
        parts_dir: folder for pieces and reports, one that all workers reach.
    """

    converter: Mapping[str, Any]
    filters: Filters | None
    splitter: Splitter
    num_shards: int
    parts_dir: str


class Slice(NamedTuple):
    """Where the examples of one shard lie in a piece."""

    piece: str
    offset: int


class Found(NamedTuple):
    """An example that a group holds: its arrays encoded, and its sources."""

    encoded: bytes
    sources: set[str]


class ConvertGroup(beam.DoFn):
    """Converts the records of a group; yields where the examples of each shard lie."""

    def __init__(self, settings: Settings):
        self._settings = settings
        self._parts_dir = Path(settings.parts_dir)

    def setup(self):
        """Builds the converter once a worker."""
        self._converter = build_converter(self._settings.converter)

    def process(self, group: Group) -> Iterator[tuple[int, Slice]]:
        """Yields (shard, slice); tagged `PLACES`, the places of sources that gave examples."""
        work = _Work()
        try:
            for record in read_group(group):
                self._convert(record, work)
        except (LofiError, OSError) as error:
            work.errors.append(str(error))
        slices = self._write(f"piece-{group.number:07d}", work.found)
        _write_report(self._parts_dir / f"group-{group.number:07d}.json", work.report())
        with open(self._parts_dir / PROGRESS, "ab") as progress:
            progress.write(b"." * group.num_records)
        for name, count in work.counts.items():
            Metrics.counter(type(self), name).inc(count)
        yield from slices
        sources = set().union(*(found.sources for found in work.found.values()))
        for place in SmallestPlaces().merge_accumulators([[place_of(s) for s in sources]]):
            yield beam.pvalue.TaggedOutput(PLACES, place)

    def _convert(self, record: bytes, work: "_Work") -> None:
        work.counts["records"] += 1
        try:
            sequence = NoteSequence.FromString(record)
        except Exception:  # protobuf's DecodeError has several homes
            work.leave_out("dropped_sequences", "not_a_note_sequence", "", "no NoteSequence")
            return
        source = sequence.filename or sequence.id
        work.counts["sequences"] += 1
        pieces = pieces_of(sequence)
        if len(pieces) > MAX_PARTS:
            message = f"it has {len(pieces)} parts. Allowed: {MAX_PARTS}"
            work.leave_out("dropped_sequences", "too_many_parts", source, message)
            return
        work.counts["parts"] += len(pieces)
        for piece in pieces:
            self._convert_piece(piece, source, work)

    def _convert_piece(self, piece: PieceOfMusic, source: str, work: "_Work") -> None:
        filters = self._settings.filters
        rule = filters.rule_against(piece.part) if filters else None
        if rule:
            work.leave_out("filtered_parts", rule, source, rule)
            return
        try:
            examples = list(self._converter.to_examples(piece.sequence))
        except NotConvertible as problem:
            work.leave_out("refused_parts", problem.rule, source, str(problem))
            return
        except Exception as error:  # one odd piece must not cost the others
            message = f"{type(error).__name__}: {error}"
            work.leave_out("refused_parts", "failed", source, message)
            return
        for example in examples:
            work.add(example, source)

    def _write(self, name: str, found: Mapping[bytes, Found]) -> list[tuple[int, Slice]]:
        buckets: dict[int, list] = {}
        for digest, example in found.items():
            shard = int.from_bytes(digest, "big") % self._settings.num_shards
            buckets.setdefault(shard, []).append((digest, *example))
        slices = []
        with whole_file(self._parts_dir / name) as file:
            for shard, bucket in sorted(buckets.items()):
                slices.append((shard, Slice(name, file.tell())))
                pickle.dump(bucket, file, pickle.HIGHEST_PROTOCOL)
        return slices


class _Work:
    """What comes of a group: examples by their sha1, and the account of the rest."""

    def __init__(self):
        self.counts: Counter[str] = Counter()
        self.found: dict[bytes, Found] = {}
        self.errors: list[str] = []
        self._left_out: dict[str, Counter[str]] = {}
        self._firsts: dict[str, str] = {}
        self._layouts: set[Layout] = set()

    def add(self, example: Mapping[str, Any], source: str) -> None:
        """Takes in an example of a source."""
        self.counts["examples"] += 1
        self._layouts.add(layout_of(example))
        encoded = encode_arrays(example)
        digest = hashlib.sha1(encoded).digest()
        self.found.setdefault(digest, Found(encoded, set())).sources.add(source)

    def leave_out(self, stage: str, rule: str, source: str, message: str) -> None:
        """Counts what a rule leaves out; of each rule the first is kept with its reason."""
        self._left_out.setdefault(stage, Counter())[rule] += 1
        self._firsts.setdefault(f"{stage}.{rule}", f"{message} ({source or 'no name'})")

    def report(self) -> dict[str, Any]:
        """Returns the account, ready for JSON."""
        return {
            "counts": self.counts,
            "left_out": self._left_out,
            "firsts": self._firsts,
            "errors": self.errors,
            "spec": spec_of_layouts(sorted(self._layouts)),
        }


class WriteShard(beam.DoFn):
    """Writes the distinct examples of one shard, each to its split, and a report beside them."""

    def __init__(self, settings: Settings):
        self._settings = settings
        self._parts_dir = Path(settings.parts_dir)

    def process(
        self, element: tuple[int, Iterable[Slice]], smallest: list[Place]
    ) -> Iterator[tuple[int, int]]:
        """Yields the shard and how many examples it holds."""
        shard, slices = element
        examples = self._merged(slices)
        counts: Counter[str] = Counter(distinct=len(examples))
        hashes, splitter = {}, self._settings.splitter
        with ExitStack() as stack:
            files = {}
            for _, (encoded, sources) in sorted(examples.items()):
                by_split = splitter.choose(sorted(sources), smallest)
                counts["in_several_splits"] += len(by_split) > 1
                counts["in_no_split"] += not by_split
                for split in list(by_split)[:1]:
                    if split not in files:
                        path = self._parts_dir / f"{split}-{shard:05d}"
                        files[split] = stack.enter_context(whole_file(path))
                        hashes[split] = hashlib.sha1()
                    record = encode_example(encoded, by_split[split])
                    write_record(files[split], record)
                    hashes[split].update(record)
                    counts[f"split.{split}"] += 1
        report = {"counts": counts, "sha1": {s: h.hexdigest() for s, h in hashes.items()}}
        _write_report(self._parts_dir / f"shard-{shard:05d}.json", report)
        yield shard, len(examples)

    def _merged(self, slices: Iterable[Slice]) -> dict[bytes, Found]:
        """Returns the examples of all slices by their sha1, equal ones as one."""
        merged: dict[bytes, Found] = {}
        for piece, offset in slices:
            with open(self._parts_dir / piece, "rb") as file:
                file.seek(offset)
                bucket = pickle.load(file)
            for digest, encoded, sources in bucket:
                merged.setdefault(digest, Found(encoded, set())).sources.update(sources)
        return merged


def run(groups: list[Group], settings: Settings, options: PipelineOptions) -> None:
    """Runs the pipeline to its end."""
    pipeline = beam.Pipeline(options=options)
    converted = (
        pipeline
        | "Groups of records" >> beam.Create(groups)
        | "Spread over workers" >> beam.Reshuffle()
        | "Convert" >> beam.ParDo(ConvertGroup(settings)).with_outputs(PLACES, main="slices")
    )
    smallest = converted[PLACES] | "Smallest places" >> beam.CombineGlobally(SmallestPlaces())
    _ = (
        converted.slices
        | "Equal ones together" >> beam.GroupByKey()
        | "Write shards" >> beam.ParDo(WriteShard(settings), beam.pvalue.AsSingleton(smallest))
    )
    pipeline.run().wait_until_finish()


def _write_report(path: Path, report: Mapping[str, Any]) -> None:
    """Writes a report whole, for a worker may be started twice."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(json.dumps(report), encoding="utf-8")
    os.replace(beside, path)
