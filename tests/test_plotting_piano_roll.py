import pytest

from lofi_tf.music.sequence_proto import NoteSequence
from lofi_tf.plotting.piano_roll import draw_piano_roll
from lofi_tf.plotting.pieces import save_piece


def hits(*velocities, seconds=0.125) -> NoteSequence:
    """One drum, hit after hit without a rest."""
    sequence = NoteSequence()
    sequence.tempos.add(qpm=120)
    for number, velocity in enumerate(velocities):
        start, end = number * seconds, (number + 1) * seconds
        sequence.notes.add(
            pitch=38, start_time=start, end_time=end, velocity=velocity, is_drum=True
        )
    return sequence


def bars_of(sequence) -> list[tuple[float, float, float]]:
    """The left and right end in beats, and the opacity, of what is drawn."""
    (axes,) = draw_piano_roll([sequence], [""]).axes
    (bars,) = axes.collections
    boxes = [path.get_extents() for path in bars.get_paths()]
    shades = bars.get_facecolors()[:, 3]
    return [(box.x0, box.x1, shade) for box, shade in zip(boxes, shades, strict=True)]


def test_hits_one_after_the_other_stand_apart():
    found = bars_of(hits(80, 80, 80))
    assert [left for left, _, _ in found] == pytest.approx([0, 0.25, 0.5])
    assert all(right < left for (_, right, _), (left, _, _) in zip(found, found[1:], strict=False))


def test_soft_hit_is_seen_and_louder_is_darker():
    shades = [shade for _, _, shade in bars_of(hits(1, 64, 127))]
    assert shades == sorted(shades)
    assert shades[0] >= 0.3 and shades[-1] == 1.0


def test_short_hit_in_a_long_piece_is_a_pixel_wide():
    sequence = hits(80)
    sequence.notes.add(pitch=38, start_time=240, end_time=240.001, velocity=80, is_drum=True)
    left, right, _ = bars_of(sequence)[1]
    assert (right - left) / 484 >= 1 / 1000


def test_piece_without_length_or_notes_is_drawn():
    assert draw_piano_roll([hits(), hits(80, seconds=0.0)], ["", ""]).axes


def test_pieces_of_a_figure_share_rows_and_bars():
    kick = hits(80)
    kick.notes[0].pitch = 36
    two_bars = hits(*[80] * 32)
    upper, lower = draw_piano_roll([kick, two_bars], ["", ""]).axes
    for axes in (upper, lower):
        assert axes.get_xlim() == (0, 8)
        assert [label.get_text() for label in axes.get_yticklabels()] == ["kick", "snare"]


def test_labels_of_neighbouring_pitches_do_not_touch():
    chord = NoteSequence()
    for pitch in (36, 59, 60, 62, 64, 65, 67, 96):
        chord.notes.add(pitch=pitch, start_time=0, end_time=1, velocity=80)
    figure = draw_piano_roll([chord], [""])
    figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in figure.axes[0].get_yticklabels()]
    assert 4 <= len(boxes) < 8
    assert all(low.y1 < high.y0 for low, high in zip(boxes, boxes[1:], strict=False))


def test_late_hit_opens_no_bar():
    late = hits(*[80] * 16)
    late.notes[-1].end_time += 0.05
    assert draw_piano_roll([late], [""]).axes[0].get_xlim() == (0, 4)


def test_same_piece_gives_the_same_file_whatever_its_name(tmp_path):
    for name in ("a.png", "b_2020-01-01.png"):
        save_piece(hits(80, 20), tmp_path / name)
    first, second = (path.read_bytes() for path in tmp_path.iterdir())
    assert first == second
