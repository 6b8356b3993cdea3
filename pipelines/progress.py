"""A progress bar over a file that workers of any kind append a byte to for each item done."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm


@contextmanager
def progress_bar(path: Path, total: int, unit: str, enabled: bool) -> Iterator[None]:
    """Shows done, rate and time left on stderr while the block runs.

    Args:
        path: file whose size is the number of items done; it may not exist yet.
        total: items in all.
        unit: what an item is called.
        enabled: whether to show anything.
    """
    pause_seconds = 0.2 if sys.stderr.isatty() else 5.0
    done = threading.Event()
    with tqdm(total=total, unit=unit, disable=not enabled, mininterval=0) as bar:
        thread = threading.Thread(target=_watch, args=(bar, path, done, pause_seconds), daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()


def _watch(bar: tqdm, path: Path, done: threading.Event, pause_seconds: float) -> None:
    finished = False
    while not finished:
        finished = done.wait(pause_seconds)
        count = path.stat().st_size if path.exists() else 0
        bar.update(count - bar.n)
