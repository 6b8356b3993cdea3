"""Melodies as one token a step: the representation of MusicVAE's melody models."""

import dataclasses
import functools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lofi_tf.data.converters import step_sequence as checks
from lofi_tf.data.converters.grid_converter import StepSequenceConverter, steps_of_depth
from lofi_tf.data.converters.tracks import (
    FIRST_PITCH,
    melody_sequence,
    melody_tracks,
    no_melody,
    padded_melody,
    silent_start,
)
from lofi_tf.data.converters.windows import (
    Block,
    Example,
    Windows,
    capped,
    distinct,
    examples_of,
    joined,
    of_all_parts,
    too_short,
    windows,
)
from lofi_tf.music.chord_inference import with_inferred_chords
from lofi_tf.music.chords import (
    NUM_TRIADS,
    add_chords,
    add_keys,
    figures_by_step,
    keys_by_step,
    with_triads,
)
from lofi_tf.music.quantize import Grid, grid_of, refusal
from lofi_tf.music.splits import Notes, Segment, on_grid, segments_of

if TYPE_CHECKING:
    import tensorflow as tf

NUM_KEYS = 12


@dataclasses.dataclass(frozen=True)
class MelodyConverter(StepSequenceConverter):
    """Melodies to and from tokens; follows Magenta's OneHotMelodyConverter.

    A step is 0 (nothing new), 1 (the note ends) or 2 + pitch - min_pitch (a note begins). Each
    instrument is a line of its own; of notes that start together the highest counts.

    Attributes:
        min_pitch, max_pitch: MIDI pitches; notes outside do not count.
        valid_programs: MIDI programs that count; None is all.
        skip_polyphony: an instrument's melodies end for good where notes start together.
        max_bars: longer melodies are cut to that many bars.
        slice_bars: bars in an example, one every bar; None makes one of each whole melody.
        gap_bars: silence of that many bars or more ends a melody; None or 0 never does.
        steps_per_quarter, quarters_per_bar: the grid; parts with other bars are refused.
        add_end_token: an example has one more step, whose token is the depth of the others.
        pad_to_total_time: melodies reach from the start of the part to its end.
        max_tensors_per_notesequence: most examples of one piece (drawn in mode `train`, else the
            first ones); None keeps all. Magenta's default is 5.
        presplit_on_time_changes: the piece is split where tempo or metre change.
        chord_encoding: `triad`: the chord at each step is given as control, 49 wide.
        condition_on_key: the key at each step is given as control, 12 wide, after the chord.
        dedupe_event_lists: equal examples of a part count once.
        unknown_chord: what becomes of examples with a chord that is no triad: `drop` them alone,
            or `error` refuses the part (Magenta's way).
        coincident_chords: of different chords on one step, the `last` counts, or `error` refuses
            the part (Magenta's way).
        transpose_range: [lowest, highest] half steps by which examples move in training.
        stretch_range: [least, largest] factor of all times, drawn once for each piece.
        mode: `train`, `eval` or `infer`.
        seed: of the draws of `max_tensors_per_notesequence` and `stretch_range`.

    Raises:
        LofiError: an option out of range.
    """

    min_pitch: int = 21
    max_pitch: int = 108
    valid_programs: tuple[int, ...] | None = None
    skip_polyphony: bool = False
    max_bars: int | None = None
    slice_bars: int | None = None
    gap_bars: float | None = 1.0
    steps_per_quarter: int = 4
    quarters_per_bar: int = 4
    add_end_token: bool = False
    pad_to_total_time: bool = False
    max_tensors_per_notesequence: int | None = None
    presplit_on_time_changes: bool = True
    chord_encoding: str | None = None
    condition_on_key: bool = False
    dedupe_event_lists: bool = True
    unknown_chord: str = "drop"
    coincident_chords: str = "last"
    transpose_range: tuple[int, int] | None = None
    stretch_range: tuple[float, float] | None = None
    mode: str = "train"
    seed: int = 0

    def __post_init__(self):
        checks.check_line(self)
        checks.check_melody(self)
        for name, check in (
            ("valid_programs", checks.programs),
            ("transpose_range", checks.transpose_range),
            ("stretch_range", checks.stretch_range),
        ):
            object.__setattr__(self, name, check(getattr(self, name)))

    @property
    def num_events(self) -> int:
        """Number of tokens without the end token."""
        return self.max_pitch - self.min_pitch + 1 + FIRST_PITCH

    @property
    def depth(self) -> int:
        """Number of tokens."""
        return self.num_events + self.add_end_token

    @property
    def end_token(self) -> int | None:
        """The token that ends an example, if any."""
        return self.num_events if self.add_end_token else None

    @property
    def control_depth(self) -> int:
        """Width of the controls."""
        return (NUM_TRIADS if self.chord_encoding else 0) + NUM_KEYS * self.condition_on_key

    @property
    def example_spec(self) -> "Mapping[str, tf.TensorSpec]":
        """What is stored: `tokens` uint8 [T], any `chords` and `keys` uint8 [T], `length`."""
        from lofi_tf.data.model_inputs import melody

        return melody.example_spec(self)

    @property
    def model_spec(self) -> "Mapping[str, tf.TensorSpec]":
        """What the model eats: `inputs`, `targets` [T, depth], any `controls`, `length`."""
        from lofi_tf.data.model_inputs import melody

        return melody.model_spec(self)

    def to_examples(self, note_sequence: Any) -> Iterator[Example]:
        """Yields the examples of a piece by part, instrument and time, by `example_spec`.

        Args:
            note_sequence: a NoteSequence.

        Raises:
            NotConvertible: `no_notes`, `too_short`, `metre`, `metre_change`, `tempo_change`,
                `tempo`, `negative_time`, `too_long`, `coincident_chords`, `unknown_chord`,
                `no_chords`; of a piece in parts, what refuses the first, if no part gives an
                example.
        """
        parts = segments_of(
            note_sequence,
            self.presplit_on_time_changes,
            self.stretch_range,
            self.seed,
            harmony=self.control_depth > 0,
        )
        found = of_all_parts(parts, self._examples_of_part)
        cap = self.max_tensors_per_notesequence
        yield from capped(found, cap, note_sequence, self.mode, self.seed)

    def to_model(
        self, example: "Mapping[str, tf.Tensor]", training: bool, seed: "tf.Tensor | None" = None
    ) -> "dict[str, tf.Tensor]":
        """Returns the model's view of stored examples, by `model_spec`; TF operations only.

        In training, `transpose_range` moves pitches, chords and keys by one draw an example. A
        note that leaves the range of pitches is left out, as if it had not been played: the note
        before it ends where it would have begun. Magenta transposes the piece before it looks for
        melodies; there a note left out may also let a lower one through, or split the line.

        Args:
            example: by `example_spec`; any batch dimensions may precede, `[..., T]`.
            training: whether `transpose_range` is drawn.
            seed: int32 [2]; the same seed draws the same. Each example of a batch has a draw of
                its own. Unused where nothing is drawn.
        """
        from lofi_tf.data.model_inputs import melody

        return melody.to_model(self, example, training, seed)

    def from_outputs(
        self, outputs: np.ndarray, qpm: float = 120.0, controls: np.ndarray | None = None
    ) -> Any:
        """Returns the NoteSequence of one decoded array, exactly Magenta's notes.

        Args:
            outputs: [T, depth]; the largest number of a step is its token.
            qpm: quarters per minute; Magenta's is always 120.
            controls: [T, control depth]; its chords and keys are written where they change.

        Raises:
            LofiError: an array of another shape.
        """
        tokens = self._tokens(outputs)
        grid = Grid(qpm, self.steps_per_quarter)
        sequence = melody_sequence(tokens, self.min_pitch, grid)
        if controls is None or not self.control_depth:
            return sequence
        controls = steps_of_depth("controls", controls, self.control_depth)[: len(tokens)]
        if self.chord_encoding:
            add_chords(sequence, controls[:, :NUM_TRIADS].argmax(-1), grid.step_seconds)
        if self.condition_on_key:
            add_keys(sequence, controls[:, -NUM_KEYS:].argmax(-1), grid.step_seconds)
        return sequence

    def _tokens(self, outputs: np.ndarray) -> np.ndarray:
        """Returns the tokens before any end token, int64 [T]."""
        tokens = steps_of_depth("outputs", outputs, self.depth).argmax(-1)
        ends = np.flatnonzero(tokens == self.num_events)
        return tokens[: ends[0]] if len(ends) else tokens

    def _examples_of_part(self, part: Segment) -> list[Example]:
        """Returns the distinct examples of a part."""
        whole, counts = part.notes, self._counts(part.notes)
        if not counts.all():
            part = part.take(counts)
        grid = grid_of(part, self.steps_per_quarter, self.steps_per_bar)
        notes = on_grid(part, grid)
        if (self.chord_encoding and not part.chords) or (self.condition_on_key and not part.keys):
            part = self._with_guesses(part, grid)
        max_steps = self.max_bars and self.max_bars * self.steps_per_bar
        tracks = melody_tracks(
            notes, self.steps_per_bar, self.min_pitch, self.gap_bars, max_steps, self.skip_polyphony
        )
        if not tracks:
            raise no_melody(whole, self)
        if self.pad_to_total_time:
            tracks = [padded_melody(track, notes.total_steps) for track in tracks]
        sliced = [windows(track, self.slice_steps, self.steps_per_bar) for track in tracks]
        sliced = [group for group in sliced if len(group.starts)]
        if not sliced:
            raise too_short(self.slice_steps, self.steps_per_bar, tracks)
        blocks = self._with_controls(joined(sliced), part, grid, notes.total_steps)
        return examples_of(map(self._stored, blocks))

    def _counts(self, notes: Notes) -> np.ndarray:
        """Returns which notes count, bool [N]."""
        inside = (self.min_pitch <= notes.pitches) & (notes.pitches <= self.max_pitch)
        if self.valid_programs is None:
            return inside
        return inside & self._program_table[notes.programs.clip(0, 127)]

    @functools.cached_property
    def _program_table(self) -> np.ndarray:
        """Which MIDI programs count, bool [128]."""
        return np.isin(np.arange(128), self.valid_programs)

    def _with_guesses(self, part: Segment, grid: Grid) -> Segment:
        """Returns the part with chords, and if they are controls keys, guessed from its notes."""
        if part.chords:
            raise refusal("no_key", "it has chords but no key", "a key signature", "none")
        guessed = with_inferred_chords(part, grid)
        return guessed if self.condition_on_key else dataclasses.replace(guessed, keys=part.keys)

    def _with_controls(
        self, sliced: list[Windows], part: Segment, grid: Grid, total_steps: int
    ) -> list[Block]:
        """Returns the distinct windows with their chords and keys."""
        columns = {}
        if self.chord_encoding:
            last_wins = self.coincident_chords == "last"
            columns["chords"], figures = figures_by_step(part, grid, total_steps, last_wins)
        if self.condition_on_key:
            end = max(group.starts.max() + group.events.shape[1] for group in sliced)
            columns["keys"] = keys_by_step(part.keys, grid, end)
        blocks = []
        for group in sliced:
            block = {"tokens": silent_start(group.events)}
            for name, column in columns.items():
                steps = group.starts[:, None] + np.arange(group.events.shape[1])  # [W, T]
                block[name] = column[np.minimum(steps, len(column) - 1)]
            blocks.append(block)
        if self.dedupe_event_lists:
            blocks = distinct(blocks)
        if not self.chord_encoding:
            return blocks
        return with_triads(blocks, figures, self.unknown_chord == "drop")

    def _stored(self, block: Block) -> Block:
        """Returns a block as it is stored; the chord and key of an end token are those before."""
        if self.add_end_token:
            block = {name: np.pad(c, [(0, 0), (0, 1)], "edge") for name, c in block.items()}
            block["tokens"][:, -1] = self.num_events
        return {name: column.astype(np.uint8, copy=False) for name, column in block.items()}
