"""Handles of models of grooves that do one thing more: GrooVAE's."""

from collections.abc import Collection
from typing import ClassVar

from lofi_tf import generation
from lofi_tf.api.music import Music, music_of
from lofi_tf.api.sequence import SequenceModel
from lofi_tf.backends.base import Backend
from lofi_tf.music.sequence_proto import NoteSequence


class HumanizeModel(SequenceModel):
    """A model that gives plain hits a feel."""

    example: ClassVar[str] = "groove_humanize"

    def humanize(
        self,
        music: Music,
        *,
        amount: float = 1.0,
        keep: str | Collection[str] | None = None,
        temperature: float | None = None,
        seed: int | None = None,
        qpm: float | None = None,
    ) -> NoteSequence:
        """Returns music whose drums have velocities and timing of the model's; no hit is left out.

        Args:
            music: of any length.
            amount: 0 leaves it as it is, 1 is the model's feel, up to 1.5 exaggerates that.
            keep: what of the music's own feel stays: `swing`, `accents`, both with a comma, or
                `none`; None keeps what it has.
            temperature: how far from the likeliest feel; None is what suits the model.
            seed: of what is drawn.
            qpm: tempo, quarter notes a minute.

        Raises:
            LofiError: an amount outside [0, 1.5], no such trait, or as `reconstruct`.

        Example:
            >>> played = model.humanize("beat.mid", seed=1)
            >>> [note.pitch for note in played.notes] == [note.pitch for note in beat.notes]
            True
        """
        how = self._how(temperature, seed, qpm)
        (found,) = generation.humanize(self.backend, music_of(music), 1, how, amount, keep)
        return generation.from_zero(found)


class TapModel(SequenceModel):
    """A model that makes beats of tapped rhythms."""

    example: ClassVar[str] = "groove_tap2drum"

    def tap2drum(
        self,
        music: Music,
        *,
        temperature: float | None = None,
        seed: int | None = None,
        qpm: float | None = None,
    ) -> NoteSequence:
        """Returns a beat for a tapped rhythm; takes and raises what `reconstruct` does.

        Every note of the music is a tap, whatever its pitch; the timing counts.

        Example:
            >>> drums = model.tap2drum("tune.abc", seed=1)
            >>> all(note.is_drum for note in drums.notes)
            True
        """
        how = self._how(temperature, seed, qpm)
        return generation.finished(generation.tap2drum(self.backend, music_of(music), 1, how)[0])


class HihatModel(SequenceModel):
    """A model that adds hi-hats to beats without."""

    example: ClassVar[str] = "groovae_2bar_add_closed_hh"

    def add_hihats(
        self,
        music: Music,
        *,
        temperature: float | None = None,
        seed: int | None = None,
        qpm: float | None = None,
    ) -> NoteSequence:
        """Returns a beat with hi-hats of the model's; all else stays as it was.

        Takes and raises what `reconstruct` does.

        Example:
            >>> fuller = model.add_hihats("beat.mid", seed=1)
            >>> len(fuller.notes) > len(beat.notes)
            True
        """
        how = self._how(temperature, seed, qpm)
        return generation.from_zero(generation.add_hihats(self.backend, music_of(music), 1, how)[0])


class TransferModel(SequenceModel):
    """A model that plays the hits of one beat with the feel of another."""

    example: ClassVar[str] = "groove_transfer"

    def groove_transfer(
        self,
        feel: Music,
        hits: Music,
        *,
        amount: float = 1.0,
        keep: str | Collection[str] = "none",
        temperature: float | None = None,
        seed: int | None = None,
        qpm: float | None = None,
    ) -> NoteSequence:
        """Returns the hits of one beat with the velocities and timing of another.

        `feel` is the beat whose feel is taken, `hits` the one that is played, whose tempo it has
        where no `qpm` is given. Otherwise it takes and raises what `HumanizeModel.humanize` does,
        but that it keeps nothing of the hits' own feel if not told to.

        Example:
            >>> model.groove_transfer("other.mid", "beat.mid", seed=1).tempos[0].qpm
            120.0
        """
        how = self._how(temperature, seed, qpm)
        pieces = music_of(feel), music_of(hits)
        (found,) = generation.groove_transfer(self.backend, *pieces, 1, how, amount, keep)
        return generation.from_zero(found)


_GROOVES: dict[str, type[SequenceModel]] = {
    "humanize": HumanizeModel,
    "tap2drum": TapModel,
    "add_hihats": HihatModel,
    "groove_transfer": TransferModel,
}


def sequence_model(backend: Backend) -> SequenceModel:
    """Returns the handle of a model of notes: of what it was made for."""
    kinds = (kind for mode, kind in _GROOVES.items() if mode in backend.converter.modes)
    return next(kinds, SequenceModel)(backend)
