"""Files of a folder, in an order that does not depend on the machine."""

import os
from collections.abc import Callable
from typing import NamedTuple


class Found(NamedTuple):
    """Files of a folder.

    Attributes:
        names: paths below the folder, parts joined by `/`, sorted.
        size_bytes: what they hold together.
        num_others: files that were passed over.
    """

    names: list[str]
    size_bytes: int
    num_others: int


def find_files(folder: str, recursive: bool, wanted: Callable[[str], bool]) -> Found:
    """Finds the files whose names are `wanted`, following links, never in circles."""
    names, size_bytes, num_others, seen = [], 0, 0, set()
    for directory, subfolders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(directory)
        if real in seen or not recursive:
            subfolders.clear()
        if real in seen:
            continue
        seen.add(real)
        for file in files:
            if not wanted(file):
                num_others += 1
                continue
            path = os.path.join(directory, file)
            names.append(os.path.relpath(path, folder).replace(os.sep, "/"))
            size_bytes += os.path.getsize(path) if os.path.exists(path) else 0
    return Found(sorted(names), size_bytes, num_others)
