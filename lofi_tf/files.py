"""Files that appear only when whole."""

import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from lofi_tf.errors import LofiError


@contextmanager
def atomic_write(path: str | Path) -> Iterator[BinaryIO]:
    """Opens a file beside `path` for writing and renames it to `path` at a clean exit.

    Folders that are missing are made, and gone again at another exit if nothing else is in them.
    """
    path = Path(path)
    missing = [folder for folder in path.parents if not folder.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        with open(beside, "wb") as file:
            yield file
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        with suppress(OSError):
            for folder in missing:
                folder.rmdir()
        raise


def check_writable(path: str | Path) -> None:
    """Refuses a file that could not be written later; makes nothing.

    Raises:
        LofiError: it is a folder, or its folder cannot be written to or made.
    """
    path = Path(path).absolute()
    if path.is_dir():
        raise LofiError(f"cannot write {path}: it is a folder")
    folder = path.parent
    while not os.path.lexists(folder):
        folder = folder.parent
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise LofiError(f"cannot write to {folder}: {error.strerror}") from error
