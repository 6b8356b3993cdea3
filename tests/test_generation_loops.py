"""What is ahead of the first beat, and where new music ends."""

import io

import mido
import note_seq
import numpy as np
import pytest

from lofi_tf import generation
from lofi_tf.backends.open import backend_of_model
from lofi_tf.compat.trained_model import TrainedModel
from lofi_tf.generation import as_loop, from_zero
from lofi_tf.generation.slices import number_of_bars, unwrapped
from lofi_tf.music.midi import midi_bytes, read_midi
from lofi_tf.music.quantize import Grid
from tests.grooves import scrambled_model
from tests.mirrors import CLOSED, KICK, OPEN, SNARE, drums, melody


@pytest.fixture(scope="module")
def backend():
    return backend_of_model(*scrambled_model("groovae_2bar_humanize"))


def a_bar(*hits):
    piece = drums(*hits)
    piece.total_time = 2.0
    return piece


def two_bars(*hits):
    piece = drums(*hits, (8, SNARE), (24, SNARE), (30, KICK))
    piece.total_time = 4.0
    return piece


def test_what_is_ahead_of_the_first_beat_of_a_loop_is_at_its_end():
    loop = as_loop(a_bar((0, KICK, 100, -0.2), (0, CLOSED, 80, 0.1), (4, SNARE)))
    starts = {note.pitch: note.start_time for note in loop.notes}
    assert starts[KICK] == pytest.approx(2.0 - 0.2 * 0.125)
    assert starts[CLOSED] == pytest.approx(0.1 * 0.125)  # the others stay where they were
    assert starts[SNARE] == 4 * 0.125
    assert max(note.end_time for note in loop.notes) == loop.total_time == 2.0


def test_what_is_late_at_the_end_of_a_loop_is_at_its_beginning_and_nothing_rings_on():
    loop = as_loop(a_bar((15, KICK, 100, 1.0), (15, SNARE, 100, 0.999), (14, OPEN)))
    assert [note.start_time for note in loop.notes] == [0.0, pytest.approx(0.0, abs=1e-3), 1.75]
    long = a_bar((12, OPEN))
    long.notes[0].end_time = 9.0
    assert as_loop(long).notes[0].end_time == 2.0


def test_a_hair_ahead_is_on_the_beat():
    loop = as_loop(a_bar((0, KICK, 100, -1e-3), (8, SNARE)))
    assert [note.start_time for note in loop.notes] == [0.0, 1.0]


def test_a_piece_that_begins_early_is_moved_as_a_whole():
    piece = a_bar((0, KICK, 100, -0.4), (0, CLOSED, 80, 0.2), (12, SNARE))
    piece.control_changes.add(time=0.5, control_number=64, control_value=127)
    piece.time_signatures.add(time=1.0, numerator=3, denominator=4)
    before = [note.start_time for note in piece.notes]
    moved = from_zero(piece)
    assert [n.start_time - b for n, b in zip(moved.notes, before, strict=True)] == pytest.approx(
        [0.05] * 3
    )
    assert moved.control_changes[0].time == pytest.approx(0.55)
    assert [metre.time for metre in moved.time_signatures] == [0.0, pytest.approx(1.05)]
    assert moved.tempos[0].time == 0.0
    still = a_bar((0, KICK), (4, SNARE))
    assert from_zero(still).SerializeToString() == a_bar((0, KICK), (4, SNARE)).SerializeToString()


@pytest.mark.parametrize("qpm", [120.0, 87.0])
def test_samples_end_on_a_bar_and_begin_at_zero(backend, qpm):
    how = generation.GenerationConfig(temperature=1.5, seed=2, qpm=qpm)
    bar = 240.0 / qpm
    for piece in generation.sample(backend, 16, how):
        check_bars(piece, 2 * bar)
    for piece in generation.sample(backend, 2, how, length_bars=5):
        check_bars(piece, 5 * bar)


def test_what_a_loop_plays_ahead_is_read_as_ahead(backend):
    grid, early = Grid(120.0, 4), (0, KICK, 100, -0.2)
    loop = as_loop(a_bar(early, (4, SNARE), (15, CLOSED)))
    read = unwrapped(read_midi(midi_bytes(loop)), grid, 16)
    assert min(note.start_time for note in read.notes) == pytest.approx(-0.2 / 8, abs=1e-3)
    assert number_of_bars(loop, grid, 16) == 1
    rings = a_bar((4, SNARE), (16, KICK, 100, -0.2))  # a last crash, just ahead of its bar
    assert unwrapped(rings, grid, 16) is rings and number_of_bars(rings, grid, 16) == 2
    one = generation.excerpts_of(backend, two_bars(early)).inputs
    assert np.abs(one - generation.excerpts_of(backend, as_loop(two_bars(early))).inputs).max() == 0


def test_a_file_of_a_loop_ends_on_the_bar_line(backend):
    (piece,) = generation.sample(backend, 1, generation.GenerationConfig(qpm=93.0, seed=1))
    file = mido.MidiFile(file=io.BytesIO(midi_bytes(piece)))
    settings, beat = file.tracks
    assert file.ticks_per_beat == 480
    assert {sum(message.time for message in track) for track in file.tracks} == {8 * 480}
    assert {message.type for message in settings} >= {"set_tempo", "time_signature"}
    assert [message.name for message in beat if message.type == "track_name"] == ["Drums"]
    assert {message.channel for message in beat if message.type == "note_on"} == {9}


def test_new_music_names_its_parts_and_key():
    piece = melody((0, 4, 60), (4, 4, 64), (8, 4, 67), (12, 4, 71))
    for step, length, pitch in ((0, 8, 36), (8, 8, 43)):
        piece.notes.add(
            pitch=pitch, velocity=80, start_time=step / 8, end_time=(step + length) / 8,
            instrument=3, program=33,
        )  # fmt: skip
    for pitch in (48, 52, 55):
        piece.notes.add(pitch=pitch, velocity=70, end_time=2.0, instrument=5, program=4)
    piece.total_time = 2.0
    found = generation.finished(piece)
    names = [(info.instrument, info.name) for info in found.instrument_infos]
    assert names == [(0, "Melody"), (3, "Bass"), (5, "Chords")]
    assert [(key.key, key.mode) for key in found.key_signatures] == [(0, 0)]
    beat = generation.finished(a_bar((0, KICK)))
    assert [info.name for info in beat.instrument_infos] == ["Drums"] and not beat.key_signatures
    low = generation.finished(melody((0, 8, 33), (8, 4, 50), (12, 4, 40)))
    assert [info.name for info in low.instrument_infos] == ["Bass"]


def test_trained_models_pieces_follow_each_other(backend):
    np.random.seed(0)
    model = TrainedModel(None, 4, backend)
    pieces = model.sample(4, temperature=1.5)
    for piece in pieces:
        check_bars(piece, 4.0)
    for piece in model.sample(2, length=16):
        check_bars(piece, 2.0)
    whole = note_seq.concatenate_sequences(pieces)
    starts = sorted(note.start_time for note in whole.notes)
    expected = [n.start_time + 4.0 * i for i, piece in enumerate(pieces) for n in piece.notes]
    assert starts == pytest.approx(sorted(expected))


def check_bars(piece, seconds):
    assert piece.total_time == pytest.approx(seconds)
    assert min(note.start_time for note in piece.notes) >= 0
    assert max(note.end_time for note in piece.notes) <= piece.total_time
