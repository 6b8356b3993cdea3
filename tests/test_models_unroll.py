"""Loops over time keep the shapes that they begin with."""

import numpy as np
import pytest
import tensorflow as tf

from lofi_tf.models.layers.unroll import unroll


@pytest.mark.parametrize("batch_size", [1, 3])
def test_a_batch_of_any_size_goes_round(batch_size):
    def step(time, previous, state):
        coin = tf.zeros([rows, 1])  # of a size that TensorFlow does not know
        fed = tf.where(coin > 0.5, previous, previous + 1)
        return fed, fed, [state[0] + coin]

    @tf.function
    def run(first):
        return unroll(step, first, [tf.zeros([batch_size, 1])], 4, 2)

    rows = tf.Variable(batch_size)
    emitted, last, state = run(tf.zeros([batch_size, 2]))
    expected = np.broadcast_to(np.arange(1, 5)[None, :, None], [batch_size, 4, 2])
    np.testing.assert_array_equal(emitted, expected)
    assert last.shape == (batch_size, 2) and state[0].shape == (batch_size, 1)
