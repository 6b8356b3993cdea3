"""Numpy draws what TensorFlow draws."""

import numpy as np
import pytest
import tensorflow as tf

from lofi_tf.backends import noise
from lofi_tf.models.common import noise as in_tensorflow

SEEDS = np.array([0, 1, -1, 7 << 32, (7 << 32) + 1, 2**62 - 5, -(2**40) - 3, (1 << 31) + 5])


@pytest.mark.parametrize(("steps", "size"), [(1, 1), (64, 27), (3, 7)])
def test_uniform_numbers_are_tensorflows(steps, size):
    pairs = in_tensorflow.row_seeds(tf.constant(SEEDS))
    theirs = in_tensorflow.row_uniform(pairs, steps, size).numpy()
    np.testing.assert_array_equal(noise.row_uniform(SEEDS, steps, size), theirs)


@pytest.mark.parametrize("size", [1, 8, 255])
def test_normal_numbers_are_tensorflows(size):
    theirs = in_tensorflow.row_normal(in_tensorflow.row_seeds(tf.constant(SEEDS)), size).numpy()
    ours = noise.row_normal(SEEDS, size)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, theirs, atol=5e-7)  # a bit of a sine


def test_seeds_are_tensorflows():
    for seed in (0, 5, 2**31 - 1):
        theirs = in_tensorflow.seeds_from(tf.constant(seed), 4).numpy()
        np.testing.assert_array_equal(noise.seeds_from(seed, 4), theirs)
