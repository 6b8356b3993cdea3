import numpy as np
import pytest
import tensorflow as tf

from lofi_tf.models.common.named_functions import ROW_COUNTS, by_chunks
from lofi_tf.models.sequence.decoders import MANY_ROWS as MANY
from lofi_tf.models.sequence.decoders import ROW_COUNTS as FEWER
from tests.processor import HAS_AVX512

MANY_ROWS, ROWS = ROW_COUNTS
COUNTS = [ROW_COUNTS, (MANY, *FEWER)]  # of everything, of recurrent decoders


@pytest.mark.parametrize("counts", COUNTS)
@pytest.mark.parametrize(
    "size", [0, 1, ROWS // 2, ROWS - 1, ROWS, ROWS + 1, MANY_ROWS, MANY_ROWS + ROWS + 3, 213]
)
def test_chunks_answer_every_row_in_its_place(size, counts):
    seen = []

    def body(x, y):
        seen.append(x.shape)
        return {"sum": x + y, "first": x[:, 0]}

    x = np.random.default_rng(0).normal(size=[size, 3]).astype(np.float32)
    found = by_chunks(body, {"x": tf.constant(x), "y": tf.constant(2.0 * x)}, counts)
    np.testing.assert_array_equal(found["sum"], x + 2.0 * x)
    np.testing.assert_array_equal(found["first"], x[:, 0])
    assert len(seen) == 1  # traced once for chunks of all sizes


@pytest.mark.skipif(not HAS_AVX512, reason="known to round alike with AVX-512")
@pytest.mark.parametrize("counts", COUNTS)
def test_a_row_of_many_is_what_it_is_alone(counts):
    random = np.random.default_rng(0)
    weights = tf.constant(random.normal(size=[283, 256]), tf.float32)
    x = random.normal(size=[3 * MANY_ROWS + 5, 283]).astype(np.float32)

    def answers(rows):
        given = {"x": tf.constant(rows)}
        return by_chunks(lambda x: {"y": tf.matmul(x, weights)}, given, counts)["y"]

    together = answers(x)
    for row in (0, MANY_ROWS - 1, MANY_ROWS, 2 * MANY_ROWS, 3 * MANY_ROWS + 4):
        np.testing.assert_array_equal(answers(x[row : row + 1])[0], together[row])
