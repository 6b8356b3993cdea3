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


@contextmanager
def workers_progress(log: str, path: Path, total: int, unit: str) -> Iterator[None]:
    """Shows how far workers are while the block runs, and hides what they write to stderr.

    Args:
        log: a command's `--log`: DEBUG and INFO show progress, DEBUG hides nothing.
        path: file whose size is the number of items done; it may not exist yet.
        total: items in all.
        unit: what an item is called.
    """
    gc.freeze()  # Beam's many modules need no second look while music comes and goes.
    with nullcontext(sys.stderr) if log == "DEBUG" else stderr_to_ourselves() as stream:
        with progress_bar(path, total, unit, stream if log in ("DEBUG", "INFO") else None):
            yield


@contextmanager
def stderr_to_ourselves() -> Iterator[TextIO]:
    """Drops what libraries and child processes write to stderr; yields a stream that gets there."""
    sys.stderr.flush()
    with os.fdopen(os.dup(2), "w") as stream:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        try:
            yield stream
        finally:
            os.dup2(stream.fileno(), 2)


@contextmanager
def progress_bar(path: Path, total: int, unit: str, stream: TextIO | None) -> Iterator[None]:
    """Shows done, rate and time left while the block runs; see `lofi_tf.progress`.

    Args:
        path: file whose size is the number of items done; it may not exist yet.
        total: items in all.
        unit: what an item is called.
        stream: where to show it; None shows nothing.
    """
    if stream is None:
        yield
        return
    pause_seconds = 0.2 if stream.isatty() else 5.0
    done = threading.Event()
    with open_progress(total, unit, stream=stream) as bar:
        thread = threading.Thread(target=_watch, args=(bar, path, done, pause_seconds), daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()


def _watch(bar: tqdm | Lines, path: Path, done: threading.Event, pause_seconds: float) -> None:
    finished = False
    while not finished:
        finished = done.wait(pause_seconds)
        count = path.stat().st_size if path.exists() else 0
        bar.update(count - bar.n)
