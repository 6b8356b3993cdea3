"""The audio files that are rendered: their kinds, and the stems beside them."""

import contextlib
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import soundfile

from lofi_tf.audio.wav import MAX_BYTES, UNTOLD, About, Loop, WavWriter
from lofi_tf.errors import LofiError
from lofi_tf.files import atomic_write, check_writable
from lofi_tf.music.bar_lines import WholeBars

FORMATS = {".wav": ("WAV", "PCM_24"), ".flac": ("FLAC", "PCM_24"), ".ogg": ("OGG", "VORBIS")}
MAX_SECONDS = 4 * 3600.0  # of a piece
_NAME_BYTES = 120  # of a part in the name of its stem
_KEYS = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
_FORBIDDEN = '<>:"/\\|?*'  # in names of files, on one system or another
_FRAME = {"PCM_24": 6, "FLOAT": 8}  # bytes of two channels


def check_output(output: Path, others: tuple[str, ...] = ()) -> None:
    """Refuses a name that neither audio files nor `others` end in, and an unwritable place."""
    if output.suffix.lower() not in (*FORMATS, *others):
        allowed = ", ".join((*FORMATS, *others))
        raise LofiError(f"the file to write must end in {allowed}. Received: {str(output)!r}")
    check_writable(output)


def check_seconds(seconds: float, sample_rate: int, output: Path, stems: bool) -> None:
    """Refuses a piece that is longer than is rendered, or than its files can hold."""
    bounds = [(MAX_SECONDS, "a piece")]
    if output.suffix.lower() == ".wav":
        bounds.append((MAX_BYTES / _FRAME["PCM_24"] / sample_rate, "a .wav file; write a .flac"))
    if stems:
        bounds.append((MAX_BYTES / _FRAME["FLOAT"] / sample_rate, "a stem"))
    most, what = min(bounds)
    if not seconds <= most:
        raise LofiError(
            f"the music lasts {_spoken(seconds)}. Allowed: {_spoken(most)} for {what}. "
            "An event or a tempo of the file may be wrong"
        )


def write_audio(path: Path, samples: np.ndarray, sample_rate: int) -> None:
    """Writes samples [n, channels] as a file of one of `FORMATS`, by its ending.

    Raises:
        LofiError: another ending, or a place that cannot be written to.
    """
    check_output(path)
    with atomic_write(path) as file:
        with open_sound(file, path.suffix, sample_rate, samples.shape[1]) as sound:
            sound.write(samples)


def open_sound(
    file: BinaryIO, ending: str, sample_rate: int, channels: int = 2, about: About = UNTOLD
) -> Any:
    """Returns what writes samples [n, channels] into a file of one of `FORMATS`."""
    kind, subtype = FORMATS[ending.lower()]
    if kind == "WAV":
        return WavWriter(file, sample_rate, channels, subtype, about)
    return soundfile.SoundFile(file, "w", sample_rate, channels, subtype, format=kind)


class Stems:
    """Files of parts, float32, which appear only when whole: as a context manager."""

    def __init__(self, paths: Sequence[Path], names: Sequence[str], sample_rate: int, about: About):
        self._paths, self._rate, self._stack = paths, sample_rate, contextlib.ExitStack()
        self._abouts = [_of_part(about, name) for name in names]
        self._writers: list[WavWriter] = []

    def __enter__(self) -> "Stems":
        with contextlib.ExitStack() as stack:
            for path, about in zip(self._paths, self._abouts, strict=False):
                file = stack.enter_context(atomic_write(path))
                writer = WavWriter(file, self._rate, 2, "FLOAT", about)
                self._writers.append(stack.enter_context(writer))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *how) -> None:
        self._stack.__exit__(*how)

    def summed(self, blocks: Iterable[list[np.ndarray]]) -> Iterator[np.ndarray]:
        """Yields the sum of stems, [2, n] each, and writes each into its file if there are any."""
        for block in blocks:
            for writer, stem in zip(self._writers, block, strict=False):
                writer.write(stem.T)
            yield sum(block[1:], start=block[0])

    def resize(self, count: int) -> None:
        """Makes all of them `count` samples long."""
        for writer in self._writers:
            writer.resize(count)


def about_of(sequence: Any, piece: WholeBars, loop: bool, music: Any = None) -> About:
    """Returns what a WAV file tells of a NoteSequence, which may be of the file `music`."""
    title = sequence.sequence_metadata.title
    if not title and isinstance(music, str | Path):
        title = Path(music).stem
    told, tonic = [f"{round(piece.qpm, 3):g} quarter notes a minute"], None
    told.append(f"{piece.numerator}/{piece.denominator}")
    for key in sorted(sequence.key_signatures, key=lambda key: key.time)[:1]:
        tonic = key.key % 12
        told.append(f"{_KEYS[tonic]} {'minor' if key.mode == key.MINOR else 'major'}")
    metre = piece.numerator, piece.denominator
    looped = Loop(round(piece.quarters), piece.qpm, *metre, tonic) if loop else None
    return About(title, ", ".join(told), looped)


def stem_paths(folder: str | Path, names: Sequence[str]) -> list[Path]:
    """Returns a WAV file for each stem, numbered from 1, whatever signs the names have."""
    digits = max(2, len(str(len(names))))
    numbered = enumerate(names, 1)
    return [Path(folder) / f"{n:0{digits}d}-{_file_name(name)}.wav" for n, name in numbered]


def _file_name(name: str) -> str:
    """Returns a name without what no system allows in one of a file; letters stay."""
    signs = unicodedata.normalize("NFC", name)
    plain = "".join("_" if _is_bad(sign) else sign for sign in signs)
    cut = plain.encode()[:_NAME_BYTES].decode(errors="ignore")
    return cut.strip("_. ") or "part"


def _is_bad(sign: str) -> bool:
    return sign in _FORBIDDEN or sign.isspace() or unicodedata.category(sign).startswith("C")


def _of_part(about: About, name: str) -> About:
    title = f"{about.title} - {name}" if about.title else name
    return About(title, about.comment, about.loop)


def _spoken(seconds: float) -> str:
    for size, unit in ((3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:,.1f} {unit}"
    return f"{seconds:.1f} s"
