"""Pieces in parts of one tempo and one metre, and the filters that leave parts out.

Both are those of Magenta's preprocess_tfrecord.
"""

import bisect
import dataclasses
import itertools
from collections.abc import Iterable
from typing import NamedTuple

from lofi_tf.errors import NotConvertible
from lofi_tf.music.proto_wire import encode_rows
from lofi_tf.music.quantize import DEFAULT_QPM, grid_of
from lofi_tf.music.sequence_proto import NoteSequence
from lofi_tf.music.splits import (
    CHORD_SYMBOL,
    Segment,
    on_grid,
    part_of,
    split_on_time_changes,
    split_times,
)
from lofi_tf.music.sustain import SUSTAIN

FILTER_STEPS_PER_QUARTER = 16
METRIC_POSITIONS = 16


class PieceOfMusic(NamedTuple):
    """A part as the converters take it, and as columns of numbers."""

    sequence: NoteSequence
    part: Segment


@dataclasses.dataclass(frozen=True)
class Filters:
    """Which parts are left out.

    Attributes:
        max_total_time: longest part, in seconds.
        max_num_notes: most notes.
        min_velocities: fewest different velocities of its notes.
        min_metric_positions: fewest different places of its notes in a quarter, of 16.
        is_drum: the notes that these two count: only drums, only others, or all (None).
        drums_only: whether parts with other notes than drums are left out.
    """

    max_total_time: float = 1800
    max_num_notes: int = 10000
    min_velocities: int = 1
    min_metric_positions: int = 1
    is_drum: bool | None = None
    drums_only: bool = False

    def rule_against(self, part: Segment) -> str | None:
        """Returns the rule that leaves a part out, if one does, in Magenta's order."""
        if part.total_seconds > self.max_total_time:
            return "max_total_time"
        if len(part.notes) > self.max_num_notes:
            return "max_num_notes"
        try:
            steps = on_grid(part, grid_of(part, FILTER_STEPS_PER_QUARTER, _bar_steps(part))).starts
        except NotConvertible as problem:
            return problem.rule
        counted = part.notes.velocities > 0
        if self.is_drum is not None:
            counted &= part.notes.drums == self.is_drum
        if len(set(part.notes.velocities[counted].tolist())) < self.min_velocities:
            return "min_velocities"
        if len(set((steps[counted] % METRIC_POSITIONS).tolist())) < self.min_metric_positions:
            return "min_metric_positions"
        return "drums_only" if self.drums_only and not part.notes.drums.all() else None


def pieces_of(sequence: NoteSequence) -> list[PieceOfMusic]:
    """Returns a piece in parts of one tempo and metre; without changes, as it is."""
    whole = part_of(sequence)
    if _is_steady(whole.tempos, (DEFAULT_QPM,)) and _is_steady(whole.time_signatures, (4, 4)):
        return [PieceOfMusic(sequence, whole)]
    times, pedals = split_times(whole), _pedals_of(sequence)
    parts = split_on_time_changes(whole)
    return [
        PieceOfMusic(_sequence_of(sequence, part, pedals, begin, end), part)
        for part, begin, end in zip(parts, times, times[1:], strict=False)
    ]


def _is_steady(events: Iterable[tuple], default: tuple) -> bool:
    """Says whether the values of some events, (time, *values), are the same all the time."""
    events = list(events)
    values = {tuple(event[1:]) for event in events}
    if events and min(event[0] for event in events) != 0:
        values.add(default)
    return len(values) < 2


def _bar_steps(part: Segment) -> float:
    """Returns the steps in a bar of the part's own metre, so that no metre is refused."""
    for metre in part.time_signatures[:1]:
        beats = metre.numerator / metre.denominator if metre.denominator else 1.0
        return FILTER_STEPS_PER_QUARTER * 4.0 * beats
    return FILTER_STEPS_PER_QUARTER * 4.0


def _sequence_of(
    source: NoteSequence, part: Segment, pedals: list["_Pedals"], begin: float, end: float
) -> NoteSequence:
    """Returns the NoteSequence of a part; it keeps the name of the piece."""
    notes = part.notes
    columns = {
        "pitch": notes.pitches,
        "velocity": notes.velocities,
        "start_time": notes.starts,
        "end_time": notes.ends,
        "instrument": notes.instruments,
        "program": notes.programs,
        "is_drum": notes.drums,
    }
    # To its very end, not only to its last note: a pedal may be released after that.
    sequence = NoteSequence.FromString(encode_rows("notes", columns))
    sequence.id, sequence.filename = source.id, source.filename
    sequence.collection_name, sequence.total_time = source.collection_name, end - begin
    for time, numerator, denominator in part.time_signatures:
        sequence.time_signatures.add(time=time, numerator=numerator, denominator=denominator)
    for time, qpm in part.tempos:
        sequence.tempos.add(time=time, qpm=qpm)
    for time, key in part.keys:
        sequence.key_signatures.add(time=time, key=key)
    for time, text in part.chords:
        sequence.text_annotations.add(time=time, text=text, annotation_type=CHORD_SYMBOL)
    _add_pedals(sequence, pedals, begin, end)
    return sequence


class _Pedals(NamedTuple):
    """The movements of one instrument's sustain pedal, in time order."""

    instrument: int
    times: list[float]
    values: list[int]


def _pedals_of(sequence: NoteSequence) -> list[_Pedals]:
    changes = [
        (change.instrument, change.time, change.control_value)
        for change in sequence.control_changes
        if change.control_number == SUSTAIN
    ]
    changes.sort(key=lambda change: change[:2])  # simultaneous ones stay in their order
    return [
        _Pedals(
            instrument, *map(list, zip(*((time, value) for _, time, value in its), strict=True))
        )
        for instrument, its in itertools.groupby(changes, key=lambda change: change[0])
    ]


def _add_pedals(sequence: NoteSequence, pedals: list[_Pedals], begin: float, end: float) -> None:
    """Adds the movements of `begin` to `end`, each instrument's last one before it included."""
    for instrument, times, values in pedals:
        first = max(0, bisect.bisect_right(times, begin) - 1)
        last = bisect.bisect_left(times, end)
        for time, value in zip(times[first:last], values[first:last], strict=True):
            sequence.control_changes.add(
                time=max(time - begin, 0.0),
                instrument=instrument,
                control_number=SUSTAIN,
                control_value=value,
            )
