"""Ways through a latent space."""

import numpy as np
import pytest

from lofi_tf.crossmodal import latent_paths as paths
from lofi_tf.errors import LofiError

POINTS = np.random.default_rng(0).normal(size=(4, 5))


@pytest.mark.parametrize("order", range(4))
def test_way_meets_its_points(order):
    way = paths.through(POINTS, 31, order)
    assert way.shape == (31, 5)
    assert np.allclose(way[::10], POINTS, atol=1e-5)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_way_of_order_n_follows_a_polynomial_of_degree_n(order):
    times = np.arange(4.0)
    way = paths.through((times**order)[:, None], 13, order)
    assert np.allclose(way[:, 0], np.linspace(0, 3, 13) ** order, atol=1e-4)


def test_way_of_order_0_holds_points():
    held = np.unique(paths.through(POINTS, 50, 0), axis=0)
    assert np.allclose(held, np.unique(POINTS, axis=0), atol=1e-5)


def test_circle_stays_at_its_radius_and_closes():
    way = paths.circle(POINTS[:3], 41)
    radius = np.linalg.norm(POINTS[0])
    assert np.allclose(np.linalg.norm(way, axis=1), radius, atol=1e-4)
    assert np.allclose(way[[0, -1]], POINTS[0], atol=1e-4)
    assert np.allclose(way[20], -POINTS[0], atol=1e-4)


def test_helix_turns_three_times_as_it_climbs():
    way = paths.helix(POINTS[:3], 301).astype(float)
    ends = way[-1] - way[0]  # the same angle: the axis alone is left
    axis = ends / np.linalg.norm(ends)
    heights = way @ axis
    assert np.allclose(np.diff(heights, 2), 0, atol=1e-5)
    flat = way - heights[:, None] * axis
    assert np.allclose(flat[::100], flat[0], atol=1e-4)
    assert np.allclose(np.linalg.norm(way[0]), np.linalg.norm(POINTS[0]), atol=1e-4)


def test_ways_in_spaces_of_two_dimensions_are_finite():
    for figure in paths.TRAJECTORIES.values():
        assert np.isfinite(figure(POINTS[:3, :2], 9)).all()


def test_dimensions_by_words():
    way = paths.given_path("1:-2:2,3:0:1", np.ones(5), 5)
    assert way.tolist() == [[1, -2 + n, 1, n / 4, 1] for n in range(5)]


def test_rows_of_a_file(tmp_path):
    file = tmp_path / "way.csv"
    np.savetxt(file, POINTS, delimiter=",")
    assert np.allclose(paths.given_path(str(file), np.zeros(5), 99), POINTS, atol=1e-5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("5:0:1", "dim 0 to 4"),
        ("0:a:1", "dim:from:to"),
        ("0:1", "dim:from:to"),
        ("nowhere.csv", "CSV file"),
        ("WORDS", "no CSV file of numbers"),
        ("NARROW", "of 5 numbers"),
    ],
)
def test_what_is_no_path_is_one_line(text, message, tmp_path):
    for name, content in (("WORDS", "a,b"), ("NARROW", "1,2\n3,4")):
        (tmp_path / name).write_text(content)
    text = str(tmp_path / text) if text in ("WORDS", "NARROW") else text
    with pytest.raises(LofiError, match=message) as error:
        paths.given_path(text, np.zeros(5), 5)
    assert "\n" not in str(error.value)


def test_orders_need_points_and_steps():
    with pytest.raises(LofiError, match="needs 4 points"):
        paths.through(POINTS[:3], 9, 3)
    with pytest.raises(LofiError, match="0 to 3"):
        paths.through(POINTS, 9, 4)
    with pytest.raises(LofiError, match="2 or more"):
        paths.line(POINTS, 1)
