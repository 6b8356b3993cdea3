"""Sound that waits in temporary files between the passes of a render: float32 [n, 2]."""

import contextlib
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from lofi_tf.audio.loudness import Meter

_FRAME = 8  # bytes of two float32
_LOOKED_AT = 32768  # samples that are searched at a time


@contextlib.contextmanager
def beside(output: Path) -> Iterator[BinaryIO]:
    """Opens a temporary file in the folder of the output, which it makes."""
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=output.parent) as file:
        yield file


def keep(file: BinaryIO, blocks: Iterable[np.ndarray], sample_rate: int) -> float:
    """Writes blocks into a temporary file; returns their loudness in LUFS."""
    meter = Meter(sample_rate)
    for block in blocks:
        samples = np.ascontiguousarray(block.T, np.float32)
        meter.add(samples)
        file.write(samples)
    return meter.level()


def blocks_of(file: BinaryIO, size: int, count: int) -> Iterator[np.ndarray]:
    """Yields what lies in a temporary file, float64 [2, n], and silence up to `count` samples."""
    for first in range(0, count, size):
        file.seek(first * _FRAME)
        wanted = min(size, count - first)
        block = np.frombuffer(file.read(wanted * _FRAME), np.float32).reshape(-1, 2).T
        yield np.pad(block, ((0, 0), (0, wanted - block.shape[1]))).astype(np.float64)


def size_of(file: BinaryIO) -> int:
    """Returns how many samples of each channel a temporary file holds."""
    return file.seek(0, 2) // _FRAME


def heard_in(file: BinaryIO, silent_db: float) -> int:
    """Returns after how many samples of a temporary file nothing is heard any more."""
    firsts = range(0, size_of(file), _LOOKED_AT)
    peaks = [_sizes(file, first).max(initial=0) for first in firsts]
    floor = max(peaks, default=0) * 10 ** (silent_db / 20)
    for first, peak in zip(reversed(firsts), reversed(peaks), strict=True):
        if peak > floor:
            return first + int(np.flatnonzero(_sizes(file, first) > floor)[-1]) + 1
    return 0


def _sizes(file: BinaryIO, first: int) -> np.ndarray:
    """Returns the larger of both channels, of a block of a temporary file from a sample on."""
    file.seek(first * _FRAME)
    block = np.frombuffer(file.read(_LOOKED_AT * _FRAME), np.float32).reshape(-1, 2)
    return np.abs(block).max(axis=1, initial=0)
