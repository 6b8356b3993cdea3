import math

import pytest
import tensorflow as tf

from lofi_tf.models.common import schedules
from lofi_tf.models.common.losses import kl_cost


@pytest.mark.parametrize(("step", "expected"), [(0, 1e-3), (1, 9.99901e-4), (10**6, 1e-5)])
def test_learning_rate_decays_to_its_minimum(step, expected):
    assert float(schedules.learning_rate(step, 1e-3, 0.9999, 1e-5)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("step", "rate", "expected"), [(0, 0.0, 0.0), (1, 0.0, 0.2), (2, 0.5, 0.15), (0, 0.5, 0.0)]
)
def test_beta_is_zero_first_and_max_beta_last(step, rate, expected):
    assert float(schedules.beta(step, 0.2, rate)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("schedule", "rate", "step", "expected"),
    [
        ("constant", 0.3, 5, 0.3),
        ("exponential", 0.9, 2, 0.19),
        ("inverse_sigmoid", 1000.0, 0, 1 - 1000 / 1001),
        ("inverse_sigmoid", 1000.0, 7000, 1 - 1000 / (1000 + math.exp(7))),
        ("inverse_sigmoid", 1000.0, 10**6, 1.0),
    ],
)
def test_sampling_probability_by_its_formula(schedule, rate, step, expected):
    found = float(schedules.sampling_probability(step, schedule, rate))
    assert found == pytest.approx(expected, abs=1e-6)


def test_free_bits_are_bits_an_example():
    cost = kl_cost(tf.constant([1.0, 40.0]), free_bits=48.0)
    assert cost.numpy().tolist() == [0.0, pytest.approx(40.0 - 48.0 * math.log(2), rel=1e-5)]
