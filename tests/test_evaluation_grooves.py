"""Errors of timing and velocity, and what a model of grooves has to beat."""

import numpy as np
import pytest
from scipy.stats import entropy

from lofi_tf.evaluation.groove_baselines import BaselineData, linear, nearest, perceptron, quantised
from lofi_tf.evaluation.groove_tables import told_once
from lofi_tf.evaluation.grooves import Groove, divergence, groove_row, step_milliseconds


def one_hit(velocity, offset, hit=True):
    """A step of one drum."""
    return Groove(*(np.array([[[value]]]) for value in (hit, float(velocity), float(offset))))


def random_known(seed=0, count=300):
    """Examples of 4 steps and 2 drums, whose feel is a linear function of a number."""
    random = np.random.default_rng(seed)
    hits = random.random((count, 4, 2)) < 0.6
    mood = random.uniform(-1, 1, (count, 1, 1))
    velocities = np.where(hits, 60 + 40 * mood, 0).astype(np.float32)
    offsets = np.where(hits, 0.3 * mood, 0).astype(np.float32)
    features = np.concatenate([hits.reshape(count, -1), mood[:, 0]], 1).astype(np.float32)
    return BaselineData(features, Groove(hits, velocities, offsets))


def test_a_quarter_of_a_step_late_at_120_is_31_ms():
    step = step_milliseconds(np.array([120.0]), 4)
    assert step == 125.0
    row = groove_row("late", one_hit(127, 0.25), one_hit(0, 0.0), step, 4)
    assert row["timing_ms"] == pytest.approx(31.25)
    assert row["timing_16th2"] == pytest.approx(0.0625)
    assert (row["velocity"], row["velocity2"]) == (127.0, 1.0)


def test_sixteenths_are_those_of_any_grid():
    row = groove_row("late", one_hit(64, 0.5), one_hit(64, 0.0), np.array([1.0]), 8)
    assert row["timing_16th2"] == pytest.approx(0.25**2)


def test_errors_are_counted_at_hits_the_output_leaves_out():
    data = Groove(np.ones([1, 2, 1], bool), np.full([1, 2, 1], 90.0), np.zeros([1, 2, 1]))
    made = Groove(np.array([[[True], [False]]]), data.velocities, np.array([[[0.0], [0.4]]]))
    row = groove_row("model", data, made, np.array([100.0]), 4)
    assert row["timing_ms"] == pytest.approx(20.0)
    assert (row["precision"], row["recall"]) == (1.0, 0.5)
    assert row["f1"] == pytest.approx(2 / 3)
    chosen = data.hits & made.hits
    assert groove_row("model", data, made, np.array([100.0]), 4, chosen)["timing_ms"] == 0.0


def test_each_piece_counts_at_its_own_tempo():
    data = Groove(np.ones([2, 1, 1], bool), np.ones([2, 1, 1]), np.zeros([2, 1, 1]))
    made = Groove(None, np.ones([2, 1, 1]), np.full([2, 1, 1], 0.1))
    row = groove_row("late", data, made, step_milliseconds(np.array([60, 120]), 4), 4)
    assert row["timing_ms"] == pytest.approx((25 + 12.5) / 2)


def test_divergence_is_that_of_smoothed_histograms():
    random = np.random.default_rng(1)
    data, made = random.normal(0, 0.1, 500), random.normal(0.05, 0.2, 400).clip(-0.5, 0.5)
    counts = [np.histogram(values, 50, (-0.5, 0.5))[0] + 1 for values in (data, made)]
    assert divergence(data, made, 50, (-0.5, 0.5)) == pytest.approx(entropy(*counts))
    assert divergence(data, data, 50, (-0.5, 0.5)) == 0.0


def test_quantised_plays_on_the_grid_at_the_mean_velocity():
    known = random_known()
    made = quantised(known)(known.features)
    assert not made.offsets.any()
    mean = known.groove.velocities[known.groove.hits].mean()
    np.testing.assert_allclose(made.velocities, mean, rtol=1e-5)


@pytest.mark.parametrize("learn", [linear, nearest, perceptron])
def test_baselines_find_what_is_there_to_find(learn):
    training, validation, test = (random_known(seed) for seed in range(3))
    made = learn(training, validation)(test.features)
    hits = test.groove.hits
    error = np.abs(made.offsets - test.groove.offsets)[hits].mean()
    assert error < 0.5 * np.abs(test.groove.offsets)[hits].mean()


def test_controls_that_tell_nothing_new_are_left_out():
    inputs, tempo = np.array([[0, 1, 0], [1, 0, 0]]), np.array([[0.3], [0.7]])
    place = np.ones([2, 2])  # the same in all examples
    features = np.concatenate([inputs, inputs[:, :1], place, tempo, tempo], axis=1)
    assert told_once(features, 3).tolist() == [0, 1, 2, 6]


def test_the_nearest_neighbour_of_a_training_example_is_itself():
    known = random_known()
    made = nearest(known, known)(known.features)
    hits = known.groove.hits
    np.testing.assert_allclose(made.offsets[hits], known.groove.offsets[hits], atol=1e-6)
    np.testing.assert_array_equal(made.hits, hits)
