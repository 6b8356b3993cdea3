import numpy as np
import pytest

from lofi_tf.errors import LofiError
from lofi_tf.evaluation.music_features import excerpt_of, notes_a_bar
from lofi_tf.html.map_plane import check_points, far_points, image, nearest, plane_of, triangles_of
from lofi_tf.music.sequence_proto import NoteSequence


def excerpt(starts, pitches, drums=True):
    """Returns a bar of notes, a sixteenth long, that begin at sixteenths."""
    piece = NoteSequence()
    piece.tempos.add(qpm=120)
    for start, pitch in zip(starts, pitches, strict=True):
        time = start * 0.125
        piece.notes.add(start_time=time, end_time=time + 0.125, pitch=pitch, is_drum=drums)
    return excerpt_of(piece, 4, 1)


def test_axes_are_the_directions_that_music_goes_along_with():
    z = np.random.default_rng(0).standard_normal([300, 6])
    counts = np.clip(np.round(8 + 3 * z[:, 4]), 1, 16).astype(int)
    excerpts = [excerpt(range(count), [36] * count) for count in counts]
    dense = np.array([notes_a_bar(one) for one in excerpts])
    plane = plane_of(z, excerpts, {"noise": z[:, 0], "notes a bar": dense})
    first = plane.directions[:, 0] / np.linalg.norm(plane.directions[:, 0])
    assert first[4] > 0.95  # the way that density grows
    assert plane.axes[0].startswith("notes a bar (correlation 0.9")
    assert plane.axes[1].startswith("noise (correlation 0.")
    np.testing.assert_allclose(plane.places(z).mean(axis=0), 0, atol=1e-9)
    lengths = np.linalg.norm(plane.directions, axis=0)
    assert lengths[0] == pytest.approx(1) and (np.diff(lengths) <= 1e-12).all()


def test_near_pitches_are_more_alike_than_far_ones():
    c, d, high = (image(excerpt([0], [pitch], drums=False), 16) for pitch in (60, 62, 84))
    assert np.linalg.norm(c - d) < np.linalg.norm(c - high)
    late = image(excerpt([0, 20], [60, 90], drums=False), 16)
    np.testing.assert_array_equal(late, c)  # what comes after the sixteenth step does not count


def test_neighbours_are_told_by_their_angle():
    places = np.array([[1.0, 0.0], [9.0, 1.0], [0.0, 2.0], [-1.0, 0.1]])
    np.testing.assert_array_equal(nearest(places, 2), [[1, 2], [0, 2], [1, 3], [2, 1]])


def test_landmarks_lie_far_from_each_other():
    inside = np.random.default_rng(1).uniform(0.4, 0.6, [30, 2])
    places = np.concatenate([inside, [[0, 0], [1, 0], [0, 1], [1, 1.1]]])
    assert sorted(far_points(places, 4)) == [30, 31, 32, 33]


def test_a_square_and_its_middle_make_four_triangles():
    places = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.5, 0.5]])
    wanted = [[0, 1, 4], [0, 2, 4], [1, 3, 4], [2, 3, 4]]
    np.testing.assert_array_equal(triangles_of(places), wanted)
    assert triangles_of(places[:, :1] * [1.0, 1.0]).shape == (0, 3)  # all in a line


@pytest.mark.parametrize("points", [29, 5001])
def test_other_numbers_of_points_are_refused(points):
    with pytest.raises(LofiError, match=f"30 to 5000. Received: {points}"):
        check_points(points)
