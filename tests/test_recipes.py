"""How the corpora of the shipped models are assembled."""

import numpy as np
import pytest

from lofi_tf.data.midi import write_midi
from lofi_tf.data.sequence_proto import NoteSequence
from saved_models.recipes import pop909, split


@pytest.fixture
def song(tmp_path):
    """A song of 5 bars of 4 beats, one of 3 and 4 of 4; 0.6 s a beat.

    Its beats waver by a hundredth of a second; a melody note stands on the second beat of each bar,
    with piano notes a quarter of a beat later.
    """
    sizes = [4, 4, 4, 4, 4, 3, 4, 4, 4, 4, 1]
    downs = np.concatenate([[1] + [0] * (size - 1) for size in sizes])
    seconds = 0.3 + 0.6 * np.arange(len(downs)) + 0.01 * np.sin(np.arange(len(downs)))
    rows = np.stack([seconds, downs, downs], axis=1)
    np.savetxt(tmp_path / "001.beat_midi.txt", rows)
    piece = NoteSequence()
    for instrument, name in enumerate(("MELODY", "BRIDGE", "PIANO")):
        piece.instrument_infos.add(instrument=instrument, name=name)
    for number, beat in enumerate(np.flatnonzero(downs)[:-1] + 1):
        piece.notes.add(pitch=70 + number, velocity=90, start_time=seconds[beat],
                        end_time=seconds[beat] + 0.5, instrument=0)  # fmt: skip
        for pitch in (40 + number, 50, 72):
            late = seconds[beat] + 0.15
            piece.notes.add(pitch=pitch, velocity=80, start_time=late, end_time=late + 3,
                            instrument=2)  # fmt: skip
    write_midi(piece, tmp_path / "001.mid")
    (tmp_path / "001.chord_midi.txt").write_text(
        f"0.0\t{seconds[4]}\tN\n{seconds[4]}\t{seconds[8]}\tB:min7/b3\n{seconds[8]}\t99\tG:sus4(b7)\n"
    )
    return tmp_path / "001.mid"


def test_pieces_of_are_the_stretches_of_bars_in_four(song):
    pieces = list(pop909.pieces_of(song))
    assert [piece.id for piece in pieces] == ["POP909/001/0", "POP909/001/1"]
    assert {piece.filename for piece in pieces} == {"POP909/001"}
    assert [round(piece.total_time / 0.6) for piece in pieces] == [20, 16]


def test_pieces_of_put_notes_on_the_even_grid(song):
    piece = next(pop909.pieces_of(song))
    assert piece.tempos[0].qpm == pytest.approx(100, rel=0.02)
    beats = [(n.pitch, n.start_time * piece.tempos[0].qpm / 60, n.program) for n in piece.notes]
    melody = [(pitch, beat) for pitch, beat, program in beats if program == 0]
    bass = [(pitch, beat) for pitch, beat, program in beats if program == pop909.BASS_PROGRAM]
    np.testing.assert_allclose(melody, [(70 + n, 1 + 4 * n) for n in range(5)], atol=0.02)
    np.testing.assert_allclose(bass, [(40 + n, 1.25 + 4 * n) for n in range(5)], atol=1e-3)


def test_pieces_of_name_chords_where_they_begin(song):
    piece = next(pop909.pieces_of(song))
    seconds = 60 / piece.tempos[0].qpm
    found = [(a.text, round(a.time / seconds, 3)) for a in piece.text_annotations]
    assert found == [("N.C.", 0), ("Bm7", 4), ("G7sus", 8)]


def test_bass_notes_end_where_the_next_begins(song):
    piece = next(pop909.pieces_of(song))
    bass = [note for note in piece.notes if note.instrument == pop909.BASS]
    assert all(a.end_time <= b.start_time + 1e-9 for a, b in zip(bass, bass[1:], strict=False))


def test_split_of_gives_an_eighth_each_to_validation_and_test():
    sides = [split.split_of(f"song{number}") for number in range(4000)]
    shares = [sides.count(side) / 4000 for side in ("train", "validation", "test")]
    np.testing.assert_allclose(shares, [0.75, 0.125, 0.125], atol=0.02)
