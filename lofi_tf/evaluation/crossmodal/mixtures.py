"""Frames of mixtures and of single notes, drawn by a seed: what an analysis scores."""

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from lofi_tf.data.converters.paired import PairedConverter
from lofi_tf.data.model_inputs import paired
from lofi_tf.data.pairs.note_files import DEFAULT_VELOCITY
from lofi_tf.data.storage.examples import Examples
from lofi_tf.errors import LofiError

CHUNK = 1024  # frames that are mixed at once
SILENT = -1  # instead of a recording's number


class Frames(NamedTuple):
    """Frames as a model sees them: spectra [N, F], 0 the floor and 1 0 dB, and symbols [N, S]."""

    spectra: np.ndarray
    symbols: np.ndarray


class Recordings:
    """Stored examples of a model's instruments, of one or several splits; others are left out.

    Attributes:
        spectra: [M + 1, K, F] in dB, the last one silence.
        rolls: [M + 1, K, 128], the last one silence.
        members: the numbers of each instrument's examples.
    """

    def __init__(self, examples: Sequence[Examples], converter: PairedConverter):
        groups = np.concatenate([converter.groups_of(part.arrays) for part in examples])
        known = groups >= 0
        self.converter, groups = converter, groups[known]
        spectra, rolls = (
            np.concatenate([part.arrays[name] for part in examples])[known]
            for name in ("spectrum", "roll")
        )
        floor = np.full([1, *spectra.shape[1:]], converter.floor_db, spectra.dtype)
        self.spectra = np.concatenate([spectra, floor])
        self.rolls = np.concatenate([rolls, np.zeros([1, *rolls.shape[1:]], rolls.dtype)])
        self.members = [np.flatnonzero(groups == n) for n in range(len(converter.instruments))]
        one = dataclasses.replace(converter, num_frames=1, random_mode="constant")
        kinds = (("spectrum", self.spectra, tf.float32), ("roll", self.rolls, tf.uint8))
        spec = {
            name: tf.TensorSpec([None, len(self.members), 1, stored.shape[-1]], kind)
            for name, stored, kind in kinds
        }

        def mix(found):
            return tf.vectorized_map(lambda row: paired.to_model(one, row, False, None), found)

        self._mix = tf.function(mix, input_signature=[spec], autograph=False)

    def __len__(self) -> int:
        return len(self.spectra) - 1

    @property
    def missing(self) -> list[str]:
        """The instruments of which there is nothing."""
        pairs = zip(self.converter.instruments, self.members, strict=True)
        return [name for name, found in pairs if not len(found)]

    @property
    def dynamics_known(self) -> bool:
        """Whether dynamics differ from what files without them are given."""
        velocities = set(np.unique(self.rolls).tolist()) - {0}
        return velocities != {DEFAULT_VELOCITY}

    def mixed(
        self, chosen: np.ndarray, places: np.ndarray, steps: np.ndarray | None = None
    ) -> Frames:
        """Returns the frames of mixtures, all arguments being [N, I].

        They are an example of each instrument, or `SILENT`, which frame of it, and any semitones by
        which it is transposed, as in training.
        """
        parts = []
        for first in range(0, len(chosen), CHUNK):
            part = slice(first, first + CHUNK)
            rows, at = chosen[part], places[part]
            spectra, rolls = self.spectra[rows, at], self.rolls[rows, at]
            if steps is not None:
                spectra, rolls = self._transposed(spectra, rolls, steps[part])
            given = {"spectrum": spectra.astype(np.float32), "roll": rolls}
            found = self._mix({name: tf.constant(a[:, :, None]) for name, a in given.items()})
            parts.append([found[name].numpy()[:, 0] for name in ("inputs", "targets")])
        return Frames(*(np.concatenate(column) for column in zip(*parts, strict=True)))

    def _transposed(self, spectra: np.ndarray, rolls: np.ndarray, steps: np.ndarray):
        """Returns spectra [n, I, F] and rolls [n, I, 128] moved by semitones [n, I]."""
        flat = [array.reshape(-1, array.shape[-1]) for array in (spectra, rolls)]
        given = (
            tf.constant(flat[0], tf.float32),
            tf.constant(flat[1], tf.int32),
            tf.constant(steps.reshape(-1, 1), tf.int32),
        )
        found = paired.transposed(self.converter, *given)
        moved, notes = (value.numpy() for value in found)
        return moved.reshape(spectra.shape), notes.astype(np.uint8).reshape(rolls.shape)

    def places(self, chosen: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Returns a frame, drawn, for each example of mixtures [N, I]."""
        return random.integers(self.spectra.shape[1], size=chosen.shape)

    def drawn(self, chosen: np.ndarray, random: np.random.Generator) -> Frames:
        """Returns a drawn frame of each mixture [N, I]."""
        return self.mixed(chosen, self.places(chosen, random))

    def training_frames(self, count: int, random: np.random.Generator) -> Frames:
        """Returns frames such as the model is trained on, transposed as those are."""
        chosen, most = self.as_trained(count, random), self.converter.max_transpose
        steps = random.integers(-most, most + 1, chosen.shape, dtype=np.int32)
        return self.mixed(chosen, self.places(chosen, random), steps if most else None)

    def all_play(self, num_passes: int, random: np.random.Generator) -> np.ndarray:
        """Returns mixtures [N, I] of all instruments that there are; the others are silent.

        Every example is in one mixture of each pass, with drawn ones of the other instruments.
        """
        rows = []
        for _ in range(num_passes):
            for number, own in enumerate(self.members):
                mixtures = self._drawn_of_each(len(own), random)
                mixtures[:, number] = own
                rows.append(mixtures)
        return np.concatenate(rows)

    def single(self, num_passes: int) -> np.ndarray:
        """Returns every example alone, [N, I], as often as there are passes, if one can be."""
        self.check_silence()
        rows = np.full([len(self), len(self.members)], SILENT)
        for number, own in enumerate(self.members):
            rows[own, number] = own
        return np.tile(rows, [num_passes, 1])

    def as_trained(self, count: int, random: np.random.Generator) -> np.ndarray:
        """Returns mixtures [N, I] such as the model is trained on, by its `random_mode`."""
        mixtures = self._drawn_of_each(count, random)
        if self.converter.random_mode == "bernoulli":
            mixtures[random.random(mixtures.shape) < 0.5] = SILENT
        return mixtures

    def check_silence(self) -> None:
        """Refuses a model whose symbols cannot say that an instrument is silent."""
        if not self.converter.can_be_silent:
            raise LofiError(
                "the model's symbols have no class for silence, so all its instruments must play. "
                f"Received: no examples of {', '.join(self.missing) or 'all but one'}"
            )

    def _drawn_of_each(self, count: int, random: np.random.Generator) -> np.ndarray:
        columns = [
            random.choice(own, count) if len(own) else np.full(count, SILENT)
            for own in self.members
        ]
        return np.stack(columns, axis=1)
