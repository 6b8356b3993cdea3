"""Exports that LiteRT plays."""

import numpy as np
import pytest

from lofi_tf.backends.litert import chunks


@pytest.mark.parametrize("count", [1, 2, 3, 5, 15, 21, 64, 100, 129])
def test_chunks_hold_all_rows_and_few_idle_ones(count):
    found = list(chunks(count, [1, 4, 16, 64]))
    starts = [start for start, _ in found]
    ends = np.cumsum([rows for _, rows in found])
    assert starts == [0, *ends[:-1]] and ends[-1] >= count
    assert ends[-1] <= 2 * count and all(rows in (1, 4, 16, 64) for _, rows in found)


def test_without_small_chunks_rows_are_idle():
    assert list(chunks(3, [16])) == [(0, 16)]
