import numpy as np
import pytest

from lofi_tf.models.common.slerp import slerp


def way(start, end, *shares):
    return slerp(np.array(start), np.array(end), np.array(shares)).numpy()


def test_great_circle_keeps_to_the_circle():
    start, end = [2.0, 0.0], [0.0, 2.0]
    np.testing.assert_allclose(
        way(start, end, 0.0, 0.5, 1.0), [start, np.sqrt([2.0, 2.0]), end], atol=1e-12
    )


@pytest.mark.parametrize("end", [[1.0, 2.0], [2.0, 4.0], [-1.0, -2.0], [0.0, 0.0]])
def test_great_circle_goes_straight_where_there_is_no_one_circle(end):
    middle = (np.array([1.0, 2.0]) + end) / 2
    np.testing.assert_allclose(way([1.0, 2.0], end, 0.5)[0], middle, atol=1e-9)
