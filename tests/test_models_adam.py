import keras
import numpy as np
import tensorflow as tf

from lofi_tf.models.common.adam import FusedAdam


def test_steps_equal_keras():
    random = np.random.default_rng(0)
    start = random.normal(size=[3, 4]).astype(np.float32)
    found = []
    for kind in (FusedAdam, keras.optimizers.Adam):
        optimizer = kind(0.1, beta_1=0.8, beta_2=0.9, epsilon=1e-3)
        variable = keras.Variable(start)
        draws = np.random.default_rng(1)
        for _ in range(5):
            optimizer.apply([tf.constant(draws.normal(size=[3, 4]), tf.float32)], [variable])
        found.append([*(slot.numpy() for slot in optimizer.variables), variable.numpy()])
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-7)
