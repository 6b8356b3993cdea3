"""The handle of models of notes."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from lofi_tf import generation
from lofi_tf.api.model import Model
from lofi_tf.api.music import Music, music_of
from lofi_tf.generation.latent_perturbation import CHAIN_AMOUNT
from lofi_tf.music.sequence_proto import NoteSequence


class SequenceModel(Model):
    """A VAE of notes: drums, melodies, chords, or several instruments.

    Music goes in as a NoteSequence or the path of a file, of any length: it is cut into windows of
    the model's length. What is drawn is the same for the same seed; without one it is other music
    each time. `temperature` 0 takes the likeliest, 1 draws as the model says, None is what suits
    the model; `qpm` is the tempo of what comes out, None being the input's, or 120.
    """

    example: ClassVar[str] = "groovae_4bar"

    def sample(
        self,
        num_outputs: int = 5,
        *,
        temperature: float | None = None,
        seed: int | None = None,
        qpm: float | None = None,
        chords: str | None = None,
        length_bars: int | None = None,
        hits: Music | None = None,
        style: str | None = None,
        density: float | None = None,
        best_of: int | None = None,
    ) -> list[NoteSequence]:
        """Returns new music: loops of whole bars, what is ahead of the first beat at the end.

        Args:
            num_outputs: pieces.
            temperature: 0 or above; None is what suits the model.
            seed: of what is drawn.
            qpm: tempo, quarter notes a minute.
            chords: for a model that takes them, such as `C Am F G` or `Cmaj7:2 G7:2`.
            length_bars: bars of each; None is the model's length.
            hits: the beat that a model with `groove_transfer` is to play.
            style: for a model of grooves that knows some, such as `funk`.
            density: hits a bar, for a model that knows it.
            best_of: draws for each, of which a good loop is taken.

        Raises:
            LofiError: chords, hits or a style that the model does not take, or none where it does.

        Example:
            >>> beats = model.sample(2, temperature=0.8, seed=1)
            >>> len(beats), beats[0].total_time
            (2, 8.0)
        """
        how = self._how(temperature, seed, qpm, style=style, density=density)
        options: dict[str, Any] = {"hits": None if hits is None else music_of(hits)}
        options |= {"chords": chords, "length_bars": length_bars}
        if best_of is None:
            return generation.sample(self.backend, num_outputs, how, **options)
        return generation.sample_best(self.backend, num_outputs, best_of, how, **options)

    def encode(self, music: Music) -> tuple[np.ndarray, np.ndarray]:
        """Returns mean and standard deviation, [N, Z], of the posterior of each of N windows.

        Raises:
            LofiError: the model takes nothing of the music, and which rule says so.

        Example:
            >>> mean, stddev = model.encode("beat.mid")
            >>> mean.shape
            (1, 256)
        """
        return generation.passage_of(self.backend, music_of(music)).excerpt.posteriors(self.backend)

    def decode(
        self,
        z: np.ndarray,
        *,
        temperature: float | None = None,
        seed: int | None = None,
        qpm: float | None = None,
        controls: np.ndarray | None = None,
    ) -> list[NoteSequence]:
        """Returns the music of latents z [N, Z], drawn as by `sample`.

        Controls, where the model takes them, are [T, C] for all, or [N, T, C].

        Raises:
            LofiError: latents of another size, or controls that do not fit.

        Example:
            >>> mean, _ = model.encode("beat.mid")
            >>> len(model.decode(mean, temperature=0))
            1
        """
        how = self._how(temperature, seed, qpm)
        return generation.decode(self.backend, np.asarray(z, np.float32), how, controls)

    def interpolate(
        self,
        start: Music,
        end: Music,
        num_steps: int = 5,
        *,
        temperature: float | None = None,
        seed: int | None = None,
        qpm: float | None = None,
    ) -> list[NoteSequence]:
        """Returns `num_steps` pieces on the way from one to another, both included.

        Each of the two is one window of the model. What is between is drawn as by `sample`.

        Raises:
            LofiError: a piece of several windows, or one that the model does not take.

        Example:
            >>> len(model.interpolate("beat.mid", "other.mid", 3, seed=1))
            3
        """
        how = self._how(temperature, seed, qpm)
        return generation.interpolate(self.backend, music_of(start), music_of(end), num_steps, how)

    def grid(
        self,
        corners: Sequence[Music],
        side: int = 5,
        *,
        temperature: float | None = None,
        seed: int | None = None,
        qpm: float | None = None,
    ) -> list[list[NoteSequence]]:
        """Returns the music of a square between four pieces, `side` by `side`, row by row.

        Corners are upper left, upper right, lower left, lower right; all is drawn as by `sample`.

        Raises:
            LofiError: not four corners, or as `interpolate`.

        Example:
            >>> rows = model.grid(["beat.mid", "other.mid", "other.mid", "beat.mid"], 2, seed=1)
            >>> [len(row) for row in rows]
            [2, 2]
        """
        how = self._how(temperature, seed, qpm)
        return generation.grid(self.backend, tuple(music_of(c) for c in corners), side, how)

    def reconstruct(
        self,
        music: Music,
        *,
        temperature: float | None = None,
        seed: int | None = None,
        qpm: float | None = None,
        chords: str | None = None,
    ) -> NoteSequence:
        """Returns music as the model plays it: each window encoded and decoded again.

        Args:
            music: of any length.
            temperature: 0 or above.
            seed: of what is drawn.
            qpm: tempo, quarter notes a minute.
            chords: other chords to play it over, as in `sample`.

        Raises:
            LofiError: the model takes nothing of the music, and which rule says so.

        Example:
            >>> model.reconstruct("beat.mid", temperature=0).tempos[0].qpm
            120.0
        """
        how = self._how(temperature, seed, qpm)
        (found,) = generation.reconstruct(self.backend, music_of(music), 1, how, chords)
        return generation.finished(found)

    def vary(
        self,
        music: Music,
        num_outputs: int = 5,
        *,
        amount: float | None = None,
        attributes: Mapping[str, float] | None = None,
        vectors: Mapping[str, np.ndarray] | None = None,
        temperature: float | None = None,
        seed: int | None = None,
        qpm: float | None = None,
        chords: str | None = None,
    ) -> list[NoteSequence]:
        """Returns neighbours of music, as long as it is.

        Args:
            music: of any length.
            num_outputs: pieces.
            amount: from 0, `reconstruct`, to 1, `sample`; 0.3, or 0 with attributes.
            attributes: how far to go along each, such as `{"density": 1.0}`.
            vectors: of the attributes; `lofi_tf.generation.attributes.load_vectors` reads them.
            temperature: 0 or above.
            seed: of what is drawn.
            qpm: tempo, quarter notes a minute.
            chords: other chords to play it over, as in `sample`.

        Raises:
            LofiError: an amount outside [0, 1], an attribute without a vector, or as
                `reconstruct`.

        Example:
            >>> len(model.vary("beat.mid", 2, amount=0.2, seed=1))
            2
        """
        how = self._how(temperature, seed, qpm)
        found = generation.vary(
            self.backend, music_of(music), num_outputs, how, amount, attributes, vectors, chords
        )
        return [generation.finished(piece) for piece in found]

    def infill(
        self,
        music: Music,
        num_outputs: int = 5,
        *,
        bars: str | Sequence[int] | None = None,
        drums: str | Sequence[str] | None = None,
        temperature: float | None = None,
        seed: int | None = None,
        style: str | None = None,
        density: float | None = None,
    ) -> list[NoteSequence]:
        """Returns music with some bars or drums drawn anew; all other notes stay as they are.

        Args:
            music: of any length.
            num_outputs: pieces.
            bars: to draw, from 1 on, such as `3-4` or `[1, 3]`; None is all.
            drums: to draw, such as `snare,toms` or `["kick"]`, of a model of grooves; None is all.
            temperature: 0 or above; None is what suits the model.
            seed: of what is drawn.
            style: of what is drawn, as in `sample`.
            density: of what is drawn, as in `sample`.

        Raises:
            LofiError: neither bars nor drums, such as there are none, music that does not fit, or a
                model that cannot be given a part of its music.

        Example:
            >>> other = model.infill("beat.mid", 1, drums="snare", seed=1)[0]
            >>> sum(note.pitch == 36 for note in other.notes)  # the kicks of before
            4
        """
        how = self._how(temperature, seed, None, style=style, density=density)
        found = generation.infill(self.backend, music_of(music), num_outputs, how, bars, drums)
        return [generation.from_zero(piece) for piece in found]

    def continue_(
        self,
        music: Music,
        *,
        length_bars: int | None = None,
        temperature: float | None = None,
        seed: int | None = None,
        qpm: float | None = None,
        chords: str | None = None,
        amount: float = CHAIN_AMOUNT,
    ) -> NoteSequence:
        """Returns music, and what follows it from its next bar line on, drawn as by `sample`.

        It is `length_bars` bars, or one window, over chords as in `sample`; `amount` is how far it
        goes from what was there, from 0 to 1.

        Raises:
            LofiError: as `reconstruct`.

        Example:
            >>> longer = model.continue_("beat.mid", length_bars=4, seed=1)
            >>> longer.total_time > 8.0
            True
        """
        how = self._how(temperature, seed, qpm)
        (found,) = generation.continue_(
            self.backend, music_of(music), 1, how, length_bars, chords, amount
        )
        return generation.from_zero(found)
