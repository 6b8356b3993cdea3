"""The worker's part of preprocess_tfrecord: groups of NoteSequence records to examples.

Workers read the records of a group for themselves, split, filter and convert them; the rest of the
way is that of `shard_pipeline`.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import apache_beam as beam

from lofi_tf.data.converters.build import build_converter
from lofi_tf.errors import LofiError, NotConvertible
from lofi_tf.music.sequence_proto import NoteSequence
from pipelines.group_work import GroupWork
from pipelines.parts import Filters, PieceOfMusic, pieces_of
from pipelines.record_groups import Group, read_group
from pipelines.shard_pipeline import Output, hand_on

UNMARKED = "taken_for_drums"  # parts that mark no note as a drum
MAX_PARTS = 100  # a piece in more parts is dropped, as by Magenta


class Settings(NamedTuple):
    """What the workers need to know.

    Attributes:
        converter: a config's converter, `{kind: ..., **kwargs}`.
        filters: which parts are left out; None leaves out none.
        output: what is made of the examples.
    """

    converter: Mapping[str, Any]
    filters: Filters | None
    output: Output


class ConvertGroup(beam.DoFn):
    """Converts the records of a group; yields what `hand_on` does."""

    def __init__(self, settings: Settings):
        self._settings = settings

    def setup(self):
        """Builds the converter once a worker."""
        self._converter = build_converter(self._settings.converter)

    def process(self, group: Group) -> Iterator[Any]:
        """Yields where the examples of each shard lie, and the places of their sources."""
        output = self._settings.output
        with GroupWork(output.parts_dir, group.number) as work:
            try:
                for record in read_group(group):
                    self._convert(record, work)
            except (LofiError, OSError) as error:
                work.errors.append(str(error))
        work.progress(group.num_records)
        yield from hand_on(work, output, type(self))

    def _convert(self, record: bytes, work: GroupWork) -> None:
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

    def _convert_piece(self, piece: PieceOfMusic, source: str, work: GroupWork) -> None:
        filters = self._settings.filters
        rule = filters.rule_against(piece.part) if filters else None
        if rule:
            reason = f"--{rule}={getattr(filters, rule)}" if hasattr(filters, rule) else "no grid"
            work.leave_out("filtered_parts", rule, source, reason)
            return
        try:
            work.add_all(self._converter.to_examples(piece.sequence), source)
            work.counts["taken_for_drums"] += self._converter.takes_for_drums(piece.sequence)
        except NotConvertible as problem:
            work.leave_out("refused_parts", problem.rule, source, str(problem))
        except Exception as error:  # one odd piece must not cost the others
            message = f"{type(error).__name__}: {error}"
            work.leave_out("refused_parts", "failed", source, message)
