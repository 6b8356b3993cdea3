"""Clips of recordings as waveforms."""

import dataclasses
from typing import ClassVar

import numpy as np

from lofi_tf.audio.io import Audio
from lofi_tf.data.converters.clip_options import ClipConverter, StoredClip


@dataclasses.dataclass(frozen=True)
class WaveformConverter(ClipConverter):
    """Recordings to and from waveforms, one step a sample.

    They are stored as int16, and what was int16 at that rate comes back exactly. The options are
    those of `ClipConverter`, and:

    Attributes:
        random_polarity: whether in training half of the clips, drawn anew each time, are turned
            upside down, which sounds the same.
    """

    kind: ClassVar[str] = "waveform"
    stored_name: ClassVar[str] = "waveform"
    stored_type: ClassVar[str] = "int16"

    random_polarity: bool = False

    def steps_at(self, rate: int) -> int:
        return self.cut.clip_size(rate)

    def depth_at(self, rate: int) -> int:
        """Returns the width of a sample, one number a channel."""
        return self.channels

    def example_of(self, clip: StoredClip) -> dict[str, np.ndarray]:
        example = {f"waveform_{rate}": samples for rate, samples in clip.samples.items()}
        lengths = {f"length_{rate}": np.int32(length) for rate, length in clip.lengths.items()}
        return example | lengths

    def steps_of(self, samples: np.ndarray) -> np.ndarray:
        """Returns samples [n, channels] of any length as the model sees them: themselves."""
        return np.asarray(samples, np.float32)

    def sound_of(self, steps: np.ndarray, num_samples: int) -> Audio:
        """Returns the audio of steps as `steps_of` gives them, cut to a number of samples."""
        return self.from_outputs(steps[:num_samples])

    def _music(self, outputs: np.ndarray, qpm: float, controls: np.ndarray | None) -> Audio:
        """Returns as many samples as steps; what lies beyond [-1, 1] becomes the nearest."""
        return Audio(np.clip(np.asarray(outputs, np.float32), -1, 1), self.sample_rate)
