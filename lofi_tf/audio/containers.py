"""Where the sound lies in files that libsndfile does not read as a whole.

These are chained Ogg files, of which it reads the first stream alone; WAV files that hold MP3 or
MP2; and WAV files of writers that could not go back to say how long they are.
"""

import io
import mmap
import os
from pathlib import Path
from typing import Any

_DATA, _FORMAT = b"data", b"fmt "
_MPEG = (0x50, 0x55)  # format tags of MP2 and MP3
_EXTENSIBLE = 0xFFFE  # the tag stands later
_FIRST_PAGE = 2  # flag of a page that begins an Ogg stream


class Window(io.RawIOBase):
    """A stretch of a file as a file of its own, some of its bytes others than there."""

    def __init__(
        self, data: mmap.mmap, begin: int, end: int, other: dict[int, bytes] | None = None
    ):
        super().__init__()
        self._data, self._begin, self._size = data, begin, end - begin
        self._at, self._other = 0, other or {}

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        count = max(0, min(len(view), self._size - self._at))
        view[:count] = self._data[self._begin + self._at : self._begin + self._at + count]
        for place, new in self._other.items():
            for offset, byte in enumerate(new, place - self._at):
                if 0 <= offset < count:
                    view[offset] = byte
        self._at += count
        return count


def sources_of(path: Path) -> list[Path | Window]:
    """Returns what is to be opened, in order: the file itself, or stretches of it.

    Raises:
        OSError: it cannot be read.
    """
    with open(path, "rb") as file:
        head = file.read(12)
        if head[:4] == b"OggS":
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            begins = _chain(data)
            ends = [*begins[1:], len(data)]
            if len(begins) > 1:
                return [Window(data, b, e) for b, e in zip(begins, ends, strict=True)]
        elif head[:4] == b"RIFF" and head[8:] == b"WAVE":
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            window = _in_wav(data)
            if window:
                return [window]
    return [path]


def _chain(data: mmap.mmap) -> list[int]:
    """Returns where the links of an Ogg file begin: streams that begin where others have ended."""
    begins, at, going = [0], 0, False
    while at >= 0 and at + 27 <= len(data):
        count, first = data[at + 26], data[at + 5] & _FIRST_PAGE
        if first and going:
            begins.append(at)
        going = not first
        at = data.find(b"OggS", at + 27 + count + sum(data[at + 27 : at + 27 + count]))
    return begins


def _in_wav(data: mmap.mmap) -> Window | None:
    """Returns the MPEG stream in a WAV file, or the file with its true size; None for others."""
    at, tag = 12, None
    while at + 8 <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if name == _FORMAT:
            tag = int.from_bytes(data[at + 8 : at + 10], "little")
            if tag == _EXTENSIBLE:
                tag = int.from_bytes(data[at + 32 : at + 34], "little")
        if name == _DATA:
            begin = at + 8
            if size == 0 and not _only_chunks(data, begin):
                size = len(data) - begin
                if tag not in _MPEG:
                    return Window(data, 0, len(data), {at + 4: size.to_bytes(4, "little")})
            return Window(data, begin, min(len(data), begin + size)) if tag in _MPEG else None
        at += 8 + size + size % 2
    return None


def _only_chunks(data: mmap.mmap, at: int) -> bool:
    """Says whether the rest of a file is whole chunks, or nothing."""
    while at + 8 <= len(data):
        if not data[at : at + 4].decode("latin-1").isprintable():
            return False
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8 + size + size % 2
    return at in (len(data), len(data) + 1)
