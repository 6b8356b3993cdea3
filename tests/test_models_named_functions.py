import numpy as np
import pytest
import tensorflow as tf

from lofi_tf.models.named_functions import MANY_ROWS, ROWS, by_chunks


@pytest.mark.parametrize(
    "size", [0, 1, ROWS, ROWS + 1, MANY_ROWS, MANY_ROWS + ROWS + 3, 2 * MANY_ROWS]
)
def test_chunks_answer_every_row_in_its_place(size):
    seen = []

    def body(x, y):
        seen.append(x.shape)
        return {"sum": x + y, "first": x[:, 0]}

    x = np.random.default_rng(0).normal(size=[size, 3]).astype(np.float32)
    found = by_chunks(body, {"x": tf.constant(x), "y": tf.constant(2.0 * x)})
    np.testing.assert_array_equal(found["sum"], x + 2.0 * x)
    np.testing.assert_array_equal(found["first"], x[:, 0])
    assert len(seen) == 1  # traced once for chunks of both sizes


def test_a_row_of_many_is_what_it_is_alone():
    random = np.random.default_rng(0)
    weights = tf.constant(random.normal(size=[283, 256]), tf.float32)
    x = random.normal(size=[MANY_ROWS + 5, 283]).astype(np.float32)

    def answers(rows):
        return by_chunks(lambda x: {"y": tf.matmul(x, weights)}, {"x": tf.constant(rows)})["y"]

    together = answers(x)
    for row in (0, MANY_ROWS - 1, MANY_ROWS, MANY_ROWS + 4):
        np.testing.assert_array_equal(answers(x[row : row + 1])[0], together[row])
