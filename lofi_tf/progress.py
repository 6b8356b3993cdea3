"""Progress on stderr: a bar in a terminal, now and then a plain line elsewhere."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TextIO, TypeVar

from tqdm import tqdm

LINE_SECONDS, LINE_SHARE = 30.0, 0.1
FORMAT = "{desc}{percentage:.0f}% {n_fmt}/{total_fmt} [{elapsed}<{remaining}, {rate_fmt}{postfix}]"
Item = TypeVar("Item")


class Lines:
    """What `tqdm` shows, as whole lines: one every 30 s and, where they are kept, for each tenth.

    Args:
        total: items in all, None where nobody knows.
        unit: what an item is called.
        initial: items that were done before.
        desc: what is going on.
        stream: where the lines go.
        keep: whether a last line says where it ended.
    """

    def __init__(
        self,
        total: int | None,
        unit: str,
        initial: int = 0,
        desc: str = "",
        stream: TextIO | None = None,
        keep: bool = True,
    ):
        self.total, self.unit, self.initial, self.desc = total, unit, initial, desc
        self.stream, self.keep = stream or sys.stderr, keep
        self.n = self.said = initial
        self.begun = self.last_time = time.monotonic()
        self.postfix = ""

    def __enter__(self) -> "Lines":
        return self

    def __exit__(self, *error) -> None:
        self.close()

    def update(self, count: int = 1) -> None:
        """Counts items; prints a line when it is time."""
        self.n += count
        tenth = self.keep and self.total and self.n - self.said >= LINE_SHARE * self.total
        if tenth or time.monotonic() - self.last_time >= LINE_SECONDS:
            self._print()

    def set_postfix(self, values: dict[str, str], refresh: bool = False) -> None:
        """Sets what a line ends in."""
        self.postfix = ", ".join(f"{name}={value}" for name, value in values.items())

    def close(self) -> None:
        """Prints the last line, unless it stands there."""
        if self.keep and self.n != self.said:
            self._print()

    def _print(self) -> None:
        self.said, self.last_time = self.n, time.monotonic()
        line = tqdm.format_meter(
            self.n,
            self.total,
            self.last_time - self.begun,
            prefix=self.desc and f"{self.desc}: ",
            unit=self.unit,
            initial=self.initial,
            postfix=self.postfix or None,
            bar_format=FORMAT if self.total else None,
        )
        if self.stream:  # none where stderr is closed
            print(line, file=self.stream, flush=True)


def open_progress(
    total: int | None,
    unit: str,
    initial: int = 0,
    desc: str = "",
    stream: TextIO | None = None,
    keep: bool = True,
) -> tqdm | Lines:
    """Returns what shows progress on a stream, stderr if not given; see `Lines`.

    Its `update`, `set_postfix` and `close` are those of `tqdm`; closing ends the bar's line, or
    clears it where it is not to be kept.
    """
    stream = stream or sys.stderr
    if not stream or not stream.isatty():
        return Lines(total, unit, initial, desc, stream, keep)
    return tqdm(
        total=total,
        unit=unit,
        initial=initial,
        desc=desc or None,
        file=stream,
        leave=keep,
        dynamic_ncols=True,
        mininterval=0.5,
        smoothing=0.05,
    )


def tracked(
    items: Iterable[Item], total: int | None, unit: str, desc: str, show: bool = True, size: int = 1
) -> Iterator[Item]:
    """Yields items and shows, where `show` says so, how many of the total are done.

    `size` is how many an item counts as; the last may be smaller.
    """
    if not show:
        yield from items
        return
    with open_progress(total, unit, desc=desc, keep=False) as progress:
        for item in items:
            yield item
            progress.update(size if total is None else min(size, total - progress.n))
