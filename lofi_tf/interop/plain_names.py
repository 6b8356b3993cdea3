"""Folders that TensorFlow can read whatever their names are.

It takes the name of a checkpoint for a pattern, in which `[`, `*` and `?` stand for other signs,
and knows no way to say that they do not.
"""

import atexit
import functools
import os
import re
import shutil
import tempfile
from pathlib import Path

_PATTERN = re.compile(r"[*?\[\\]")


def plain(path: str | Path) -> str:
    """Returns a file or a prefix by a name without such signs but in its last part.

    Where its folder has some, which must be there, it is a link that lasts as long as the process.
    """
    folder, name = os.path.split(os.path.abspath(path))
    if not _PATTERN.search(folder):
        return str(path)
    return os.path.join(plain_folder(folder), name)


def plain_folder(folder: str | Path) -> str:
    """Returns a folder, which must be there, by a name without such signs."""
    if not _PATTERN.search(os.path.abspath(folder)):
        return str(folder)
    return _link(os.path.realpath(folder))


def made_plain(folder: str | Path) -> str:
    """Returns a folder by a name without such signs; where its own has some, it is made."""
    if not _PATTERN.search(os.path.abspath(folder)):
        return str(folder)
    os.makedirs(folder, exist_ok=True)
    return plain_folder(folder)


@functools.cache
def _link(folder: str) -> str:
    made = tempfile.mkdtemp(prefix="lofi_tf_")
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    os.symlink(folder, os.path.join(made, "folder"), target_is_directory=True)
    return os.path.join(made, "folder")
