"""Files of a folder, in an order that does not depend on the machine."""

import os
from collections.abc import Callable, Iterable
from typing import NamedTuple

from lofi_tf.errors import LofiError


class InputFile(NamedTuple):
    """A file that one worker takes: its number among all, and its path below the folder."""

    number: int
    name: str


class FolderFiles(NamedTuple):
    """Files by their paths below a folder, sorted, `/` in them; what they hold; how many others."""

    files: list[InputFile]
    size_bytes: int
    num_others: int


def list_files(
    input_dir: str, recursive: bool, is_wanted: Callable[[str], bool], endings: Iterable[str]
) -> FolderFiles:
    """Returns the files whose names are wanted, links followed, never in circles.

    Raises:
        LofiError: there is no such folder, or no such file in it.
    """
    folder = input_dir
    if not os.path.isdir(folder):
        raise LofiError(f"no such folder. Received: --input_dir={input_dir}")
    names, size_bytes, num_others, seen = [], 0, 0, set()
    for directory, subfolders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(directory)
        if real in seen or not recursive:
            subfolders.clear()
        if real in seen:
            continue
        seen.add(real)
        for file in files:
            if not is_wanted(file):
                num_others += 1
                continue
            path = os.path.join(directory, file)
            names.append(os.path.relpath(path, folder).replace(os.sep, "/"))
            size_bytes += os.path.getsize(path) if os.path.exists(path) else 0
    if not names:
        hint = "" if recursive else "; --recursive looks into sub-folders"
        raise LofiError(f"no file in {folder} ends in {', '.join(endings)}{hint}")
    files = [InputFile(number, name) for number, name in enumerate(sorted(names))]
    return FolderFiles(files, size_bytes, num_others)
