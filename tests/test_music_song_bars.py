"""Bars of songs: those that they say, and those that their notes keep to."""

import numpy as np
import pytest

from lofi_tf.music.downbeats import grid_offset
from lofi_tf.music.song_bars import song_bars
from tests.songs import song


def starts(found):
    return [bar.start for bar in found.bars]


def test_bars_are_those_that_a_song_says():
    found = song_bars(song(16))
    assert not found.are_found and starts(found) == [4.0 * bar for bar in range(16)]


@pytest.mark.parametrize("late", [0.1, 1.1, 2.9])
def test_bars_are_found_where_notes_keep_to_another_grid(late):
    found = song_bars(song(24, late=late))
    assert found.are_found
    np.testing.assert_allclose(starts(found), [late + 4 * bar for bar in range(24)], atol=0.01)


def test_bars_that_are_found_follow_the_tempo():
    found = song_bars(song(24, qpm=60.0, late=1.1, tempos=[(30.0, 90.0), (50.0, 72.0)]))
    np.testing.assert_allclose(np.diff(starts(found)), 4.0, atol=0.01)
    assert found.clock.seconds(30.0) == pytest.approx(30.0)


def test_scores_are_believed():
    piece = song(24, late=1.1)
    piece.source_info.source_type = piece.source_info.SCORE_BASED
    assert not song_bars(piece).are_found


def test_a_short_first_bar_is_the_end_of_a_whole_one():
    piece = song(8, late=1.0)
    piece.time_signatures[0].numerator = 1
    piece.time_signatures.add(time=0.5, numerator=4, denominator=4)
    piece.notes.add(pitch=67, velocity=90, start_time=0.0, end_time=0.4)
    assert starts(song_bars(piece))[:3] == [-3.0, 1.0, 5.0]


def test_the_usual_tempo_is_the_one_of_most_quarters():
    assert song_bars(song(16, qpm=100.0, tempos=[(40.0, 60.0)])).qpm == 100.0


def test_one_note_is_one_bar():
    piece = song(1)
    del piece.notes[1:]
    assert len(song_bars(piece).bars) == 1


@pytest.mark.parametrize("late", [-0.1, 0.0, 0.05])
def test_the_offset_of_a_grid_is_how_late_its_notes_are(late):
    offset, clear = grid_offset(np.array([0.0, 0.25, 1.0, 3.75]) + late)
    assert (offset, clear) == (pytest.approx(late), pytest.approx(1.0))
