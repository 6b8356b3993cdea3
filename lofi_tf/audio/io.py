"""Audio files: what they are, their samples block by block, and WAV files that are written whole.

Everything is read by libsndfile, through soundfile: WAV, FLAC, Ogg (Vorbis and Opus), MP3 and AIFF,
whatever a file's name says that it is.
"""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile

from lofi_tf.audio.containers import sources_of
from lofi_tf.audio.wav import UNTOLD, About, WavWriter
from lofi_tf.errors import LofiError, NotConvertible
from lofi_tf.files import atomic_write

ENDINGS = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aiff", ".aif", ".aifc")
BLOCK_SIZE = 65536  # samples of each channel that are decoded at a time
SUBTYPES = {"int16": "PCM_16", "float32": "FLOAT"}

# What libsndfile notes of a chunk of samples that reaches beyond the end of the file.
_SHORT_CHUNK = re.compile(r"^\s*(?:data|SSND)\s*: (\d+) \(should be (\d+)\)", re.MULTILINE)
# What writers into pipes promise, who do not know the size: sox, arecord, ffmpeg and others.
_UNKNOWN_SIZES = range(0x7FF00000, 0x80100000), range(0xFFF00000, 0x100000000)
_MOST_FRAMES = 1 << 40  # more stand for a number that is not known
_MP3_SLACK = 4 * 1152  # frames that encoders count and decoders leave out
_OGG_PAGE_SIZE = 65307  # the longest, RFC 3533
_OGG_END = 4  # the flag of a stream's last page


class Audio(NamedTuple):
    """A piece of audio: float [n, channels] in [-1, 1], Hz, and the name of its recording."""

    samples: np.ndarray
    sample_rate: int
    name: str = ""


class AudioInfo(NamedTuple):
    """What the head of a file says; of an MP3 file there are about so many samples a channel."""

    sample_rate: int
    channels: int
    num_samples: int
    kind: str

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.num_samples / self.sample_rate


def is_audio_file(path: str | Path) -> bool:
    """Says whether the name ends like a file that can be read, in any case."""
    return Path(path).suffix.lower() in ENDINGS


def probe(path: str | Path) -> AudioInfo:
    """Returns what a file is, by its head.

    Raises:
        NotConvertible: `empty_file`, `unreadable`, `not_audio`, `truncated`, `no_samples` or
            `mixed_streams`.
    """
    with contextlib.ExitStack() as stack:
        return _info_of([stack.enter_context(file) for file in _opened(path)])


def read_blocks(path: str | Path, block_size: int = BLOCK_SIZE) -> Iterator[np.ndarray]:
    """Yields the samples of a file, one block of `block_size` or fewer in memory at a time.

    Yields:
        float32 [n, channels]; integers are in [-1, 1), floats as they stand in the file.

    Raises:
        NotConvertible: as `probe`, or after some blocks `damaged`, `truncated` or `not_finite`.
    """
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context(file) for file in _opened(path)]
        info, count = _info_of(files), 0
        for file in files:
            for block in _blocks_of(file, block_size, count, info):
                count += len(block)
                yield block
    if count < info.num_samples - (_MP3_SLACK if info.kind == "MP3" else 0):
        raise _stopped("truncated", "the samples end early", count, info)


def _blocks_of(
    file: soundfile.SoundFile, size: int, count: int, info: AudioInfo
) -> Iterator[np.ndarray]:
    """Yields the samples of one stream, before which there were `count`."""
    while True:
        try:
            block = file.read(size, dtype="float32", always_2d=True)
        except (soundfile.SoundFileError, RuntimeError) as error:
            raise _stopped("damaged", "the decoder stopped", count, info) from error
        if not len(block):
            return
        _check_finite(block, count, info)
        count += len(block)
        yield block


def read_audio(path: str | Path) -> Audio:
    """Returns a whole file; for long ones see `read_blocks`, which also says what is refused."""
    blocks = list(read_blocks(path))
    return Audio(np.concatenate(blocks), probe(path).sample_rate, Path(path).name)


def write_wav(
    path: str | Path,
    samples: np.ndarray,
    sample_rate: int,
    sample_type: str = "float32",
    about: About = UNTOLD,
) -> None:
    """Writes a WAV file, which appears only when it is whole; equal samples give equal bytes.

    Args:
        path: of the file.
        samples: [n] or [n, channels], in [-1, 1]; as int16, what lies beyond becomes the nearest.
        sample_rate: Hz.
        sample_type: `float32` or `int16`.
        about: what the file tells of itself.

    Raises:
        LofiError: another type.
    """
    if sample_type not in SUBTYPES:
        allowed = ", ".join(SUBTYPES)
        raise LofiError(f"no such sample type. Allowed: {allowed}. Received: {sample_type!r}")
    samples = np.asarray(samples, np.float32)
    channels = samples.reshape(len(samples), -1)
    with atomic_write(path) as file:
        kind = SUBTYPES[sample_type]
        with WavWriter(file, sample_rate, channels.shape[1], kind, about) as writer:
            writer.write(channels)


