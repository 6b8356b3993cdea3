"""Beam's steps from NoteSequence records to examples.

Group -> ReadRecords -> ToNoteSequence -> SplitSegments -> FilterSegments
    -> ConvertToExamples
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import apache_beam as beam

from lofi_tf.data.storage.tfrecord import read_records, record_offsets
from lofi_tf.errors import LofiError
from lofi_tf.music.sequence_proto import NoteSequence
from lofi_tf.music.split_sequences import split_segments
from pipelines.example_pipeline import ConvertToExamples, Item, Output
from pipelines.example_reports import Names, Report, counted, left_out, step
from pipelines.filters import Filters
from pipelines.progress import mark_done

DROPPED, FILTERED, REFUSED = "dropped_sequences", "filtered_parts", "refused_parts"
NAMES = Names(
    ("records", "sequences", "parts", "taken_for_drums", "examples"), (DROPPED, FILTERED, REFUSED)
)
RECORDS_A_GROUP = 64
MAX_SEGMENTS = 100  # a sequence in more of them is dropped, as by Magenta


class RecordGroup(NamedTuple):
    """Records that one worker takes: the number of the group, file, place in it, and count."""

    number: int
    path: str
    offset: int
    num_records: int


def list_groups(paths: list[Path]) -> list[RecordGroup]:
    """Returns the records of some files in groups, in order; only their heads are read.

    Raises:
        LofiError: a file that cannot be read, is cut short or is no TFRecord file.
    """
    groups: list[RecordGroup] = []
    for path in paths:
        try:
            offsets = list(record_offsets(path))
        except OSError as error:
            raise LofiError(f"cannot read {path}: {error.strerror}") from error
        for first in range(0, len(offsets), RECORDS_A_GROUP):
            chosen = offsets[first : first + RECORDS_A_GROUP]
            groups.append(RecordGroup(len(groups), str(path), chosen[0], len(chosen)))
    return groups


def read_group(group: RecordGroup, temp_dir: str) -> Iterator[Any]:
    """Yields the serialized sequences of a group."""
    try:
        records = read_records(group.path, group.offset, group.num_records)
        for number, record in enumerate(records):
            yield Item((group.number, number), "", record)
    except (LofiError, OSError) as error:
        yield Report(errors=[str(error)])
    mark_done(temp_dir, group.num_records)


def to_note_sequence(item: Item) -> Iterator[Any]:
    """Yields the sequence of a record, under the name of its file or its id."""
    yield counted(records=1)
    try:
        sequence = NoteSequence.FromString(item.content)
    except Exception:  # protobuf's DecodeError has several homes
        yield left_out(DROPPED, "not_a_note_sequence", item.place, "", "no NoteSequence")
        return
    yield counted(sequences=1)
    yield Item(item.place, sequence.filename or sequence.id, sequence)


def to_segments(item: Item) -> Iterator[Any]:
    """Yields the segments of a sequence, each of one tempo and one metre."""
    segments = split_segments(item.content)
    if len(segments) > MAX_SEGMENTS:
        message = f"it has {len(segments)} parts. Allowed: {MAX_SEGMENTS}"
        yield left_out(DROPPED, "too_many_parts", item.place, item.source, message)
        return
    yield counted(parts=len(segments))
    for number, segment in enumerate(segments):
        yield Item((*item.place, number), item.source, segment)


def filter_segment(item: Item, filters: Filters) -> Iterator[Any]:
    """Yields the item, or the filter that leaves it out."""
    rule = filters.rule_against(item.content.columns)
    if rule is None:
        yield item
        return
    reason = f"--{rule}={getattr(filters, rule)}" if hasattr(filters, rule) else "no grid"
    yield left_out(FILTERED, rule, item.place, item.source, reason)


class ConvertSegments(ConvertToExamples):
    """Item of a segment -> its examples."""

    whole_sources = False

    def examples_of(self, item: Item) -> list[Any]:
        """Returns the segment's examples, and whether all its notes were taken for drums."""
        sequence = item.content.sequence
        outputs = self.stored(item.source, self._converter.to_examples(sequence))
        return [*outputs, counted(taken_for_drums=self._converter.takes_for_drums(sequence))]


@beam.ptransform_fn
def records_to_examples(
    groups: beam.PCollection,
    converter: Mapping[str, Any],
    filters: Filters | None,
    output: Output,
) -> beam.PCollection:
    """Groups of records -> what `ConvertToExamples` yields; filters leave out segments."""
    segments = (
        groups
        | "ReadRecords" >> step(read_group, output.temp_dir)
        | "ToNoteSequence" >> step(to_note_sequence)
        | "SplitSegments" >> step(to_segments)
    )
    if filters:
        segments |= "FilterSegments" >> step(filter_segment, filters)
    convert = ConvertSegments(converter, output, REFUSED)
    return segments | "ConvertToExamples" >> beam.ParDo(convert)
