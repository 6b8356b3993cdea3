"""NoteSequences split into NoteSequences where tempo or metre changes, as note-seq splits them."""

import itertools
from collections.abc import Iterable
from typing import NamedTuple

from lofi_tf.music.proto_wire import encode_rows
from lofi_tf.music.sequence_proto import NoteSequence
from lofi_tf.music.splits import (
    CHORD_SYMBOL,
    Segment,
    part_of,
    split_on_time_changes,
    split_times,
    state_between,
)
from lofi_tf.music.sustain import SUSTAIN, Pedal, pedals_of
from lofi_tf.music.time_changes import DEFAULT_QPM


class SequenceSegment(NamedTuple):
    """A segment as the converters take it, and as columns of numbers."""

    sequence: NoteSequence
    columns: Segment


def split_segments(sequence: NoteSequence) -> list[SequenceSegment]:
    """Returns a sequence in segments of one tempo and metre; without changes, as it is."""
    whole = part_of(sequence)
    if _is_steady(whole.tempos, (DEFAULT_QPM,)) and _is_steady(whole.time_signatures, (4, 4)):
        return [SequenceSegment(sequence, whole)]
    times, pedals = split_times(whole), _moves_of(sequence)
    parts = split_on_time_changes(whole)
    return [
        SequenceSegment(_sequence_of(sequence, part, pedals, begin, end), part)
        for part, begin, end in zip(parts, times, times[1:], strict=False)
    ]


def _is_steady(events: Iterable[tuple], default: tuple) -> bool:
    """Says whether the values of some events, (time, *values), are the same all the time."""
    events = list(events)
    values = {tuple(event[1:]) for event in events}
    if events and min(event[0] for event in events) != 0:
        values.add(default)
    return len(values) < 2


def _sequence_of(
    source: NoteSequence, part: Segment, pedals: list[list[Pedal]], begin: float, end: float
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
    for moves in pedals:
        for time, instrument, value in state_between(moves, begin, end):
            sequence.control_changes.add(
                time=time, instrument=instrument, control_number=SUSTAIN, control_value=value
            )
    return sequence


def _moves_of(sequence: NoteSequence) -> list[list[Pedal]]:
    """Returns the movements of each instrument's pedal, in time order."""
    # Simultaneous ones stay in order.
    moves = sorted(pedals_of(sequence), key=lambda move: (move.instrument, move.time))
    return [list(its) for _, its in itertools.groupby(moves, key=lambda move: move.instrument)]
