"""Clips of recordings as waveforms."""

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lofi_tf.audio.io import Audio
from lofi_tf.data.converters.clip_options import ClipOptions, StoredClip, loud_clips
from lofi_tf.data.converters.options import check_flag
from lofi_tf.errors import LofiError

if TYPE_CHECKING:
    import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class WaveformConverter(ClipOptions):
    """Recordings to and from waveforms, one step a sample.

    They are stored as int16, and what was int16 at that rate comes back exactly. The options are
    those of `ClipOptions`, and:

    Attributes:
        random_polarity: whether in training half of the clips, drawn anew each time, are turned
            upside down, which sounds the same.
    """

    random_polarity: bool = False

    def __post_init__(self):
        super().__post_init__()
        check_flag("random_polarity", self.random_polarity)

    @property
    def example_spec(self) -> "Mapping[str, tf.TensorSpec]":
        """What is stored: for each rate `waveform_<rate>` int16 [n, channels], `length_<rate>`."""
        from lofi_tf.data.model_inputs import clip as clip_model

        sizes = {rate: [self.cut.clip_size(rate), self.channels] for rate in self.sample_rates}
        return clip_model.example_spec("waveform", sizes, "int16")

    @property
    def model_spec(self) -> "Mapping[str, tf.TensorSpec]":
        """What the model eats: `inputs` and `targets` [T, channels], `length`."""
        from lofi_tf.data.model_inputs import clip as clip_model

        return clip_model.model_spec(self.clip_size, self.channels)

    def with_mode(self, mode: str) -> "WaveformConverter":
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
        example = {f"waveform_{rate}": samples for rate, samples in clip.samples.items()}
        lengths = {f"length_{rate}": np.int32(length) for rate, length in clip.lengths.items()}
        return example | lengths

    def to_model(
        self,
        example: "Mapping[str, tf.Tensor]",
        training: bool = False,
        seed: "tf.Tensor | None" = None,
    ) -> "dict[str, tf.Tensor]":
        """Returns the model's view of stored examples, by `model_spec`; TF operations only.

        Args:
            example: by `example_spec`; any batch dimensions may precede, `[..., T, channels]`.
            training: whether gain, polarity and shift are drawn.
            seed: int32 [2] to draw them by.
        """
        from lofi_tf.data.model_inputs import clip as clip_model

        rate, drawn = self.sample_rate, clip_model.Augmentation(training, seed)
        samples = clip_model.as_float(example[f"waveform_{rate}"]) / 32768.0
        samples = drawn.gain(samples, self.random_gain_db)
        samples = drawn.polarity(samples, self.random_polarity)
        most = round(self.random_shift_seconds * rate)
        return clip_model.view(
            *drawn.shift(samples, example[f"length_{rate}"], most),
            self.model_spec,
            self.padding_is_silence,
        )

    def steps_of(self, samples: np.ndarray) -> np.ndarray:
        """Returns samples [n, channels] of any length as the model sees them: themselves."""
        return np.asarray(samples, np.float32)

    def sound_of(self, steps: np.ndarray, num_samples: int) -> Audio:
        """Returns the audio of steps as `steps_of` gives them, cut to a number of samples."""
        return self.from_outputs(steps[:num_samples])

    def from_outputs(
        self, outputs: np.ndarray, qpm: float = 120.0, controls: np.ndarray | None = None
    ) -> Audio:
        """Returns the audio of one decoded array, as many samples as it has steps.

        Args:
            outputs: [T, channels]; what lies beyond [-1, 1] becomes the nearest.
            qpm: unused.
            controls: unused.

        Raises:
            LofiError: an array of another shape.
        """
        outputs = np.asarray(outputs, np.float32)
        if outputs.ndim != 2 or outputs.shape[1] != self.channels:
            raise LofiError(
                f"outputs of another shape. Allowed: [T, {self.channels}]. "
                f"Received: {list(outputs.shape)}"
            )
        return Audio(np.clip(outputs, -1, 1), self.sample_rate)
