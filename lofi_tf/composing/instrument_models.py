"""What the models play: rows of latents to progressions, grooves and lines over chords."""

from collections.abc import Sequence

import numpy as np

from lofi_tf import quiet
from lofi_tf.composing.step_notes import Note, notes_in_steps
from lofi_tf.data.converters.progression_tracks import ChordEvent

WINDOW_BARS = 2  # of a line
BATCH = 128


class Players:
    """Models by name, each opened when it is first asked.

    Raises:
        LofiError: there is no model of a name.
    """

    def __init__(self):
        self._opened = {}

    def __getitem__(self, name: str):
        if name not in self._opened:
            with quiet.imports():
                from lofi_tf.backends.open import open_backend
            self._opened[name] = open_backend(name)
        return self._opened[name]

    def prior(self, name: str, random: np.random.Generator, count: int) -> np.ndarray:
        """Returns latents drawn from the prior, float32 [count, Z]."""
        size = self[name].config.model.z_size
        return random.normal(size=(count, size)).astype(np.float32)

    def progressions(
        self, name: str, z: np.ndarray, seeds: np.ndarray, temperature: float
    ) -> np.ndarray:
        """Returns the tokens [N, T] of latents [N, Z]."""
        return self._outputs(name, z, seeds, temperature).argmax(-1)

    def grooves(
        self, name: str, z: np.ndarray, seeds: np.ndarray, temperature: float, qpm: float
    ) -> np.ndarray:
        """Returns hits, velocities and offsets [N, T, 27] of latents [N, Z], played at a tempo."""
        return self._outputs(name, z, seeds, temperature, qpm=qpm)

    def lines(
        self,
        name: str,
        z: np.ndarray,
        seeds: np.ndarray,
        temperature: float,
        chords: Sequence[Sequence[ChordEvent]],
        first_bars: Sequence[int],
    ) -> list[list[Note]]:
        """Returns the notes of windows of two bars over chords, in steps of the window.

        Args:
            name: of a model of lines that takes chords.
            z: [N, Z].
            seeds: [N].
            temperature: of the draws.
            chords: of each row, those of its block.
            first_bars: of each row, the bar of its block that it begins with.
        """
        from lofi_tf.generation.decoding import GenerationConfig, pieces_of

        controls = self._controls(name, chords, first_bars)
        outputs = self._outputs(name, z, seeds, temperature, controls)
        pieces = pieces_of(self[name], outputs, GenerationConfig(), controls)
        return [notes_in_steps(piece) for piece in pieces]

    def groove_notes(self, name: str, output: np.ndarray) -> list[Note]:
        """Returns the notes of one groove [T, 27], their timing in fractions of steps."""
        return notes_in_steps(self[name].converter.from_outputs(output))

    def _controls(self, name, chords, first_bars) -> np.ndarray:
        from lofi_tf.composing.chords import changes_of
        from lofi_tf.generation.layout import Layout
        from lofi_tf.generation.progressions import chord_controls

        known: dict[tuple, np.ndarray] = {}
        rows = []
        for strikes, first in zip(chords, first_bars, strict=True):
            key = (tuple(strikes), first)
            if key not in known:
                layout = Layout(first + WINDOW_BARS, WINDOW_BARS, (first,))
                known[key] = chord_controls(self[name], changes_of(strikes), layout)[0]
            rows.append(known[key])
        return np.stack(rows)

    def _outputs(self, name, z, seeds, temperature, controls=None, qpm=None) -> np.ndarray:
        from lofi_tf.generation.decoding import GenerationConfig, decode_arrays

        how = GenerationConfig(temperature, qpm=qpm, max_batch_size=BATCH)
        return decode_arrays(self[name], z, how, controls, seeds)
