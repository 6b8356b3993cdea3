"""WAV files with what programs want to know of them: title, tempo, key and where a loop ends.

RIFF chunks: `fmt ` and `fact` (Microsoft, 1994), `bext` (EBU Tech 3285, version 1), `LIST` of
`INFO`, and of loops `smpl` (Microsoft) and `acid` (as Sony's programs write it). Nothing in them
tells a time of day, so that equal samples give equal bytes.
"""

import dataclasses
import struct
from typing import BinaryIO

import numpy as np

from lofi_tf.errors import LofiError

SUBTYPES = {"PCM_16": (1, 16), "PCM_24": (1, 24), "FLOAT": (3, 32)}  # format tag, bits
MAX_BYTES = 2**32 - 1 - 4096  # of samples: sizes in the file have 32 bits
ORIGINATOR = "lofi_tf"
_TITLE_BYTES, _MIDDLE_C, _EMPTY_BEXT = 256, 60, 602
_ROOT_KNOWN, _STRETCHES, _ACID_VERSION = 2, 4, 0x8000


@dataclasses.dataclass(frozen=True)
class Loop:
    """A whole file as a loop.

    Attributes:
        beats: of the metre, in the file.
        qpm: quarter notes a minute.
        numerator, denominator: the metre.
        key: 0 (C) to 11 (B); None where there is none.
    """

    beats: int
    qpm: float
    numerator: int
    denominator: int
    key: int | None = None


@dataclasses.dataclass(frozen=True)
class About:
    """What is told of a file: its title, a comment, and the loop that it is."""

    title: str = ""
    comment: str = ""
    loop: Loop | None = None


UNTOLD = About()


class WavWriter:
    """Writes samples into a file that can be sought, block by block; `close` makes it whole.

    Raises:
        LofiError: more samples than a WAV file can hold.
    """

    def __init__(
        self,
        file: BinaryIO,
        sample_rate: int,
        channels: int,
        subtype: str,
        about: About = UNTOLD,
    ):
        self._file, self._rate, self._channels = file, sample_rate, channels
        self._tag, self._bits = SUBTYPES[subtype]
        self._about, self._frame = about, channels * self._bits // 8
        self._count, self._begin = 0, file.tell()
        file.write(self._head())
        self._samples_at = file.tell()

    def write(self, samples: np.ndarray) -> None:
        """Writes the next samples, float [n, channels]; integers become the nearest."""
        data = self._bytes_of(np.asarray(samples))
        if self._count * self._frame + len(data) > MAX_BYTES:
            raise LofiError("a WAV file holds 4 GiB at most; write a .flac file")
        self._file.write(data)
        self._count += len(samples)

    def resize(self, count: int) -> None:
        """Cuts what was written to so many samples a channel, or adds silence up to there."""
        if count > self._count:
            self.write(np.zeros([count - self._count, self._channels], np.float32))
        self._count = count
        self._file.seek(self._samples_at + count * self._frame)
        self._file.truncate()

    def close(self) -> None:
        """Writes the sizes into the head."""
        size = self._count * self._frame
        if size % 2:
            self._file.write(b"\0")
        end = self._file.tell()
        self._file.seek(self._begin)
        self._file.write(self._head())
        self._file.seek(end)

    def __enter__(self) -> "WavWriter":
        return self

    def __exit__(self, kind, *_) -> None:
        if kind is None:
            self.close()

    def _head(self) -> bytes:
        """Returns all that stands before the samples."""
        size = self._count * self._frame
        chunks = b"".join(
            [
                _chunk("bext", _broadcast(self._about)),
                _chunk("fmt ", self._format()),
                _chunk("fact", struct.pack("<I", self._count)) if self._tag == 3 else b"",
                _info(self._about),
                *self._loop_chunks(),
            ]
        )
        whole = 4 + len(chunks) + 8 + size + size % 2
        return struct.pack("<4sI4s", b"RIFF", whole, b"WAVE") + chunks + _head("data", size)

    def _format(self) -> bytes:
        rates = self._rate, self._rate * self._frame, self._frame, self._bits
        data = struct.pack("<HHIIHH", self._tag, self._channels, *rates)
        return data if self._tag == 1 else data + struct.pack("<H", 0)  # without an extension

    def _loop_chunks(self) -> list[bytes]:
        loop = self._about.loop
        if loop is None:
            return []
        root = _MIDDLE_C + (loop.key or 0)
        place = 0, 0, 0, max(0, self._count - 1), 0, 0  # number, forwards, from, to, fraction, ever
        sampler = 0, 0, round(1e9 / self._rate), root, 0, 0, 0, 1, 0
        flags = _STRETCHES | (0 if loop.key is None else _ROOT_KNOWN)
        acid = flags, root, _ACID_VERSION, 0.0, loop.beats
        metre = loop.denominator, loop.numerator, loop.qpm
        return [
            _chunk("smpl", struct.pack("<9I6I", *sampler, *place)),
            _chunk("acid", struct.pack("<IHHfIHHf", *acid, *metre)),
        ]

    def _bytes_of(self, samples: np.ndarray) -> bytes:
        if self._tag == 3:
            return np.ascontiguousarray(samples, "<f4").tobytes()
        top = 2.0 ** (self._bits - 1)
        if not np.issubdtype(samples.dtype, np.integer):
            samples = np.clip(np.rint(samples * top), -top, top - 1)
        words = np.ascontiguousarray(samples, "<i4")
        return words.view(np.uint8).reshape(-1, 4)[:, : self._bits // 8].tobytes()


def _broadcast(about: About) -> bytes:
    """Returns a `bext` chunk's data: description, who wrote it, time reference 0, version 1."""
    told = ". ".join(text for text in (about.title, about.comment) if text)
    head = struct.pack("<256s32s", _cut(told), ORIGINATOR.encode())
    head += bytes(32 + 10 + 8 + 8) + struct.pack("<H", 1)
    return head + bytes(_EMPTY_BEXT - len(head))


def _info(about: About) -> bytes:
    texts = {"INAM": about.title, "ICMT": about.comment, "ISFT": ORIGINATOR}
    found = b"".join(_chunk(name, text.encode() + b"\0") for name, text in texts.items() if text)
    return _chunk("LIST", b"INFO" + found)


def _cut(text: str) -> bytes:
    """Returns UTF-8 of at most `_TITLE_BYTES`, in whole characters."""
    return text.encode()[:_TITLE_BYTES].decode(errors="ignore").encode()


def _head(name: str, size: int) -> bytes:
    return struct.pack("<4sI", name.encode(), size)


def _chunk(name: str, data: bytes) -> bytes:
    return _head(name, len(data)) + data + bytes(len(data) % 2)
