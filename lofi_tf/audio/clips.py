"""Recordings cut into clips of equal length, the same clip at several sample rates.

Clip k begins k * hop_seconds after the recording does: at each rate, at the nearest sample. So
sample n of a clip is n / rate seconds after its begin at every rate. Only one clip and one block
are in memory at a time, however long the recording is.
"""

import dataclasses
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from lofi_tf.audio.channels import blocks_with_channels
from lofi_tf.errors import NotConvertible

QUALITY = "HQ"  # of soxr: 20 bits, flat to 0.91 of half the rate, -120 dB beyond


class Clip(NamedTuple):
    """A clip at several rates.

    Attributes:
        number: k, from 0 on.
        samples: by rate, float32 [round(clip_seconds * rate), channels].
        lengths: by rate, the samples before any padding with zeros.
    """

    number: int
    samples: dict[int, np.ndarray]
    lengths: dict[int, int]


@dataclasses.dataclass(frozen=True)
class Cut:
    """How recordings become clips.

    Attributes:
        sample_rates: Hz of the clips.
        clip_seconds: length of a clip, above 0.
        hop_seconds: from the begin of a clip to that of the next, above 0.
        channels: 1, a mix of all (`channels.mono`), or 2; a recording of one channel then has two
            equal ones.
        pad_last: whether what is left at the end is a clip too, padded with zeros.
    """

    sample_rates: tuple[int, ...]
    clip_seconds: float
    hop_seconds: float
    channels: int = 1
    pad_last: bool = False

    def clip_size(self, sample_rate: int) -> int:
        """Returns the samples of a clip at a rate."""
        return round(exact(self.clip_seconds) * sample_rate)

    def begin(self, number: int, sample_rate: int) -> int:
        """Returns the first sample of a clip at a rate."""
        return round(number * exact(self.hop_seconds) * sample_rate)

    def num_whole(self, num_samples: int, sample_rate: int) -> int:
        """Returns how many whole clips a recording holds; half a sample may lack at its end."""
        left = Fraction(2 * num_samples + 1, 2 * sample_rate) - exact(self.clip_seconds)
        return max(0, left // exact(self.hop_seconds) + 1)

    def has_rest(self, num_samples: int, sample_rate: int) -> bool:
        """Says whether the clip after the whole ones has samples that none of those holds."""
        number, length = (
            self.num_whole(num_samples, sample_rate),
            Fraction(num_samples, sample_rate),
        )
        half = Fraction(1, 2 * sample_rate)
        begin = number * exact(self.hop_seconds)
        covered = begin - exact(self.hop_seconds) + exact(self.clip_seconds) if number else 0
        return max(begin, covered) + half < length


def exact(seconds: float) -> Fraction:
    """Returns the decimal number that a person wrote, without the error of its binary form."""
    return Fraction(str(seconds))


def clips_of(blocks: Iterable[np.ndarray], sample_rate: int, cut: Cut) -> Iterator[Clip]:
    """Yields the clips of a recording in order; its blocks are float32 [n, channels].

    Raises:
        NotConvertible: `channels`: more than two, where two are asked for; `too_short`: not one
            clip.
    """
    tracks = {rate: _Track(sample_rate, rate, cut.channels) for rate in cut.sample_rates}
    number, count = 0, 0
    for block in blocks_with_channels(blocks, cut.channels):
        count += len(block)
        for track in tracks.values():
            track.add(block)
        while number < cut.num_whole(count, sample_rate) and _ready(tracks, number, cut):
            yield _clip(tracks, number, cut, whole=True)
            number += 1
    for track in tracks.values():
        track.finish()
    num_whole = cut.num_whole(count, sample_rate)
    total = num_whole + (cut.pad_last and cut.has_rest(count, sample_rate))
    if not total:
        raise NotConvertible(
            "too_short",
            f"it is shorter than a clip of {cut.clip_seconds:g} s. "
            f"Received: {count / sample_rate:.3f} s",
        )
    for rest in range(number, total):
        yield _clip(tracks, rest, cut, whole=rest < num_whole)


def resampled(samples: np.ndarray, sample_rate: int, new_rate: int) -> np.ndarray:
    """Returns samples [n, channels] at another rate, float32 [about n * new / old, channels]."""
    track = _Track(sample_rate, new_rate, samples.shape[1])
    track.add(np.asarray(samples, np.float32))
    track.finish()
    return track.take(0, track.end)


class _Track:
    """A recording at one rate, as far as it is needed yet."""

    def __init__(self, sample_rate: int, new_rate: int, channels: int):
        self._resampler = None
        if sample_rate != new_rate:
            import soxr

            self._resampler = soxr.ResampleStream(
                sample_rate, new_rate, channels, dtype="float32", quality=QUALITY
            )
        self._empty = np.zeros([0, channels], np.float32)
        self._parts: list[np.ndarray] = []
        self._begin = 0  # of what is held, in samples from the recording's begin
        self.end = 0

    def add(self, block: np.ndarray) -> None:
        """Takes in the next samples of the recording."""
        self._hold(self._resampler.resample_chunk(block) if self._resampler else block)

    def finish(self) -> None:
        """Takes note that no more will come."""
        if self._resampler:
            self._hold(self._resampler.resample_chunk(self._empty, last=True))

    def take(self, begin: int, end: int) -> np.ndarray:
        """Returns the samples there are from `begin` to `end` and lets go of those before."""
        held = np.concatenate([self._empty, *self._parts])[begin - self._begin :]
        self._begin, self._parts = begin, [held]
        return held[: end - begin]

    def let_go(self, begin: int) -> None:
        """Lets go of the parts that lie before `begin`."""
        while self._parts and self._begin + len(self._parts[0]) <= begin:
            self._begin += len(self._parts.pop(0))

    def _hold(self, part: np.ndarray) -> None:
        self.end += len(part)
        if len(part):
            self._parts.append(part)


def _ready(tracks: dict[int, _Track], number: int, cut: Cut) -> bool:
    """Says whether a whole clip is there at every rate; lets go of what lies before it."""
    for rate, track in tracks.items():
        track.let_go(cut.begin(number, rate))
    return all(
        track.end >= cut.begin(number, rate) + cut.clip_size(rate) for rate, track in tracks.items()
    )


def _clip(tracks: dict[int, _Track], number: int, cut: Cut, whole: bool) -> Clip:
    """Returns a clip; one that is whole in time may lack a sample at a rate, by rounding."""
    samples, lengths = {}, {}
    for rate, track in tracks.items():
        begin, size = cut.begin(number, rate), cut.clip_size(rate)
        found = track.take(begin, begin + size)
        lengths[rate] = size if whole else len(found)
        samples[rate] = np.pad(found, [(0, size - len(found)), (0, 0)])
    return Clip(number, samples, lengths)
