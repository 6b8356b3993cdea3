"""Clips of recordings as spectra."""

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lofi_tf.audio.features import (
    FEATURES,
    Settings,
    num_frames,
    samples_of_db,
    spectrum_db,
)
from lofi_tf.audio.io import Audio, unquantized
from lofi_tf.data.converters.clip_options import ClipOptions, StoredClip, loud_clips
from lofi_tf.data.converters.options import check_choice
from lofi_tf.errors import LofiError

if TYPE_CHECKING:
    import tensorflow as tf


_SETTINGS = (
    "fft_size", "hop_size", "num_bins", "low_hz", "high_hz", "bins_per_octave", "floor_db",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class SpectrumConverter(ClipOptions):
    """Recordings to and from spectra, one step a frame.

    They are stored as float16 in dB, at most 0.04 dB from what they were. The model sees 0 for
    `floor_db` and 1 for 0 dB. Each clip's spectrum is that of its 16-bit samples.

    Attributes:
        features: `mel` or `cqt`.
        fft_size, hop_size, num_bins, low_hz, high_hz, bins_per_octave, floor_db: what
            `MelSettings` or `CqtSettings` of `audio.features` take; None is their default.
    """

    features: str = "mel"
    fft_size: int | None = None
    hop_size: int | None = None
    num_bins: int | None = None
    low_hz: float | None = None
    high_hz: float | None = None
    bins_per_octave: int | None = None
    floor_db: float | None = None

    def __post_init__(self):
        super().__post_init__()
        check_choice("features", self.features, FEATURES)
        for rate in self.sample_rates:
            self.settings.bins(rate)

    @property
    def settings(self) -> Settings:
        """Which spectrum it is."""
        given = {name: getattr(self, name) for name in _SETTINGS if getattr(self, name) is not None}
        known = [field.name for field in dataclasses.fields(FEATURES[self.features])]
        for name in given:
            if name not in known:
                allowed = ", ".join(known)
                raise LofiError(f"{self.features} has no {name}. Allowed: {allowed}")
        return FEATURES[self.features](**given)

    @property
    def example_spec(self) -> "Mapping[str, tf.TensorSpec]":
        """What is stored: for each rate `<features>_<rate>` float16 [T, F * channels], `length_`.

        Of two channels the left one's bins come first.
        """
        from lofi_tf.data.model_inputs import clip as clip_model

        shapes = {rate: [self._steps(rate), self._depth(rate)] for rate in self.sample_rates}
        return clip_model.example_spec(self.features, shapes, "float16")

    @property
    def model_spec(self) -> "Mapping[str, tf.TensorSpec]":
        """What the model eats: `inputs` and `targets` [T, F * channels], `length`."""
        from lofi_tf.data.model_inputs import clip as clip_model

        return clip_model.model_spec(self._steps(self.sample_rate), self._depth(self.sample_rate))

    def with_mode(self, mode: str) -> "SpectrumConverter":
        """Returns this converter: nothing in it hangs on the mode."""
        return self

    def to_examples(self, source: Audio | str | Path) -> Iterator[dict[str, np.ndarray]]:
        """Yields the examples of a recording, by `example_spec`; silent clips are passed over.

        Args:
            source: an `Audio`, or the path of a file, which is read block by block.

        Raises:
            NotConvertible: `too_short`, `silent`, `channels`, or what is wrong with the file.
        """
        yield from map(self.example_of, loud_clips(self.clips(source)))

    def example_of(self, clip: StoredClip) -> dict[str, np.ndarray]:
        """Returns the example of one clip."""
        example = {}
        for rate, samples in clip.samples.items():
            spectra_db = self._spectra_db(unquantized(samples), rate)
            example[f"{self.features}_{rate}"] = spectra_db.astype(np.float16)
        for rate, length in clip.lengths.items():
            example[f"length_{rate}"] = np.int32(num_frames(length, self.settings))
        return example

    def to_model(
        self,
        example: "Mapping[str, tf.Tensor]",
        training: bool = False,
        seed: "tf.Tensor | None" = None,
    ) -> "dict[str, tf.Tensor]":
        """Returns the model's view of stored examples, by `model_spec`; TF operations only.

        Args:
            example: by `example_spec`; any batch dimensions may precede, `[..., T, F * channels]`.
            training: whether gain and shift are drawn; the shift is in whole frames.
            seed: int32 [2] to draw them by.
        """
        from lofi_tf.data.model_inputs import clip as clip_model

        rate, drawn = self.sample_rate, clip_model.Augmentation(training, seed)
        spectrum_db = clip_model.as_float(example[f"{self.features}_{rate}"])
        values = 1 - spectrum_db / self.settings.floor_db
        values = drawn.gain_of_db(values, self.random_gain_db, self.settings.floor_db)
        most = round(self.random_shift_seconds * rate / self.settings.hop_size)
        return clip_model.view(
            *drawn.shift(values, example[f"length_{rate}"], most),
            self.model_spec,
            self.padding_is_silence,
        )

    def steps_of(self, samples: np.ndarray) -> np.ndarray:
        """Returns samples [n, channels] of any length as the model sees them, [frames, depth]."""
        return 1 - self._spectra_db(samples, self.sample_rate) / np.float32(self.settings.floor_db)

    def sound_of(self, steps: np.ndarray, num_samples: int) -> Audio:
        """Returns the audio of steps as `steps_of` gives them, so many samples, by Griffin-Lim."""
        settings, rate = self.settings, self.sample_rate
        channels = np.split((1 - steps) * settings.floor_db, self.channels, axis=1)
        samples = [samples_of_db(channel, rate, settings, num_samples) for channel in channels]
        return Audio(np.clip(np.stack(samples, -1), -1, 1), rate)

    def from_outputs(
        self, outputs: np.ndarray, qpm: float = 120.0, controls: np.ndarray | None = None
    ) -> Audio:
        """Returns the audio of one decoded array, by Griffin-Lim; the same each time.

        Args:
            outputs: [T, F * channels] as the model sees them. As many frames as a clip has give as
                many samples as a clip has; others (T - 1) * hop_size.
            qpm: unused.
            controls: unused.

        Raises:
            LofiError: an array of another shape.
        """
        outputs, rate = np.asarray(outputs, np.float32), self.sample_rate
        if outputs.ndim != 2 or not len(outputs) or outputs.shape[1] != self._depth(rate):
            raise LofiError(
                f"outputs of another shape. Allowed: [T, {self._depth(rate)}]. "
                f"Received: {list(outputs.shape)}"
            )
        steps = len(outputs)
        whole = steps == self._steps(rate)
        size = self.clip_size if whole else (steps - 1) * self.settings.hop_size
        return self.sound_of(outputs, size)

    def _spectra_db(self, samples: np.ndarray, rate: int) -> np.ndarray:
        """Returns the spectra of the channels side by side, [frames, F * channels] in dB."""
        channels = np.asarray(samples, np.float32).T
        return np.concatenate([spectrum_db(one, rate, self.settings) for one in channels], -1)

    def _steps(self, rate: int) -> int:
        return num_frames(self.cut.clip_size(rate), self.settings)

    def _depth(self, rate: int) -> int:
        return self.settings.bins(rate) * self.channels
