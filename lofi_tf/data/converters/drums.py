"""Drum tracks as sets of drums, one a step: the representation of MusicVAE's drum models."""

import dataclasses
import functools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lofi_tf.data.converters import step_sequence as checks
from lofi_tf.data.converters.grid_converter import StepSequenceConverter, steps_of_depth
from lofi_tf.data.converters.options import check_flag
from lofi_tf.data.converters.tracks import drum_sequence, drum_tracks, padded_track
from lofi_tf.data.converters.windows import (
    Example,
    capped,
    distinct,
    examples_of,
    of_all_parts,
    too_short,
    windows,
)
from lofi_tf.errors import LofiError
from lofi_tf.music.drum_classes import REDUCED, Classes, class_table, drum_classes
from lofi_tf.music.quantize import Grid, grid_of, refusal
from lofi_tf.music.splits import Segment, on_grid, segments_of

if TYPE_CHECKING:
    import tensorflow as tf

MAX_ONE_HOT_DRUMS = 12  # one-hot sets of more drums would be wider than 4096
MAX_DRUMS = 62  # bits of a stored step


@dataclasses.dataclass(frozen=True)
class DrumsConverter(StepSequenceConverter):
    """Drum tracks to and from sets of drums; follows Magenta's DrumsConverter.

    A step's drums are a number, bit d set where drum d is hit: one-hot (2^D wide), or with
    `roll_input` and `roll_output` as its bits (D wide; inputs have one bit more, set where there
    are none). The drum notes of all instruments are one track; velocities do not count.

    Attributes:
        max_bars: longer tracks are cut to that many bars.
        slice_bars: bars in an example, one every bar; None makes one of each whole track.
        gap_bars: silence of that many bars or more ends a track; None or 0 never does.
        pitch_classes: `reduced`, `full`, `roland` or lists of MIDI pitches, one a drum; None is
            `reduced`. Other pitches do not count.
        add_end_token: an example has one more step that ends it: the last class of one-hot steps,
            a bit of its own in rolls.
        steps_per_quarter, quarters_per_bar: the grid; parts with other bars are refused.
        pad_to_total_time: tracks reach from the start of the part to its end.
        roll_input, roll_output: inputs, outputs as bits.
        max_tensors_per_notesequence: most examples of one piece (drawn in mode `train`, else the
            first ones); None keeps all. Magenta's default is 5.
        presplit_on_time_changes: the piece is split where tempo or metre change.
        dedupe_event_lists: equal examples of a part count once.
        stretch_range: [least, largest] factor of all times, drawn once for each piece.
        mode: `train`, `eval` or `infer`.
        seed: of the draws of `max_tensors_per_notesequence` and `stretch_range`.

    Raises:
        LofiError: an option out of range.
    """

    max_bars: int | None = None
    slice_bars: int | None = None
    gap_bars: float | None = 1.0
    pitch_classes: str | Classes | None = None
    add_end_token: bool = False
    steps_per_quarter: int = 4
    quarters_per_bar: int = 4
    pad_to_total_time: bool = False
    roll_input: bool = False
    roll_output: bool = False
    max_tensors_per_notesequence: int | None = None
    presplit_on_time_changes: bool = True
    dedupe_event_lists: bool = True
    stretch_range: tuple[float, float] | None = None
    mode: str = "train"
    seed: int = 0

    def __post_init__(self):
        checks.check_line(self)
        for name in ("roll_input", "roll_output"):
            check_flag(name, getattr(self, name))
        classes = REDUCED if self.pitch_classes is None else drum_classes(self.pitch_classes)
        object.__setattr__(self, "pitch_classes", classes)
        object.__setattr__(self, "stretch_range", checks.stretch_range(self.stretch_range))
        most = MAX_DRUMS if self.roll_input and self.roll_output else MAX_ONE_HOT_DRUMS
        if len(classes) > most:
            raise LofiError(
                f"pitch_classes are too many. Allowed: {MAX_ONE_HOT_DRUMS}, or {MAX_DRUMS} with "
                f"roll_input and roll_output. Received: {len(classes)}"
            )

    @property
    def num_drums(self) -> int:
        """Number of drums D."""
        return len(self.pitch_classes)

    @property
    def input_depth(self) -> int:
        """Width of the inputs."""
        drums = self.num_drums
        return (drums + 1 if self.roll_input else 1 << drums) + self.add_end_token

    @property
    def output_depth(self) -> int:
        """Width of the targets."""
        drums = self.num_drums
        return (drums if self.roll_output else 1 << drums) + self.add_end_token

    @property
    def end_token(self) -> int | None:
        """The class or bit of the outputs that ends an example, if any."""
        return self.output_depth - 1 if self.add_end_token else None

    @property
    def example_spec(self) -> "Mapping[str, tf.TensorSpec]":
        """What is stored: `drums` [T], int32 bit masks (int64 of 31 drums or more), `length`.

        An end token is the bit after those of the drums.
        """
        from lofi_tf.data.model_inputs import drums as drums_model

        return drums_model.example_spec(self)

    @property
    def model_spec(self) -> "Mapping[str, tf.TensorSpec]":
        """What the model eats: `inputs` and `targets` [T, their depth], `length`."""
        from lofi_tf.data.model_inputs import drums as drums_model

        return drums_model.model_spec(self)

    def to_examples(self, note_sequence: Any) -> Iterator[Example]:
        """Yields the examples of a piece by part and time, by `example_spec`.

        Args:
            note_sequence: a NoteSequence.

        Raises:
            NotConvertible: `no_notes`, `too_short`, `metre`, `metre_change`, `tempo_change`,
                `tempo`, `negative_time`, `too_long`; of a piece in parts, what refuses the first,
                if no part gives an example.
        """
        parts = segments_of(
            note_sequence,
            self.presplit_on_time_changes,
            self.stretch_range,
            self.seed,
            harmony=False,
        )
        found = of_all_parts(parts, self._examples_of_part)
        cap = self.max_tensors_per_notesequence
        yield from capped(found, cap, note_sequence, self.mode, self.seed)

    def to_model(
        self, example: "Mapping[str, tf.Tensor]", training: bool, seed: "tf.Tensor | None" = None
    ) -> "dict[str, tf.Tensor]":
        """Returns the model's view of stored examples, by `model_spec`; TF operations only.

        Args:
            example: by `example_spec`; any batch dimensions may precede, `[..., T]`.
            training: unused: nothing is drawn.
            seed: unused.
        """
        from lofi_tf.data.model_inputs import drums as drums_model

        return drums_model.to_model(self, example)

    def from_outputs(
        self, outputs: np.ndarray, qpm: float = 120.0, controls: np.ndarray | None = None
    ) -> Any:
        """Returns the NoteSequence of one decoded array, exactly Magenta's notes.

        Args:
            outputs: [T, output depth]; the largest number of a step is its class, or in a roll
                those above 0.5 are its drums.
            qpm: quarters per minute; Magenta's is always 120.
            controls: unused: there are none.

        Raises:
            LofiError: an array of another shape.
        """
        outputs = steps_of_depth("outputs", outputs, self.output_depth)
        drums = np.arange(self.num_drums)
        if self.roll_output:
            hits, ended = outputs[:, drums] > 0.5, outputs[:, -1] > 0.5
        else:
            masks = outputs.argmax(-1)
            hits, ended = masks[:, None] >> drums & 1, masks == self.end_token
        if self.add_end_token and ended.any():
            hits = hits[: ended.argmax()]
        pitches = [group[0] for group in self.pitch_classes]
        return drum_sequence(hits, pitches, Grid(qpm, self.steps_per_quarter))

    @property
    def stored_type(self) -> type[np.integer]:
        """The type of a stored step."""
        return np.int64 if self.num_drums > 30 else np.int32

    @functools.cached_property
    def _class_table(self) -> np.ndarray:
        return class_table(self.pitch_classes)

    def _examples_of_part(self, part: Segment) -> list[Example]:
        """Returns the distinct examples of a part."""
        grid = grid_of(part, self.steps_per_quarter, self.steps_per_bar)
        notes = on_grid(part, grid)
        max_steps = self.max_bars and self.max_bars * self.steps_per_bar
        tracks = drum_tracks(notes, self._class_table, self.steps_per_bar, self.gap_bars, max_steps)
        if not tracks:
            received = f"{len(notes.starts)} notes"
            raise refusal("no_notes", "it has no drum notes", "one or more", received)
        if self.pad_to_total_time:
            tracks = [padded_track(track, notes.total_steps) for track in tracks]
        blocks = [
            {"drums": windows(track, self.slice_steps, self.steps_per_bar).events}
            for track in tracks
        ]
        if not any(len(block["drums"]) for block in blocks):
            raise too_short(self.slice_steps, self.steps_per_bar, tracks)
        if self.dedupe_event_lists:
            blocks = distinct(blocks)
        return examples_of({"drums": self._stored(block["drums"])} for block in blocks)

    def _stored(self, drums: np.ndarray) -> np.ndarray:
        """Returns bit masks [W, T] with any end token, as they are stored."""
        if self.add_end_token:
            drums = np.pad(drums, [(0, 0), (0, 1)], constant_values=1 << self.num_drums)
        return drums.astype(self.stored_type)
