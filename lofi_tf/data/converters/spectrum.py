"""Clips of recordings as spectra."""

import dataclasses
from typing import ClassVar, Literal

import numpy as np

from lofi_tf.audio.features import (
    FEATURES,
    Settings,
    num_frames,
    samples_of_db,
    spectrum_db,
)
from lofi_tf.audio.io import Audio, unquantized
from lofi_tf.data.converters.clip_options import ClipConverter, StoredClip
from lofi_tf.errors import LofiError

Features = Literal["mel", "cqt"]
_SETTINGS = (
    "fft_size", "hop_size", "num_bins", "low_hz", "high_hz", "bins_per_octave", "floor_db",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class SpectrumConverter(ClipConverter):
    """Recordings to and from spectra, one step a frame.

    They are stored as float16 in dB, at most 0.04 dB from what they were. The model sees 0 for
    `floor_db` and 1 for 0 dB. Each clip's spectrum is that of its 16-bit samples.

    Attributes:
        features: `mel` or `cqt`.
        fft_size, hop_size, num_bins, low_hz, high_hz, bins_per_octave, floor_db: what
            `MelSettings` or `CqtSettings` of `audio.features` take; None is their default.
    """

    kind: ClassVar[str] = "spectrum"
    stored_type: ClassVar[str] = "float16"

    features: Features = "mel"
    fft_size: int | None = None
    hop_size: int | None = None
    num_bins: int | None = None
    low_hz: float | None = None
    high_hz: float | None = None
    bins_per_octave: int | None = None
    floor_db: float | None = None

    def __post_init__(self):
        super().__post_init__()
        for rate in self.sample_rates:
            self.settings.bins(rate)

    @property
    def settings(self) -> Settings:
        given = {name: getattr(self, name) for name in _SETTINGS if getattr(self, name) is not None}
        known = [field.name for field in dataclasses.fields(FEATURES[self.features])]
        for name in given:
            if name not in known:
                allowed = ", ".join(known)
                raise LofiError(f"{self.features} has no {name}. Allowed: {allowed}")
        return FEATURES[self.features](**given)

    @property
    def stored_name(self) -> str:
        """What stored spectra are called; of two channels the left one's bins come first."""
        return self.features

    def steps_at(self, rate: int) -> int:
        return num_frames(self.cut.clip_size(rate), self.settings)

    def depth_at(self, rate: int) -> int:
        return self.settings.bins(rate) * self.channels

    def example_of(self, clip: StoredClip) -> dict[str, np.ndarray]:
        example = {}
        for rate, samples in clip.samples.items():
            spectra_db = self._spectra_db(unquantized(samples), rate)
            example[f"{self.features}_{rate}"] = spectra_db.astype(np.float16)
        for rate, length in clip.lengths.items():
            example[f"length_{rate}"] = np.int32(num_frames(length, self.settings))
        return example

    def steps_of(self, samples: np.ndarray) -> np.ndarray:
        """Returns samples [n, channels] of any length as the model sees them, [frames, depth]."""
        return 1 - self._spectra_db(samples, self.sample_rate) / np.float32(self.settings.floor_db)

    def sound_of(self, steps: np.ndarray, num_samples: int) -> Audio:
        """Returns the audio of steps as `steps_of` gives them, so many samples, by Griffin-Lim."""
        settings, rate = self.settings, self.sample_rate
        channels = np.split((1 - steps) * settings.floor_db, self.channels, axis=1)
        samples = [samples_of_db(channel, rate, settings, num_samples) for channel in channels]
        return Audio(np.clip(np.stack(samples, -1), -1, 1), rate)

    def _music(self, outputs: np.ndarray, qpm: float, controls: np.ndarray | None) -> Audio:
        """Returns sound by Griffin-Lim, the same each time.

        As many frames as a clip has give as many samples as a clip has; others
        (T - 1) * hop_size.
        """
        outputs, steps = np.asarray(outputs, np.float32), len(outputs)
        if not steps:
            raise LofiError(f"outputs are empty. Allowed: [T, {self.depth}], T from 1")
        size = (steps - 1) * self.settings.hop_size
        return self.sound_of(outputs, self.clip_size if steps == self.num_steps else size)

    def _spectra_db(self, samples: np.ndarray, rate: int) -> np.ndarray:
        """Returns the spectra of the channels side by side, [frames, F * channels] in dB."""
        channels = np.asarray(samples, np.float32).T
        return np.concatenate([spectrum_db(one, rate, self.settings) for one in channels], -1)
