import numpy as np
import pytest

from lofi_tf.errors import NotConvertible
from lofi_tf.music.midi import read_midi
from lofi_tf.music.quantize import first_qpm, grid_of
from lofi_tf.music.splits import segments_of
from tests.midi_builder import meta, midi, off, on, tempo, track

QUARTERS = [event for _ in range(32) for event in [(0, on(60)), (480, off(60))]]


def metre(numerator: int, power: int = 2) -> bytes:
    return meta(0x58, bytes([numerator, power, 24, 8]))


def piece(*settings: tuple[int, bytes]):
    """32 quarter notes, with tempi and metres."""
    return read_midi(midi(track(*settings), track(*QUARTERS)))


UNCHANGED = {
    "metre_late": [(1, metre(3))],
    "metre_again": [(0, metre(3)), (480 * 6, metre(3)), (0, metre(3))],
    "metre_replaced_a_tick_late": [(0, metre(4)), (1, metre(3))],
    "no_metre_between": [(0, metre(3)), (480, metre(0)), (480, metre(3))],
    "five_bytes": [(0, meta(0x58, bytes([3, 2, 24, 8, 0])))],
    "tempo_late": [(0, metre(3)), (1, tempo(400000))],
    "tempo_again": [(0, metre(3)), (0, tempo(400000)), (480, tempo(400000))],
    "tempo_jitter": [(0, metre(3)), (0, tempo(400000)), (480, tempo(400200)), (9, tempo(399800))],
}


@pytest.mark.parametrize("case", UNCHANGED)
def test_slips_of_tempo_and_metre_change_nothing(case):
    sequence = piece(*UNCHANGED[case])
    qpm = 150 if "tempo" in case else 120
    assert grid_of(sequence, 4, 12).qpm == pytest.approx(qpm, abs=0.1)
    assert first_qpm(sequence) == pytest.approx(qpm, abs=0.1)
    (part,) = segments_of(sequence)
    assert len(part.notes) == 32
    assert grid_of(part, 4, 12).qpm == pytest.approx(qpm, abs=0.1)


@pytest.mark.parametrize(
    ("settings", "beats"),
    [
        ([(0, metre(4)), (480 * 8, metre(3))], [8, 24]),
        ([(0, metre(4)), (480 * 8 + 1, metre(3))], [8, 24]),  # a tick late, yet on its bar
        ([(0, tempo(500000)), (480 * 8, tempo(400000))], [8, 24]),
        ([(0, tempo(500000)), (480 * 8 + 1, tempo(400000))], [8, 24]),
        ([(0, tempo(500000)), (480 * 8, tempo(499500))], [8, 24]),  # by 0.12 qpm
    ],
)
def test_real_changes_split_the_piece(settings, beats):
    sequence = piece(*settings)
    assert [len(part.notes) for part in segments_of(sequence)] == beats
    with pytest.raises(NotConvertible, match="changes"):
        grid_of(sequence, 4, 16)


def test_mean_of_jitter_keeps_the_end_in_place():
    jitter = [(480 * bool(i), tempo(500000 + 400 * (i % 2))) for i in range(32)]
    sequence = piece((0, metre(4)), *jitter)
    starts = np.array([note.start_time for note in sequence.notes])
    assert starts[-1] == pytest.approx(31 * 0.5 + 15 * 0.0004)
    assert list(grid_of(sequence, 4, 16).steps(starts)) == list(range(0, 128, 4))


def test_bars_of_one_beat_are_an_unknown_metre():
    assert grid_of(piece((0, metre(1))), 4, 16).qpm == 120
    with pytest.raises(NotConvertible, match="metre changes"):
        grid_of(piece((0, metre(4)), (480 * 8, metre(1)), (480, metre(4))), 4, 16)
