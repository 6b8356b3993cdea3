"""Bars by their numbers, as people write them."""

import re
from collections.abc import Iterable

from lofi_tf.errors import LofiError

_BARS = re.compile(r"\s*([1-9]\d{0,5})\s*(?:-\s*([1-9]\d{0,5})\s*)?")


def bars_named(bars: str | Iterable[int]) -> frozenset[int]:
    """Returns the bars, from 1 on, of a text such as `2,4-5`, or of numbers.

    Raises:
        LofiError: no such text, or a number below 1.

    Example:
        >>> sorted(bars_named("2,4-5"))
        [2, 4, 5]
    """
    texts = bars.split(",") if isinstance(bars, str) else [str(bar) for bar in bars]
    found = [_BARS.fullmatch(text) for text in texts]
    spans = [(int(one[1]), int(one[2] or one[1])) for one in found if one]
    if not texts or len(spans) < len(texts) or any(last < first for first, last in spans):
        raise LofiError(
            "bars must be numbers from 1 on and ranges of them, such as 2,4-5. "
            f"Received: {bars if isinstance(bars, str) else [*texts]!r}"
        )
    return frozenset(bar for first, last in spans for bar in range(first, last + 1))
