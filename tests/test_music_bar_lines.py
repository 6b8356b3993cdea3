"""How many bars a piece has, and how long they are."""

from fractions import Fraction

import pytest

from lofi_tf.music.bar_lines import nominal_qpm, whole_bars
from lofi_tf.music.midi import read_midi
from lofi_tf.music.sequence_proto import NoteSequence
from tests.midi_builder import meta, midi, off, on, tempo, track


def piece(*notes, metres=(), tempos=()):
    """Returns a NoteSequence of (start, end), (time, numerator, denominator) and (time, qpm)."""
    sequence = NoteSequence(total_time=max((end for _, end in notes), default=0))
    for start, end in notes:
        sequence.notes.add(pitch=36, velocity=90, start_time=start, end_time=end)
    for time, numerator, denominator in metres:
        sequence.time_signatures.add(time=time, numerator=numerator, denominator=denominator)
    for time, qpm in tempos:
        sequence.tempos.add(time=time, qpm=qpm)
    return sequence


@pytest.mark.parametrize(
    ("notes", "bars"),
    [
        ([(0, 0.1)], 1),
        ([(0, 2)], 1),
        ([(0, 2.1)], 1),  # rings on for less than a sixteenth
        ([(0, 2.2)], 2),
        ([(0, 1), (2, 2.05)], 2),  # begins in the next bar
        ([(0, 1), (1.995, 2.1)], 1),  # ahead of the first beat
        ([(7.5, 7.81)], 4),
        ([], 1),
    ],
)
def test_bars_are_counted_up_to_the_end(notes, bars):
    found = whole_bars(piece(*notes))
    assert (found.count, found.seconds, found.quarters) == (bars, 2 * bars, 4 * bars)


@pytest.mark.parametrize(
    ("metre", "qpm", "bars"),
    [((3, 4), 90, 2), ((6, 8), 77, 3), ((7, 8), 101.5, 2), ((2, 2), 60, 1)],
)
def test_bars_have_the_length_of_their_metre(metre, qpm, bars):
    bar = Fraction(4 * metre[0], metre[1]) * 60 / Fraction(qpm)
    music = piece((0, float(bars * bar) - 0.3), metres=[(0, *metre)], tempos=[(0, qpm)])
    found = whole_bars(music)
    assert found.count == bars and found.seconds == pytest.approx(float(bars * bar), abs=1e-9)
    assert (found.numerator, found.denominator) == metre and found.qpm == pytest.approx(qpm)


def test_metres_and_tempos_that_change_are_followed():
    # Two bars of 3/4 at 60 a minute, then two of 4/4 of which the second is at 120.
    music = piece((0, 1), (11, 11.9), metres=[(0, 3, 4), (6, 4, 4)], tempos=[(0, 60), (10, 120)])
    found = whole_bars(music)
    assert (found.count, found.quarters, found.seconds) == (4, 14, 12)


def test_a_metre_that_comes_a_tick_late_moves_no_bar_line():
    late = piece((0, 1), (2, 3.9), metres=[(0, 4, 4), (2 + 1 / 960, 3, 4)])
    assert whole_bars(late).seconds == pytest.approx(2 + 2 * 1.5)


def test_a_drum_counts_for_where_it_is_struck():
    music = piece((0, 0.1), (5.5, 7.5))
    assert whole_bars(music).count == 4
    music.notes[1].is_drum = True
    assert whole_bars(music).count == 3
    music.total_time = 8.0  # said to be longer
    assert whole_bars(music).count == 4


@pytest.mark.parametrize("qpm", [90, 77, 120.5, 93.07, 174, 66.6])
def test_the_tempo_of_a_midi_file_is_the_one_that_was_meant(qpm):
    settings = track((0, tempo(round(6e7 / qpm))), (0, meta(0x58, b"\x04\x02\x18\x08")))
    music = read_midi(midi(settings, track((0, on(60)), (479 + 31 * 1920, off(60)))))
    assert whole_bars(music).qpm == pytest.approx(qpm, abs=1e-9)
    assert round(whole_bars(music).seconds * 44100) == round(
        Fraction(32 * 4 * 60 * 44100) / Fraction(qpm)
    )


def test_a_tempo_of_many_digits_stays():
    assert nominal_qpm(123.456789) == 123.456789
