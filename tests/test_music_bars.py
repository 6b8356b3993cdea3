import pytest

from lofi_tf.errors import LofiError
from lofi_tf.music.bars import bars_named


@pytest.mark.parametrize(
    ("bars", "expected"),
    [("3", {3}), ("3-4", {3, 4}), (" 2 , 4-6,5", {2, 4, 5, 6}), ([1, 7], {1, 7}), ((2,), {2})],
)
def test_bars_are_numbers_and_ranges(bars, expected):
    assert bars_named(bars) == expected


@pytest.mark.parametrize("bars", ["", "0", "3-", "4-2", "-1", "a", "1;2", [], [0], [1.5]])
def test_what_is_no_bar_is_refused(bars):
    with pytest.raises(LofiError, match="such as 2,4-5"):
        bars_named(bars)
