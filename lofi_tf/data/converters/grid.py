"""What the kinds of notes on a grid share: windows, parts of pieces, lines, chords as controls."""

import dataclasses
from collections.abc import Iterator
from typing import Any, ClassVar, Literal, TypeVar, cast

import numpy as np

from lofi_tf.data.converters.base import Converter
from lofi_tf.data.converters.options import ChordEncoding, Mode, StretchRange, TransposeRange
from lofi_tf.data.converters.windows import capped, of_all_parts
from lofi_tf.data.specs import ArraySpec, Example, Specs
from lofi_tf.music.chords import NUM_TRIADS
from lofi_tf.music.splits import Segment, segments_of
from lofi_tf.settings import Amount, Count, Size

NUM_KEYS = 12

Self = TypeVar("Self", bound="GridConverter")


@dataclasses.dataclass(frozen=True, kw_only=True)
class GridConverter(Converter):
    """The base of converters of notes on a grid.

    Attributes:
        steps_per_quarter, quarters_per_bar: the grid; parts with other bars are refused.
        max_tensors_per_notesequence: most examples of one piece (drawn in mode `train`, else the
            first ones); None keeps all. Magenta's default is 5.
        mode: `train`, `eval` or `infer`.
        seed: of all draws.
        by_instrument: whether a piece is read one instrument at a time.
        only_drums: whether of a piece that marks drums only these are read.
        keeps_early_notes: whether notes may begin just ahead of the window that they belong to.
        open_pitches: lowest and highest pitch of the silent notes that hold a window open from end
            to end, for kinds that take only windows that are played all through.
        bar_a_chord: whether a window must have a bar or more for each chord that it is given.
        rows_a_step: rows of what the model is fed that are one step.
        bars: in an example; None is any number.
        chord_encoding: `triad`: the chord at each step or event is given as control, 49 wide.
        presplit_on_time_changes: the piece is split where tempo or metre change.
        dedupe_event_lists: equal examples of a part count once.
        transpose_range: [lowest, highest] half steps by which examples (roots of chords) move in
            training.
        stretch_range: [least, largest] factor of all times, drawn once for each piece.

    The last five, and `valid_programs`, are options of some kinds alone.
    """

    by_instrument: ClassVar[bool] = False
    only_drums: ClassVar[bool] = False
    keeps_early_notes: ClassVar[bool] = False
    open_pitches: ClassVar[tuple[int, int] | None] = None
    bar_a_chord: ClassVar[bool] = False
    rows_a_step = 1
    bars: ClassVar[int | None] = None
    valid_programs = cast(Any, None)
    presplit_on_time_changes = True
    stretch_range = cast(Any, None)

    steps_per_quarter: Size = 4
    quarters_per_bar: Size = 4
    max_tensors_per_notesequence: Size | None = None
    mode: Mode = "train"
    seed: Count = 0

    @property
    def steps_per_bar(self) -> int:
        """Grid steps in a bar."""
        return self.steps_per_quarter * self.quarters_per_bar

    def describe(self, max_seq_len: int) -> str:
        bars = self.window_bars(max_seq_len)
        over = " over given chords" if self.chord_encoding else ""
        return f"{self.music}{over}, {bars} bar{'s' if bars > 1 else ''}"

    def window_bars(self, max_seq_len: int) -> int:
        """Returns the bars of the window of a model of so many steps."""
        return self.bars or max(1, max_seq_len // (self.steps_per_bar * self.rows_a_step))

    def for_windows(self: Self, num_bars: int) -> Self:
        """Returns this converter so that it takes a window of so many bars as it is."""
        changes = self._window_options(num_bars) | {"max_tensors_per_notesequence": None}
        known = {field.name for field in dataclasses.fields(self)}
        changes = {name: value for name, value in changes.items() if name in known}
        return dataclasses.replace(self.with_mode("infer"), **changes)

    def full_length(self, num_bars: int) -> int | None:
        """Returns the length of a whole window whose end may be silent; None: as it was read."""
        return None

    def takes_for_drums(self, note_sequence: Any) -> bool:
        """Says whether all notes of a piece are taken for drums, since it marks none."""
        return False

    def chord_bars(self, num_rows: int) -> np.ndarray:
        """Returns the bar, from the window's first, whose chord each row is told; NaN for none."""
        bars = np.arange(num_rows) / self.steps_per_bar
        if self.end_token is not None:
            bars[-1] = bars[-2]
        return bars

    def _window_options(self, num_bars: int) -> dict[str, Any]:
        """Returns the options with which nothing is looked for, cut or left out."""
        return {}

    def _examples(self, source: Any) -> Iterator[Example]:
        """Yields the examples by part; what refuses the first refuses all, if none gives any."""
        examples = of_all_parts(self._segments(source), self._examples_of_part)
        yield from capped(examples, self.max_tensors_per_notesequence, source, self.mode, self.seed)

    def _segments(self, note_sequence: Any) -> list[Segment]:
        return segments_of(
            note_sequence,
            self.presplit_on_time_changes,
            self.stretch_range,
            self.seed,
            harmony=self.control_depth > 0,
        )

    def _examples_of_part(self, part: Segment) -> list[Example]:
        raise NotImplementedError


class StepSequenceConverter(GridConverter):
    """The base of converters whose examples are some bars of a line, a step of the grid each.

    Attributes:
        slice_bars: bars in an example; None makes one of each whole line.
        add_end_token: an example has one more step, which ends it.
    """

    slice_bars: int | None
    add_end_token = False

    @property
    def bars(self) -> int | None:
        return self.slice_bars

    @property
    def slice_steps(self) -> int | None:
        """Grid steps in an example, any end token's not counted."""
        return self.slice_bars and self.slice_bars * self.steps_per_bar

    @property
    def num_steps(self) -> int | None:
        return self.slice_steps and self.slice_steps + self.add_end_token

    def _window_options(self, num_bars: int) -> dict[str, Any]:
        return {
            "slice_bars": num_bars,
            "pad_to_total_time": True,
            "gap_bars": None,
            "max_bars": None,
            "dedupe_event_lists": False,
            "presplit_on_time_changes": False,
        }

    def _spec_of(self, dtype: str, *names: str, depth: tuple[int, ...] = ()) -> Specs:
        """Returns the specs of arrays with a row a step, and of `length`."""
        spec = {name: ArraySpec(dtype, (self.num_steps, *depth)) for name in names}
        return spec | {"length": ArraySpec("int32")}


@dataclasses.dataclass(frozen=True, kw_only=True)
class LineConverter(StepSequenceConverter):
    """The base of converters of lines, in which music begins and ends: melodies, drum tracks.

    Attributes:
        max_bars: longer lines are cut to that many bars.
        slice_bars: bars in an example, one every bar; None makes one of each whole line.
        gap_bars: silence of that many bars or more ends a line; None or 0 never does.
        add_end_token: an example has one more step, which ends it: the last class of one-hot
            steps, a bit of its own in rolls.
        pad_to_total_time: lines reach from the start of the part to its end.
    """

    max_bars: Size | None = None
    slice_bars: Size | None = None
    gap_bars: Amount | None = 1.0
    add_end_token: bool = False
    pad_to_total_time: bool = False
    presplit_on_time_changes: bool = True
    dedupe_event_lists: bool = True
    stretch_range: StretchRange | None = None

    @property
    def max_steps(self) -> int | None:
        """Grid steps of the longest line."""
        return self.max_bars and self.max_bars * self.steps_per_bar


@dataclasses.dataclass(frozen=True, kw_only=True)
class ChordedConverter(StepSequenceConverter):
    """The base of converters to which chords and keys may be controls.

    Attributes:
        condition_on_key: the key at each step is given as control, 12 wide, after the chord.
        unknown_chord: what becomes of examples with a chord that is no triad: `drop` them alone,
            or `error` refuses the part (Magenta's way).
        coincident_chords: of different chords on one step, the `last` counts, or `error` refuses
            the part (Magenta's way).
    """

    chord_encoding: ChordEncoding | None = None
    condition_on_key: bool = False
    unknown_chord: Literal["drop", "error"] = "drop"
    coincident_chords: Literal["last", "error"] = "last"
    transpose_range: TransposeRange | None = None
    stretch_range: StretchRange | None = None

    @property
    def control_depth(self) -> int:
        return (NUM_TRIADS if self.chord_encoding else 0) + NUM_KEYS * self.condition_on_key

    @property
    def control_names(self) -> list[str]:
        """Stored arrays that are controls: `chords`, `keys`."""
        there = {"chords": self.chord_encoding, "keys": self.condition_on_key}
        return [name for name in there if there[name]]
