"""What the converters of sound share: recordings to clips of 16-bit samples."""

import dataclasses
import functools
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

import numpy as np

from lofi_tf.audio.channels import blocks_with_channels
from lofi_tf.audio.clips import Clip, Cut, clips_of, exact
from lofi_tf.audio.io import Audio, probe, quantized, read_blocks
from lofi_tf.audio.loudness import gain_for, parse_target, rms_db
from lofi_tf.data.converters.base import Converter
from lofi_tf.data.specs import ArraySpec, Example, Specs
from lofi_tf.errors import LofiError, NotConvertible
from lofi_tf.settings import DIFFERENT, Amount, Bounds

MAX_SAMPLE_RATE = 384000

Rates = Annotated[tuple[Annotated[int, Bounds(1, MAX_SAMPLE_RATE)], ...], DIFFERENT]


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
class ClipConverter(Converter):
    """The base of converters of clips of sound: which clips recordings give.

    Attributes:
        sample_rates: Hz, each of which is stored; the model sees the first.
        clip_seconds, hop_seconds, channels, pad_last: see `Cut`; without a hop it is a clip's.
        silence_db: a clip whose RMS is below is dropped, 0 dB being a square wave of full scale;
            None drops none.
        normalize_loudness: such as `-23LUFS` or `-20dB` (RMS): each recording gets the gain that
            brings it there, no more than its peak allows; None changes nothing.
        padding_is_silence: whether the zeros that pad a clip count as sound, so that a model
            learns that a short sound is over; else they lie beyond the clip's length.
        random_gain_db: in training each clip is lowered by up to so many dB, drawn anew each time.
        random_shift_seconds: in training each clip comes up to so much later or earlier, zeros
            coming in; what is stored stays as it is.
    """

    medium: ClassVar[str] = "sound"
    music: ClassVar[str] = "sound"
    shards_of: ClassVar[str] = "clips of sound"
    shards_by: ClassVar[str] = "prepare_audio"
    # They say which clips there are, or what training makes of them, not what is stored of one.
    free_options: ClassVar[tuple[str, ...]] = (
        *("hop_seconds", "pad_last", "silence_db"),
        *("padding_is_silence", "random_gain_db", "random_shift_seconds", "random_polarity"),
    )
    subset_options: ClassVar[tuple[str, ...]] = ("sample_rates",)
    stored_name: ClassVar[str]
    stored_type: ClassVar[str]

    sample_rates: Rates = (16000,)
    clip_seconds: Amount = 2.0
    hop_seconds: Amount | None = None
    channels: Literal[1, 2] = 1
    pad_last: bool = False
    silence_db: Annotated[float, Bounds()] | None = -60.0
    normalize_loudness: str | None = None
    padding_is_silence: bool = False
    random_gain_db: Amount = 0.0
    random_shift_seconds: Amount = 0.0

    def __post_init__(self):
        super().__post_init__()
        lowest = min(self.sample_rates)
        for name in ("clip_seconds", "hop_seconds"):
            seconds = getattr(self, name)
            if seconds is not None and round(exact(seconds) * lowest) < 1:
                raise LofiError(
                    f"{name} is not a length. Allowed: seconds, at least one sample at {lowest} "
                    f"Hz. Received: {seconds!r}"
                )
        if self.normalize_loudness is not None:
            target = str(parse_target(self.normalize_loudness))
            object.__setattr__(self, "normalize_loudness", target)

    def steps_at(self, rate: int) -> int:
        """Returns the steps of a clip at a rate."""
        raise NotImplementedError

    def depth_at(self, rate: int) -> int:
        """Returns the width of a step at a rate."""
        raise NotImplementedError

    def example_of(self, clip: StoredClip) -> Example:
        """Returns the example of one clip."""
        raise NotImplementedError

    @property
    def settings(self) -> Any:
        """Which spectrum is stored; None of waveforms."""
        return None

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

    def describe(self, max_seq_len: int) -> str:
        return f"{self.music}, {self.clip_seconds:g} s at {self.sample_rate} Hz"

    @property
    def num_steps(self) -> int:
        return self.steps_at(self.sample_rate)

    @property
    def depth(self) -> int:
        return self.depth_at(self.sample_rate)

    @property
    def example_spec(self) -> Specs:
        """What is stored: for each rate `<stored_name>_<rate>` [T, depth], and `length_<rate>`."""
        arrays = {
            f"{self.stored_name}_{rate}": ArraySpec(
                self.stored_type, (self.steps_at(rate), self.depth_at(rate))
            )
            for rate in self.sample_rates
        }
        return arrays | {f"length_{rate}": ArraySpec("int32") for rate in self.sample_rates}

    def _examples(self, source: Audio | str | Path) -> Iterator[Example]:
        """Yields the examples of a recording; silent clips are passed over."""
        yield from map(self.example_of, loud_clips(self.clips(source)))

    def clips(self, source: Audio | str | Path) -> Iterator[StoredClip]:
        """Yields the clips of a recording in order, silent ones too; a file is read block by block.

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
        heard = blocks_with_channels(blocks(), self.channels)
        return gain_for(heard, sample_rate, parse_target(self.normalize_loudness))

    def _stored(self, clip: Clip) -> StoredClip:
        top = max(self.sample_rates)
        level = rms_db(clip.samples[top][: clip.lengths[top]])
        silent = self.silence_db is not None and level < self.silence_db
        clipped = any(np.abs(part).max(initial=0) > 1 for part in clip.samples.values())
        samples = {rate: quantized(part) for rate, part in clip.samples.items()}
        return StoredClip(samples, clip.lengths, silent, bool(clipped))


def loud_clips(clips: Iterable[StoredClip]) -> Iterator[StoredClip]:
    """Yields the clips that are not silent; refuses a recording that has none (`silent`)."""
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
