"""Columns of numbers to and from NoteSequences, beside protobuf's own way."""

import numpy as np
import pytest

from lofi_tf.music.proto_wire import decode_rows, encode_rows
from lofi_tf.music.sequence_proto import NoteSequence

NAMES = ("pitch", "velocity", "instrument", "program", "is_drum", "start_time", "end_time")


def assert_columns_are(sequence, field="notes", names=NAMES):
    found = decode_rows(sequence, field, names)
    assert set(found) == set(names)
    for name in names:
        expected = [getattr(row, name) for row in getattr(sequence, field)]
        np.testing.assert_array_equal(found[name], np.array(expected, found[name].dtype))


def some_notes(sequence, count, seed=0):
    """Adds notes of which any member may be missing, with other members between."""
    random = np.random.default_rng(seed)
    members = {
        **{"pitch": 128, "velocity": 128, "numerator": 5, "denominator": 500, "program": 2**31},
        **{"instrument": 300, "is_drum": 2, "start_time": 2.0, "end_time": 9.0, "part": 4},
        "quantized_end_step": 2**40,
    }
    for _ in range(count):
        chosen = [name for name in members if random.random() < 0.7]
        values = {name: random.uniform(0, members[name]) for name in chosen}
        whole = {n: v if n.endswith("time") else int(v) for n, v in values.items()}
        sequence.notes.add(**whole)
    return sequence


def test_decode_rows_reads_what_protobuf_reads():
    sequence = NoteSequence(id="a", filename="b" * 300, ticks_per_quarter=480, total_time=3.0)
    sequence.tempos.add(qpm=90)
    assert_columns_are(some_notes(sequence, 200))


@pytest.mark.parametrize("last", [0.0, 1.0])
def test_decode_rows_reads_long_runs_of_rows_of_one_size(last):
    sequence = NoteSequence(total_time=66.0)
    for number in [*range(1, 30), 0, *range(1, 40), 300, *range(1, 12)]:
        sequence.notes.add(pitch=60, instrument=number, start_time=number)
    sequence.notes.add(pitch=61, instrument=3, start_time=last)
    assert_columns_are(sequence)


@pytest.mark.parametrize("alike", range(1, 12))
def test_decode_rows_reads_runs_that_end_with_the_bytes(alike):
    sequence = NoteSequence()
    sequence.notes.add(pitch=60, velocity=3)
    for number in range(alike):
        sequence.notes.add(pitch=60 + number)
    assert_columns_are(sequence)


def test_decode_rows_of_no_notes_are_empty():
    assert_columns_are(NoteSequence(total_time=66.0))
    assert_columns_are(NoteSequence())


def test_decode_rows_takes_a_row_without_members_and_a_long_one():
    sequence = NoteSequence()
    sequence.notes.add()
    sequence.notes.add(pitch=-1, start_time=-2.5, end_time=np.inf, instrument=-(2**31))
    sequence.notes.add(
        **{name: -1 for name in ("pitch", "velocity", "numerator", "denominator", "instrument")},
        **{name: -1 for name in ("program", "part", "voice", "quantized_start_step")},
        **{"quantized_end_step": -1, "start_time": 1.0, "end_time": 2.0, "is_drum": True},
    )
    assert max(note.ByteSize() for note in sequence.notes) > 127
    assert_columns_are(sequence)


def test_decode_rows_reads_other_fields():
    sequence = some_notes(NoteSequence(), 3)
    sequence.pitch_bends.add(time=1.0, bend=-8192)
    sequence.control_changes.add(time=2.0, control_number=64, control_value=127)
    sequence.instrument_infos.add(instrument=3, name="x")
    assert_columns_are(sequence, "pitch_bends", ("time", "bend"))
    assert_columns_are(sequence, "control_changes", ("time", "control_number", "control_value"))


@pytest.mark.parametrize("count", [1, 5])
def test_decode_rows_gives_back_what_encode_rows_wrote(count):
    columns = {
        "pitch": np.arange(60, 60 + count),
        "velocity": np.arange(count) * 200,
        "start_time": np.arange(count) / 3,
    }
    sequence = NoteSequence.FromString(encode_rows("notes", columns))
    found = decode_rows(sequence, "notes", columns)
    for name, column in columns.items():
        np.testing.assert_array_equal(found[name], column)
