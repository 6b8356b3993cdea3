"""A progress bar over a file that workers of any kind append a byte to for each item done."""

import gc
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TextIO

from tqdm import tqdm

from lofi_tf.progress import Lines, open_progress

PROGRESS = "progress"


def mark_done(temp_dir: str, count: int) -> None:
    """Tells the progress bar of so many items that are done; runs in a worker."""
    with open(os.path.join(temp_dir, PROGRESS), "ab") as file:
        file.write(b"." * count)


@contextmanager
def workers_progress(log: str, temp_dir: str, total: int, unit: str) -> Iterator[None]:
    """Shows how far workers are while the block runs, and hides what they write to stderr.

    With `log` (`--log`) DEBUG and INFO show progress, DEBUG hides nothing. The folder is that which
    `mark_done` is given, `total` the number of items.
    """
    gc.freeze()  # Beam's many modules need no second look while music comes and goes.
    with nullcontext(sys.stderr) if log == "DEBUG" else _stderr_to_ourselves() as stream:
        if log not in ("DEBUG", "INFO"):
            yield
            return
        done = threading.Event()
        pause_seconds = 0.2 if stream.isatty() else 5.0
        with open_progress(total, unit, stream=stream) as bar:
            watched = (bar, Path(temp_dir) / PROGRESS, done, pause_seconds)
            thread = threading.Thread(target=_watch, args=watched, daemon=True)
            thread.start()
            try:
                yield
            finally:
                done.set()
                thread.join()


@contextmanager
def _stderr_to_ourselves() -> Iterator[TextIO]:
    """Drops what libraries and child processes write to stderr; yields a stream that gets there."""
    sys.stderr.flush()
    with os.fdopen(os.dup(2), "w") as stream:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        try:
            yield stream
        finally:
            os.dup2(stream.fileno(), 2)


def _watch(bar: tqdm | Lines, path: Path, done: threading.Event, pause_seconds: float) -> None:
    finished = False
    while not finished:
        finished = done.wait(pause_seconds)
        count = path.stat().st_size if path.exists() else 0
        bar.update(count - bar.n)
