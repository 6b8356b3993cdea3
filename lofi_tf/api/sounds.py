"""Handles of models of sound: VAEs of clips, and continuations."""

from pathlib import Path
from typing import ClassVar

import numpy as np

from lofi_tf import generation
from lofi_tf.api.model import Model
from lofi_tf.api.sound import Sound, sound_of
from lofi_tf.audio.io import Audio
from lofi_tf.generation import sounds
from lofi_tf.generation.sound_continuation import SECONDS, continue_sound


class SoundModel(Model):
    """A VAE of clips of sound.

    Sounds go in as `Sound` or as the path of a file, of any rate and length; they come out at the
    model's rate, as long as they were. What is drawn is the same for the same seed; without one it
    is another each time. `temperature` is from 0 on.
    """

    example: ClassVar[str] = "lofai_conv"

    def sample(
        self,
        num_outputs: int = 5,
        *,
        temperature: float | None = None,
        seed: int | None = None,
    ) -> list[Sound]:
        """Returns new sounds, a clip each.

        Example:
            >>> len(model.sample(2, seed=1))
            2
        """
        how = self._how(temperature, seed, None)
        return _sounds(generation.sample(self.backend, num_outputs, how))

    def encode(self, sound: Sound | str | Path) -> tuple[np.ndarray, np.ndarray]:
        """Returns mean and standard deviation, [N, Z], of the posterior of each of N clips.

        A sound longer than a clip is N of them, each half a clip after the one before.

        Raises:
            LofiError: as `reconstruct`.

        Example:
            >>> mean, stddev = model.encode("drums.wav")
            >>> mean.shape == stddev.shape
            True
        """
        inputs = sounds.clip_inputs(self.backend, _audio(sound))
        return self.backend.encode(inputs.windows, inputs.lengths)

    def decode(
        self, z: np.ndarray, *, temperature: float | None = None, seed: int | None = None
    ) -> list[Sound]:
        """Returns the sounds of latents z [N, Z], a clip each.

        Raises:
            LofiError: latents of another size.

        Example:
            >>> z = np.zeros([1, model.config.model.z_size])
            >>> len(model.decode(z))
            1
        """
        how = self._how(temperature, seed, None)
        return _sounds(generation.decode(self.backend, np.asarray(z, np.float32), how))

    def reconstruct(self, sound: Sound | str | Path) -> Sound:
        """Returns a sound as the model plays it.

        Raises:
            LofiError: an empty sound, or more channels than the model takes.

        Example:
            >>> model.reconstruct("drums.wav").seconds
            1.0
        """
        return _sound(sounds.reconstruct(self.backend, _audio(sound)))

    def interpolate(
        self, start: Sound | str | Path, end: Sound | str | Path, num_steps: int = 5
    ) -> list[Sound]:
        """Returns `num_steps` sounds on the way from one to another, both included.

        Of more than a clip the first one counts.

        Raises:
            LofiError: as `reconstruct`.

        Example:
            >>> len(model.interpolate("drums.wav", "drums.wav", 3))
            3
        """
        return _sounds(sounds.morph(self.backend, _audio(start), _audio(end), num_steps))

    def vary(
        self,
        sound: Sound | str | Path,
        num_outputs: int = 5,
        *,
        amount: float | None = None,
        seed: int | None = None,
    ) -> list[Sound]:
        """Returns neighbours of a sound, as long as it is.

        The amount is from 0, `reconstruct`, to 1, `sample`; 0.3 if not given.

        Raises:
            LofiError: an amount outside [0, 1], or as `reconstruct`.

        Example:
            >>> len(model.vary("drums.wav", 2, amount=0.2, seed=1))
            2
        """
        how = self._how(None, seed, None)
        return _sounds(sounds.vary(self.backend, _audio(sound), num_outputs, how, amount))


class ContinuationModel(Model):
    """A model that goes on with a sound."""

    example: ClassVar[str] = "continuation_lstm"

    def continue_(
        self,
        sound: Sound | str | Path,
        *,
        seconds: float = SECONDS,
        temperature: float | None = None,
        seed: int | None = None,
        change_at_seconds: float | None = None,
        change_amount: float | None = None,
    ) -> Sound:
        """Returns a sound at the model's rate, mono, and new sound after it.

        Args:
            sound: a `Sound` or the path of a file.
            seconds: of new sound.
            temperature: 0 or above.
            seed: of what is drawn; without one it is another each time.
            change_at_seconds: the moment, in new sound, from which its style is another.
            change_amount: how far another, from 0 to 1.

        Raises:
            LofiError: too short a sound, or a change that the model cannot make.

        Example:
            >>> model.continue_("drums.wav", seconds=0.5, seed=1).seconds
            1.5
        """
        how = self._how(temperature, seed, None)
        change = change_at_seconds, change_amount
        return _sound(continue_sound(self.backend, _audio(sound), 1, how, seconds, *change)[0])


def _audio(sound: Sound | str | Path) -> Audio:
    return Audio(*sound_of(sound))


def _sound(audio: Audio) -> Sound:
    return Sound(np.asarray(audio.samples, np.float32), audio.sample_rate)


def _sounds(audios: list[Audio]) -> list[Sound]:
    return [_sound(audio) for audio in audios]
