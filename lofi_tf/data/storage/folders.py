"""Folders of music files as serialized NoteSequences, without records in between."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from lofi_tf.data.storage.examples import Refusal
from lofi_tf.music.files import convert_file, is_music_file


def is_music_folder(path: str | Path | None) -> bool:
    """Says whether a path is a folder with music files in it or below it."""
    if path is None or not os.path.isdir(path):
        return False
    return any(is_music_file(file) for file in Path(path).rglob("*"))


def folder_records(folder: str | Path, refused: Callable[[Refusal], None]) -> Iterator[bytes]:
    """Yields the music of a folder and all below it, in the order of the paths.

    Each sequence's source is its file's path below the folder. Files with other endings are passed
    over; `refused` is told of those that cannot be read.
    """
    folder = Path(folder)
    for path in sorted(path for path in folder.rglob("*") if is_music_file(path)):
        name = path.relative_to(folder).as_posix()
        converted = convert_file(path, name, folder.name)
        for problem in converted.problems:
            refused(Refusal(problem.rule, name, str(problem)))
        for sequence in converted.sequences:
            yield sequence.SerializeToString()
