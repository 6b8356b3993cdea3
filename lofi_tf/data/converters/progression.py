"""Chord progressions with their rhythm as one token a step."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lofi_tf.data.converters import step_sequence as checks
from lofi_tf.data.converters.grid_converter import StepSequenceConverter, steps_of_depth
from lofi_tf.data.converters.progression_tracks import (
    CHORD_OFF,
    FIRST_CHORD,
    UNREAD,
    longest_rest,
    played,
    plays_all,
    progression_sequence,
    track_of,
    windows_of,
    written,
)
from lofi_tf.data.converters.windows import Example, capped, distinct, examples_of, of_all_parts
from lofi_tf.music.chord_qualities import NUM_CHORDS
from lofi_tf.music.quantize import Grid, grid_of, refusal
from lofi_tf.music.splits import GridNotes, Segment, on_grid, segments_of

if TYPE_CHECKING:
    import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class ProgressionConverter(StepSequenceConverter):
    """Chord progressions to and from tokens.

    A step is 0 (nothing new), 1 (the chord ends) or 2 + chord (a chord is struck): one of 24 kinds
    of chord on each of 12 roots (see `chord_qualities`). Other chords count as the nearest.

    Attributes:
        slice_bars: bars in an example.
        hop_bars: bars from one example to the next.
        chords_from: `notes` are played as chords; `symbols` are written as text; `auto` takes the
            symbols where there are any, but the notes where these play every symbol.
        loop_short: whether a piece shorter than an example is repeated, if it is a whole number of
            bars (its last chord may end less than a quarter before the bar line).
        gap_bars: examples with a silence of that many bars or more are left out; None or 0 keeps
            all.
        steps_per_quarter, quarters_per_bar: the grid; parts with other bars are refused.
        max_tensors_per_notesequence: most examples of one piece (drawn in mode `train`, else the
            first ones); None keeps all.
        presplit_on_time_changes: the piece is split where tempo or metre change.
        dedupe_event_lists: equal examples of a part count once.
        transpose_range: [lowest, highest] half steps by which roots move in training.
        mode: `train`, `eval` or `infer`.
        seed: of the draws of `max_tensors_per_notesequence`.

    Raises:
        LofiError: an option out of range.
    """

    slice_bars: int = 4
    hop_bars: int = 1
    chords_from: str = "auto"
    loop_short: bool = True
    gap_bars: float | None = 1.0
    steps_per_quarter: int = 4
    quarters_per_bar: int = 4
    max_tensors_per_notesequence: int | None = None
    presplit_on_time_changes: bool = True
    dedupe_event_lists: bool = True
    transpose_range: tuple[int, int] | None = None
    mode: str = "train"
    seed: int = 0

    def __post_init__(self):
        checks.check_progression(self)
        transpose_range = checks.transpose_range(self.transpose_range)
        object.__setattr__(self, "transpose_range", transpose_range)

    @property
    def depth(self) -> int:
        """Number of tokens."""
        return FIRST_CHORD + NUM_CHORDS

    @property
    def example_spec(self) -> "Mapping[str, tf.TensorSpec]":
        """What is stored: `tokens` uint16 [T], `length`."""
        from lofi_tf.data.model_inputs import progression

        return progression.example_spec(self)

    @property
    def model_spec(self) -> "Mapping[str, tf.TensorSpec]":
        """What the model eats: `inputs` and `targets` [T, depth], `length`."""
        from lofi_tf.data.model_inputs import progression

        return progression.model_spec(self)

    def to_examples(self, note_sequence: Any) -> Iterator[Example]:
        """Yields the examples of a piece by part and time, by `example_spec`.

        Args:
            note_sequence: a NoteSequence.

        Raises:
            NotConvertible: `no_chords`, `unknown_chord`, `long_rest`, `too_short`, `metre`,
                `metre_change`, `tempo_change`, `tempo`, `negative_time`, `too_long`; of a piece in
                parts, what refuses the first, if no part gives an example.
        """
        parts = segments_of(note_sequence, self.presplit_on_time_changes)
        if len(parts) == 1:  # a split ends a piece with its last note, and chords may go on
            length = max(parts[0].total_seconds, note_sequence.total_time)
            parts = [dataclasses.replace(parts[0], total_seconds=length)]
        found = of_all_parts(parts, self._examples_of_part)
        cap = self.max_tensors_per_notesequence
        yield from capped(found, cap, note_sequence, self.mode, self.seed)

    def to_model(
        self, example: "Mapping[str, tf.Tensor]", training: bool, seed: "tf.Tensor | None" = None
    ) -> "dict[str, tf.Tensor]":
        """Returns the model's view of stored examples, by `model_spec`; TF operations only.

        Args:
            example: by `example_spec`; any batch dimensions may precede, `[..., T]`.
            training: whether `transpose_range` is drawn, once an example.
            seed: int32 [2]; the same seed draws the same. Unused where nothing is drawn.
        """
        from lofi_tf.data.model_inputs import progression

        return progression.to_model(self, example, training, seed)

    def from_outputs(
        self, outputs: np.ndarray, qpm: float = 120.0, controls: np.ndarray | None = None
    ) -> Any:
        """Returns the NoteSequence of one decoded array: chord symbols, and notes that play them.

        The root is in the bass, the other voices in close position around middle C, moving as
        little as they can. `to_examples` gives the same tokens back.

        Args:
            outputs: [T, depth]; the largest number of a step is its token.
            qpm: quarters per minute.
            controls: unused: there are none.

        Raises:
            LofiError: an array of another shape.
        """
        tokens = steps_of_depth("outputs", outputs, self.depth).argmax(-1)
        return progression_sequence(tokens, Grid(qpm, self.steps_per_quarter))

    def _examples_of_part(self, part: Segment) -> list[Example]:
        """Returns the distinct examples of a part."""
        grid = grid_of(part, self.steps_per_quarter, self.steps_per_bar)
        notes = on_grid(part, grid)
        track = self._track(part, notes, grid)
        found = windows_of(
            self._looped(track), self.slice_steps, self.hop_bars * self.steps_per_bar
        )
        if not len(found):
            allowed = f"{self.slice_bars} bars or more, or whole bars to repeat"
            received = f"{notes.total_steps / self.steps_per_bar:.2f} bars"
            raise refusal("too_short", "it is shorter than an example", allowed, received)
        blocks = [{"tokens": self._kept(found).astype(np.uint16)}]
        return examples_of(distinct(blocks) if self.dedupe_event_lists else blocks)

    def _track(self, part: Segment, notes: GridNotes, grid: Grid) -> np.ndarray:
        """Returns the chords of a part, one token a step, to the end of its last bar."""
        by_notes = played(notes)
        by_symbols = written(part, grid, self._whole_bars(notes.total_steps))
        strikes = by_symbols if self.chords_from == "symbols" else by_notes
        if self.chords_from == "auto" and by_symbols and not plays_all(by_notes, by_symbols):
            strikes = by_symbols
        if not strikes:
            received = f"{len(notes.starts)} notes, {len(part.chords)} symbols"
            raise refusal(
                "no_chords", "it has no chords", "chords of three notes or more", received
            )
        return track_of(strikes, self._whole_bars(notes.total_steps))

    def _whole_bars(self, steps: int) -> int:
        """Returns the steps of the bars that hold so many."""
        return -(-steps // self.steps_per_bar) * self.steps_per_bar

    def _looped(self, track: np.ndarray) -> np.ndarray:
        """Returns a short track as long as an example, if it may be repeated."""
        last = np.flatnonzero(track)[-1]
        rest = len(track) - last if track[last] == CHORD_OFF else 0
        if not self.loop_short or len(track) >= self.slice_steps or rest >= self.steps_per_quarter:
            return track
        return np.resize(track, self.slice_steps)

    def _kept(self, found: np.ndarray) -> np.ndarray:
        """Returns the windows [W, T] that hold chords with names and no long silence."""
        known = (found != UNREAD).all(axis=1)
        if not known.any():
            raise refusal(
                "unknown_chord",
                "no example has only chords that have a name",
                "chords near those of the vocabulary",
                f"{len(found)} examples",
            )
        found = found[known]
        longest = np.array([longest_rest(row) for row in found])
        most = self.gap_bars * self.steps_per_bar if self.gap_bars else self.slice_steps
        if not (longest < most).any():
            raise refusal(
                "long_rest",
                "every example has a long silence",
                f"less than {most:g} steps",
                f"{longest.min()} steps",
            )
        return found[longest < most]