def quantized(samples: np.ndarray) -> np.ndarray:
    """Returns samples as int16, 32768 to one; what lies beyond [-1, 1) becomes the nearest."""
    scaled = np.rint(np.asarray(samples, np.float32) * np.float32(32768))
    return np.clip(scaled, -32768, 32767).astype(np.int16)


def unquantized(samples: np.ndarray) -> np.ndarray:
    """Returns int16 samples as float32 in [-1, 1)."""
    return samples.astype(np.float32) / np.float32(32768)


class _Forwards(soundfile.SoundFile):
    """A file that is read forwards only.

    soundfile seeks to where it is after every read, if it can; an MP3 decoder then begins anew
    without the frames before, which is heard at each block.
    """

    def seekable(self) -> bool:
        return False


def _opened(path: str | Path) -> list[soundfile.SoundFile]:
    """Returns the streams of a file, opened."""
    path = Path(path)
    try:
        size = path.stat().st_size
        with open(path, "rb") as file:
            head = file.read(4)
            file.seek(max(0, size - _OGG_PAGE_SIZE))
            tail = file.read() if head == b"OggS" else b""
        sources = sources_of(path) if size else []
    except OSError as error:
        why = "it is a folder" if path.is_dir() else error.strerror
        raise NotConvertible("unreadable", f"cannot read the file: {why}") from error
    if not size:
        raise NotConvertible("empty_file", "the file is empty")
    if tail and not _ends(tail):
        raise NotConvertible("truncated", "the last page of the Ogg stream is missing")
    try:
        return [_Forwards(source) for source in sources]
    except (soundfile.SoundFileError, RuntimeError, ValueError, TypeError) as error:
        message = "the content is no audio that libsndfile can decode"
        raise NotConvertible("not_audio", message) from error


def _info_of(files: list[soundfile.SoundFile]) -> AudioInfo:
    """Returns what the streams of a file are together."""
    infos = [_info(file) for file in files]
    kinds = sorted({(info.sample_rate, info.channels) for info in infos})
    if len(kinds) > 1:
        found = ", ".join(f"{rate} Hz with {channels}" for rate, channels in kinds)
        message = f"its streams differ in sample rate or channels. Received: {found}"
        raise NotConvertible("mixed_streams", message)
    return infos[0]._replace(num_samples=sum(info.num_samples for info in infos))


def _info(file: soundfile.SoundFile) -> AudioInfo:
    for promised, found in _SHORT_CHUNK.findall(file.extra_info):
        unknown = any(int(promised) in sizes for sizes in _UNKNOWN_SIZES)
        if int(found) < int(promised) and not unknown:
            message = f"the head promises {promised} bytes of samples. Received: {found}"
            raise NotConvertible("truncated", message)
    frames = file.frames if file.frames < _MOST_FRAMES else _counted(file)
    if not frames:
        raise NotConvertible("no_samples", "the file holds no samples")
    return AudioInfo(file.samplerate, file.channels, frames, file.format)


def _counted(file: soundfile.SoundFile) -> int:
    """Returns how many samples a file holds whose head does not say it, by decoding them."""
    count = 0
    with _Forwards(file.name) as again:
        while found := len(again.read(BLOCK_SIZE, dtype="float32")):
            count += found
    return count


def _ends(tail: bytes) -> bool:
    """Says whether the end of an Ogg file is a whole page that ends its stream."""
    start = tail.rfind(b"OggS")
    page = tail[start:] if start >= 0 else b""
    if len(page) < 27 or len(page) < 27 + page[26]:
        return False
    size = 27 + page[26] + sum(page[27 : 27 + page[26]])
    return bool(page[5] & _OGG_END) and len(page) >= size


def _check_finite(block: np.ndarray, count: int, info: AudioInfo) -> None:
    wrong = np.argwhere(~np.isfinite(block))
    if len(wrong):
        seconds = (count + wrong[0, 0]) / info.sample_rate
        raise NotConvertible(
            "not_finite",
            "samples must be finite numbers, neither NaN nor infinite. "
            f"Received: {block[tuple(wrong[0])]} at {seconds:.2f} s",
        )


def _stopped(rule: str, message: str, count: int, info: AudioInfo) -> NotConvertible:
    return NotConvertible(
        rule,
        f"{message} after {count / info.sample_rate:.2f} s. Expected: {info.seconds:.2f} s",
    )
