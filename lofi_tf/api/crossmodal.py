"""The handle of models of sound and notes at once."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

from lofi_tf.api.model import Model
from lofi_tf.api.music import Music, music_of
from lofi_tf.api.sound import Sound, sound_of
from lofi_tf.audio.io import Audio
from lofi_tf.crossmodal import synthesis
from lofi_tf.crossmodal.inference import listen
from lofi_tf.crossmodal.model import CrossModel
from lofi_tf.crossmodal.symbol_notes import sequence_of
from lofi_tf.crossmodal.transcription import transcribed
from lofi_tf.music.sequence_proto import NoteSequence


class CrossModalModel(Model):
    """A model that writes down what it hears, and plays what is written.

    Args:
        cross: that answers; what the functions of `lofi_tf.crossmodal` take.

    Attributes:
        cross: as given.
    """

    example: ClassVar[str] = "crossmodal"

    def __init__(self, cross: CrossModel):
        super().__init__(cross.backend)
        self.cross = cross

    def transcribe(
        self, sound: Sound | str | Path, instruments: Sequence[str] = ()
    ) -> NoteSequence:
        """Returns the notes of a recording, a track an instrument.

        Args:
            sound: a `Sound` or the path of a file.
            instruments: that play in it; all that the model has, if not given.

        Raises:
            LofiError: an instrument that the model does not have.

        Example:
            >>> notes = model.transcribe("drums.wav")
            >>> notes.tempos[0].qpm
            120.0
        """
        synthesis.SynthesisConfig(instruments=tuple(instruments)).check(self.cross)
        sound = sound_of(sound)
        heard = listen(self.cross, [sound.samples], sound.sample_rate)
        parts = transcribed(heard, self.cross.converter, instruments=instruments)
        return sequence_of(parts, self.cross.converter.instruments)

    def synthesize(
        self,
        music: Music,
        instruments: Sequence[str] = (),
        *,
        transpose: int = 0,
        dynamics: int | None = None,
        sampling: bool = False,
        seed: int = 0,
    ) -> Sound:
        """Returns the sound of music, one channel at the model's rate.

        Args:
            music: a NoteSequence or the path of a file.
            instruments: of its tracks, in order; by their programs if not given.
            transpose: semitones that its notes are moved by.
            dynamics: class of dynamics for all notes, from 0, the softest; their own if not given.
            sampling: whether latents are drawn of the posteriors; else their means are taken.
            seed: of what is drawn.

        Raises:
            LofiError: not one note that an instrument of the model can play.

        Example:
            >>> sound = model.synthesize("tune.abc", ["piano"])
            >>> sound.samples.shape[1]
            1
        """
        names = tuple(instruments)
        how = synthesis.SynthesisConfig(
            seed, sampling, transpose=transpose, dynamics=dynamics, instruments=names
        )
        how.check(self.cross)
        return _sound(synthesis.notes_to_sound(self.cross, music_of(music), how).audio)

    def reconstruct(self, sound: Sound | str | Path) -> Sound:
        """Returns a recording as the model gives it back.

        Example:
            >>> model.reconstruct("drums.wav").samples.shape[1]
            1
        """
        audio, how = Audio(*sound_of(sound)), synthesis.SynthesisConfig()
        return _sound(synthesis.sound_to_notes(self.cross, audio, how).audio)


def _sound(audio: Audio) -> Sound:
    return Sound(np.asarray(audio.samples, np.float32).reshape(-1, 1), audio.sample_rate)
