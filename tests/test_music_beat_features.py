"""What a beat is like, in numbers."""

import numpy as np
import pytest

from lofi_tf.music.beat_features import hit_features, play_features
from lofi_tf.music.beats import CLOSED, CRASH, KICK, SNARE, Beats


def beats_of_hits(hits, velocity=100.0, late=0.0):
    """One beat of bars of hits [(bar, step, drum), ...], of as many bars as there are."""
    grid = np.zeros([1, max(hit[0] for hit in hits) + 1, 16, 9], bool)
    for hit in hits:
        grid[(0, *hit)] = True
    return Beats(grid, np.where(grid, velocity, 0.0), np.where(grid, late, 0.0))


def drawn(count=3, bars=2):
    random = np.random.default_rng(0)
    shape = [count, bars, 16, 9]
    hits = random.random(shape) < 0.2
    velocities, late = random.uniform(1, 127, shape), random.uniform(-0.5, 0.5, shape)
    return Beats(hits, np.where(hits, velocities, 0), np.where(hits, late, 0))


@pytest.mark.parametrize("features", [hit_features, play_features])
def test_a_loop_and_the_loop_twice_are_alike(features):
    beats = drawn()
    once, twice = features(beats), features(beats.bars([0, 1, 0, 1]))
    assert list(once) == list(twice)
    for name in once:
        np.testing.assert_allclose(once[name], twice[name], atol=1e-6, err_msg=name)


def test_hits_are_counted_by_drum_place_and_pair():
    found = hit_features(beats_of_hits([(0, 0, KICK), (0, 0, CRASH), (0, 4, SNARE), (1, 0, KICK)]))
    assert found["kick, a bar"] == 1.0 and found["crash, a bar"] == pytest.approx(0.5**0.5)
    assert found["kick at 0"] == 1.0 and found["snare at 4"] == 0.5 and found["snare at 0"] == 0.0
    assert found["kick and crash"] == pytest.approx(0.5**0.5) and found["kick and snare"] == 0.0
    assert found["0 at once"] == 29 / 32 and found["1 at once"] == found["2 at once"] * 2 == 2 / 32
    assert found["crash, bars with any"] == 0.5 and found["crash, more in the last bar"] == -0.5
    assert found["kick after 16"] == 1.0 and found["snare after 16"] == 0.0
    # Of kick, crash, snare and kick one bar later the kicks alone come again.
    assert found["same after 16"] == pytest.approx(2 / 6)


def test_hits_in_a_row_are_a_roll():
    roll = hit_features(beats_of_hits([(0, step, SNARE) for step in range(4)]))
    apart = hit_features(beats_of_hits([(0, 2 * step, SNARE) for step in range(4)]))
    assert roll["snare, in a row"] == 3 / 16 and apart["snare, in a row"] == 0
    assert apart["snare after 2"] == 3 / 5


def test_playing_is_measured_where_something_is_hit():
    beat = beats_of_hits([(0, 0, KICK), (0, 4, SNARE), (0, 6, SNARE), (0, 0, CLOSED)])
    beat.velocities[0, 0, [0, 4, 6, 0], [KICK, SNARE, SNARE, CLOSED]] = [127, 127, 25.4, 63.5]
    beat.late[0, 0, [0, 4, 6, 0], [KICK, SNARE, SNARE, CLOSED]] = [0.1, 0.0, 0.45, 0.3]
    found = {name: float(value[0]) for name, value in play_features(beat).items()}
    assert found["snare, volume"] == pytest.approx(0.6)
    assert found["snare, spread of volume"] == pytest.approx(0.4)
    assert found["snare on quarters, volume"] == 1.0
    assert found["snare on eighths, late"] == pytest.approx(0.45)
    assert found["ride, volume"] == found["ride, spread of late"] == 0.0
    assert found["ghosts, a bar"] == 1.0
    assert found["late, spread within steps"] == pytest.approx(0.1)
    assert found["between steps"] == 0.25
    assert found["volume, change after 1 bars"] == 0.0
