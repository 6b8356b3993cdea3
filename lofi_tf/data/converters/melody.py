"""Melodies as one token a step: the representation of MusicVAE's melody models."""

import dataclasses
import functools
from typing import Any, ClassVar

import numpy as np

from lofi_tf.data.converters.base import steps_of_depth
from lofi_tf.data.converters.excerpt_codes import Codes, before_end, ended
from lofi_tf.data.converters.grid import NUM_KEYS, ChordedConverter, LineConverter
from lofi_tf.data.converters.options import Pitch, Programs
from lofi_tf.data.converters.output_tracks import OutputTrack
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
    Windows,
    distinct,
    examples_of,
    joined,
    too_short,
    windows,
)
from lofi_tf.data.specs import Example, Specs
from lofi_tf.errors import LofiError
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
from lofi_tf.music.splits import Notes, Segment, on_grid


@dataclasses.dataclass(frozen=True, kw_only=True)
class MelodyConverter(LineConverter, ChordedConverter):
    """Melodies to and from tokens; follows Magenta's OneHotMelodyConverter.

    A step is 0 (nothing new), 1 (the note ends) or 2 + pitch - min_pitch (a note begins). Each
    instrument is a line of its own; of notes that start together the highest counts.

    Attributes:
        min_pitch, max_pitch: MIDI pitches; notes outside do not count.
        valid_programs: MIDI programs that count; None is all.
        skip_polyphony: an instrument's melodies end for good where notes start together.
    """

    kind: ClassVar[str] = "melody"
    music: ClassVar[str] = "melodies"
    loop: ClassVar[str] = "line"
    by_instrument: ClassVar[bool] = True

    min_pitch: Pitch = 21
    max_pitch: Pitch = 108
    valid_programs: Programs | None = None
    skip_polyphony: bool = False

    def __post_init__(self):
        super().__post_init__()
        if not self.min_pitch < self.max_pitch:
            raise LofiError(
                "min_pitch and max_pitch are no range. Allowed: 0 <= min_pitch < max_pitch <= 127. "
                f"Received: {self.min_pitch}, {self.max_pitch}"
            )

    @property
    def num_events(self) -> int:
        """Number of tokens without the end token."""
        return self.max_pitch - self.min_pitch + 1 + FIRST_PITCH

    @property
    def depth(self) -> int:
        return self.num_events + self.add_end_token

    @property
    def end_token(self) -> int | None:
        return self.num_events if self.add_end_token else None

    @property
    def example_spec(self) -> Specs:
        """What is stored: `tokens` uint8 [T], any `chords` and `keys` uint8 [T], `length`."""
        return self._spec_of("uint8", "tokens", *self.control_names)

    @property
    def tracks(self) -> list[OutputTrack]:
        pitches = (FIRST_PITCH, self.num_events)
        return [OutputTrack("melody", 0, self.depth, "class", pitches=pitches)]

    def _window_options(self, num_bars: int) -> dict[str, Any]:
        return super()._window_options(num_bars) | {"valid_programs": None}  # chosen already

    def _codes(self, tokens: np.ndarray) -> Codes:
        if self.add_end_token:
            tokens = ended(tokens, tokens == self.end_token)
        pitched = np.ones(tokens.shape[1], bool)
        return Codes(tokens.astype(np.int16), pitched, end_token=self.end_token)

    def _music(self, outputs: np.ndarray, qpm: float, controls: np.ndarray | None) -> Any:
        """Returns notes, and the chords and keys of controls where they change."""
        tokens = before_end(outputs.argmax(-1), self.num_events)
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

    def _examples_of_part(self, part: Segment) -> list[Example]:
        whole, counts = part.notes, self._counts(part.notes)
        if not counts.all():
            part = part.take(counts)
        grid = grid_of(part, self.steps_per_quarter, self.steps_per_bar)
        notes = on_grid(part, grid)
        if (self.chord_encoding and not part.chords) or (self.condition_on_key and not part.keys):
            part = self._with_guesses(part, grid)
        tracks = melody_tracks(
            notes,
            self.steps_per_bar,
            self.min_pitch,
            self.gap_bars,
            self.max_steps,
            self.skip_polyphony,
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
        return inside & self._program_table[np.maximum(np.minimum(notes.programs, 127), 0)]

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
