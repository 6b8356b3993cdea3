"""What the audio converters share: recordings to clips of 16-bit samples."""

import dataclasses
import functools
import math
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np

from lofi_tf.audio.clips import Clip, Cut, clips_of, exact, with_channels
from lofi_tf.audio.io import Audio, probe, quantized, read_blocks
from lofi_tf.audio.loudness import gain_for, parse_target, rms_db
from lofi_tf.data.converters.options import check_flag
from lofi_tf.errors import LofiError, NotConvertible

MAX_SAMPLE_RATE = 384000


class StoredClip(NamedTuple):
    """A clip as it is stored, at each rate.

    Attributes:
        samples: by rate, int16 [n, channels], 32768 to one.
        lengths: by rate, the samples before any padding.
        silent: whether its RMS is below the threshold, at the highest rate.
        clipped: whether samples beyond [-1, 1] became the nearest.
    """

    samples: dict[int, np.ndarray]
    lengths: dict[int, int]
    silent: bool
    clipped: bool


@dataclasses.dataclass(frozen=True)
class ClipOptions:
    """Which clips recordings give.

    Attributes:
        sample_rates: Hz, each of which is stored; the model sees the first.
        clip_seconds: length of a clip; round(clip_seconds * rate) samples.
        hop_seconds: from the begin of a clip to the next one's; None is clip_seconds.
        channels: 1, the mean of all, or 2.
        pad_last: whether what is left at the end is a clip too, padded with zeros.
        silence_db: a clip whose RMS is below is dropped, 0 dB being a square wave of full scale;
            None drops none.
        normalize_loudness: such as `-23LUFS` or `-20dB` (RMS): each recording gets the gain that
            brings it there, no more than its peak allows; None changes nothing.
        padding_is_silence: whether the zeros that pad a clip count as sound, so that a model
            learns that a short sound is over; else they lie beyond the clip's length.
        random_gain_db: in training each clip is lowered by up to so many dB, drawn anew each time.
        random_shift_seconds: in training each clip comes up to so much later or earlier, zeros
            coming in; what is stored stays as it is.

    Raises:
        LofiError: an option out of range.
    """

    # They say which clips there are, or what training makes of them, not what is stored of one.
    free_options: ClassVar[tuple[str, ...]] = (
        *("hop_seconds", "pad_last", "silence_db"),
        *("padding_is_silence", "random_gain_db", "random_shift_seconds", "random_polarity"),
    )
    subset_options: ClassVar[tuple[str, ...]] = ("sample_rates",)

    sample_rates: tuple[int, ...] = (16000,)
    clip_seconds: float = 2.0
    hop_seconds: float | None = None
    channels: int = 1
    pad_last: bool = False
    silence_db: float | None = -60.0
    normalize_loudness: str | None = None
    padding_is_silence: bool = False
    random_gain_db: float = 0.0
    random_shift_seconds: float = 0.0

    def __post_init__(self):
        object.__setattr__(self, "sample_rates", _rates(self.sample_rates))
        for name in ("clip_seconds", "hop_seconds"):
            self._check_seconds(name, name == "hop_seconds")
        if self.channels not in (1, 2) or type(self.channels) is not int:
            raise LofiError(f"channels do not fit. Allowed: 1, 2. Received: {self.channels!r}")
        check_flag("pad_last", self.pad_last)
        check_flag("padding_is_silence", self.padding_is_silence)
        for name in ("random_gain_db", "random_shift_seconds"):
            value = getattr(self, name)
            if not _is_number(value) or value < 0:
                raise LofiError(f"{name} must be a number from 0 on. Received: {value!r}")
        if self.silence_db is not None and not _is_number(self.silence_db):
            raise LofiError(f"silence_db is not a level. Received: {self.silence_db!r}")
        if self.normalize_loudness is not None:
            target = str(parse_target(self.normalize_loudness))
            object.__setattr__(self, "normalize_loudness", target)

    @property
    def cut(self) -> Cut:
        """How recordings become clips."""
        hop_seconds = self.clip_seconds if self.hop_seconds is None else self.hop_seconds
        return Cut(self.sample_rates, self.clip_seconds, hop_seconds, self.channels, self.pad_last)

    @property
    def sample_rate(self) -> int:
        """The rate that the model sees, Hz."""
        return self.sample_rates[0]

    @property
    def clip_size(self) -> int:
        """Samples of a clip at the model's rate."""
        return self.cut.clip_size(self.sample_rate)

    def clips(self, source: Audio | str | Path) -> Iterator[StoredClip]:
        """Yields the clips of a recording in order, silent ones too.

        Args:
            source: an `Audio`, or the path of a file, which is read block by block.

        Raises:
            NotConvertible: what `audio.read_blocks` and `audio.clips.clips_of` refuse.
        """
        sample_rate, blocks = _recording(source)
        gain = np.float32(self._gain(blocks, sample_rate))
        scaled = (block * gain for block in blocks())
        for clip in clips_of(scaled, sample_rate, self.cut):
            yield self._stored(clip)

    def _gain(self, blocks: Callable[[], Iterable[np.ndarray]], sample_rate: int) -> float:
        if self.normalize_loudness is None:
            return 1.0
        heard = (with_channels(block, self.channels) for block in blocks())
        return gain_for(heard, sample_rate, parse_target(self.normalize_loudness))

    def _stored(self, clip: Clip) -> StoredClip:
        top = max(self.sample_rates)
        level = rms_db(clip.samples[top][: clip.lengths[top]])
        silent = self.silence_db is not None and level < self.silence_db
        clipped = any(np.abs(part).max(initial=0) > 1 for part in clip.samples.values())
        samples = {rate: quantized(part) for rate, part in clip.samples.items()}
        return StoredClip(samples, clip.lengths, silent, bool(clipped))

    def _check_seconds(self, name: str, optional: bool) -> None:
        value = getattr(self, name)
        if optional and value is None:
            return
        lowest = min(self.sample_rates)
        if not _is_number(value) or round(exact(value) * lowest) < 1:
            raise LofiError(
                f"{name} is not a length. Allowed: seconds, at least one sample at {lowest} Hz. "
                f"Received: {value!r}"
            )


def loud_clips(clips: Iterable[StoredClip]) -> Iterator[StoredClip]:
    """Yields the clips that are not silent.

    Raises:
        NotConvertible: `silent`: all of them are.
    """
    heard = 0
    for clip in clips:
        if not clip.silent:
            heard += 1
            yield clip
    if not heard:
        raise NotConvertible("silent", "all its clips are silent")


def _recording(source: Any) -> tuple[int, Callable[[], Iterable[np.ndarray]]]:
    """Returns the sample rate of a source, and what gives its blocks, as often as asked."""
    if isinstance(source, str | Path):
        return probe(source).sample_rate, functools.partial(read_blocks, source)
    samples = np.asarray(source.samples, np.float32)
    if samples.ndim != 2:
        raise LofiError(f"samples must be [n, channels]. Received: {list(samples.shape)}")
    return source.sample_rate, lambda: [samples]


def _rates(rates: Any) -> tuple[int, ...]:
    given = tuple(rates) if isinstance(rates, list | tuple) else ()
    fine = all(type(rate) is int and 1 <= rate <= MAX_SAMPLE_RATE for rate in given)
    if not given or not fine or len(set(given)) < len(given):
        raise LofiError(
            f"sample_rates do not fit. Allowed: a list of different rates, 1 to {MAX_SAMPLE_RATE} "
            f"Hz. Received: {rates!r}"
        )
    return given


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)
