"""Multi-instrument performances: a segment of events for each instrument of a bar or more."""

import dataclasses
import functools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lofi_tf.data.converters.grid_converter import GridConverter
from lofi_tf.data.converters.performance_events import (
    DEFAULT_VELOCITY,
    DRUM_PROGRAM,
    MAX_SHIFT_QUARTERS,
    Vocabulary,
    encode,
    event_steps,
    segment_notes,
)
from lofi_tf.data.converters.performance_options import checked_options
from lofi_tf.data.converters.performance_sequence import sequence_of_segments
from lofi_tf.data.converters.performance_windows import (
    Window,
    chords_between,
    dropped,
    tracks_of,
    windows_of,
)
from lofi_tf.data.converters.windows import Example, capped, of_all_parts
from lofi_tf.errors import LofiError, NotConvertible
from lofi_tf.music.chord_inference import with_inferred_chords
from lofi_tf.music.chords import NUM_TRIADS, UNKNOWN_CHORD, figures_by_step, triad_of
from lofi_tf.music.quantize import Grid, grid_of, refusal
from lofi_tf.music.splits import Segment
from lofi_tf.music.sustain import sustained_parts

if TYPE_CHECKING:
    import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class MultiPerformanceConverter(GridConverter):
    """Bars of several instruments as events; Magenta's MultiInstrumentPerformanceConverter.

    An example is C chunks of I instruments of E events. A segment is a program token, events
    (note-ons, note-offs, time shifts, velocities), an end token; instruments that are not there
    are end tokens alone. Instruments are in the order of their programs, drums last.

    Attributes:
        num_velocity_bins: velocity events; 0 for none.
        max_tensors_per_notesequence: most examples of one piece (drawn in mode `train`, else the
            first ones); None keeps all.
        hop_size_bars: bars in an example; examples do not overlap.
        chunk_size_bars: bars in a chunk; divides `hop_size_bars`.
        steps_per_quarter, quarters_per_bar: the grid; parts with other bars are refused.
        min_num_instruments, max_num_instruments: bars with fewer or more are dropped; the most is
            also I.
        min_total_events: bars with fewer events (time shifts count) are dropped.
        max_events_per_instrument: E; bars with a longer segment are dropped.
        min_pitch, max_pitch: MIDI pitches; bars with a note outside are dropped.
        first_subsequence_only: parts longer than one example are refused.
        chord_encoding: `triad`: the chord at each event is given as control, 49 wide.
        transpose_range: [lowest, highest] half steps by which examples move in training.
        stretch_range: [least, largest] factor of all times, drawn once for each piece.
        mode: `train`, `eval` or `infer`.
        seed: of the draws of `max_tensors_per_notesequence` and `stretch_range`.

    Raises:
        LofiError: an option out of range.
    """

    num_velocity_bins: int = 0
    max_tensors_per_notesequence: int | None = None
    hop_size_bars: int = 1
    chunk_size_bars: int = 1
    steps_per_quarter: int = 24
    quarters_per_bar: int = 4
    min_num_instruments: int = 2
    max_num_instruments: int = 8
    min_total_events: int = 8
    max_events_per_instrument: int = 64
    min_pitch: int = 0
    max_pitch: int = 127
    first_subsequence_only: bool = False
    chord_encoding: str | None = None
    transpose_range: tuple[int, int] | None = None
    stretch_range: tuple[float, float] | None = None
    mode: str = "train"
    seed: int = 0

    def __post_init__(self):
        for name, value in checked_options(self).items():
            object.__setattr__(self, name, value)

    @functools.cached_property
    def vocabulary(self) -> Vocabulary:
        """The numbers of the tokens."""
        longest = MAX_SHIFT_QUARTERS * self.steps_per_quarter
        return Vocabulary(self.num_velocity_bins, longest, self.min_pitch, self.max_pitch)

    @property
    def depth(self) -> int:
        """Number of tokens."""
        return self.vocabulary.depth

    @property
    def end_token(self) -> int:
        """The token that ends a segment."""
        return self.vocabulary.end_token

    @property
    def control_depth(self) -> int:
        """Width of the controls."""
        return NUM_TRIADS if self.chord_encoding else 0

    @property
    def chunk_steps(self) -> int:
        """Grid steps in a chunk."""
        return self.steps_per_bar * self.chunk_size_bars

    @property
    def num_chunks(self) -> int:
        """Chunks C in an example."""
        return self.hop_size_bars // self.chunk_size_bars

    @property
    def num_segments(self) -> int:
        """Segments in an example: chunk by chunk, each of all its instruments, C * I."""
        return self.num_chunks * self.max_num_instruments

    @property
    def example_spec(self) -> "Mapping[str, tf.TensorSpec]":
        """What is stored: `events` int16 [C * I, E], any `chords` int8 [C * I, E], `length`.

        `length` int32 [C * I] is that of each segment, its program and end tokens counted; past it
        events and chords are 0.
        """
        from lofi_tf.data.model_inputs import performance

        return performance.example_spec(self)

    @property
    def model_spec(self) -> "Mapping[str, tf.TensorSpec]":
        """What the model eats: `inputs`, `targets` [C * I * E, depth], any `controls`, `length`.

        `length` int32 [C * I] is that of each segment.
        """
        from lofi_tf.data.model_inputs import performance

        return performance.model_spec(self)

    def to_examples(self, note_sequence: Any) -> Iterator[Example]:
        """Yields the examples of a piece in time order, by `example_spec`.

        Magenta fails on a piece in which an instrument changes its program, or mixes drums with
        other notes, within an example; here such bars are dropped. So are bars that a rule of the
        options forbids.

        Args:
            note_sequence: a NoteSequence.

        Raises:
            NotConvertible: `metre`, `tempo`, `negative_time`, `too_long`, `no_chords`,
                `not_first_only`, `no_notes`; or, where every bar is dropped, the reason of the
                first that has notes: `few_instruments`, `many_instruments`, `few_events`,
                `many_events`, `pitch_range`, `program`, `coincident_chords`, `unknown_chord`. Of a
                piece in parts, what refuses the first, if no part gives an example.
        """
        parts = sustained_parts(note_sequence, self.stretch_range, self.seed)
        found = of_all_parts(parts, self._examples_of_part)
        yield from capped(
            found, self.max_tensors_per_notesequence, note_sequence, self.mode, self.seed
        )

    def to_model(
        self, example: "Mapping[str, tf.Tensor]", training: bool, seed: "tf.Tensor | None" = None
    ) -> "dict[str, tf.Tensor]":
        """Returns the model's view of stored examples, by `model_spec`; TF operations only.

        In training, `transpose_range` moves pitches and chords by one draw an example; drums do
        not move. The draw stops where a note would leave the range of pitches. (Magenta leaves such
        notes out before it converts; only notes at the very ends of the range differ.)

        Args:
            example: by `example_spec`; any batch dimensions may precede, `[..., C * I, E]`.
            training: whether `transpose_range` is drawn.
            seed: int32 [2]; the same seed draws the same. Each example of a batch has a draw of
                its own. Unused where nothing is drawn.
        """
        from lofi_tf.data.model_inputs import performance

        return performance.to_model(self, example, training, seed)

    def from_outputs(
        self, outputs: np.ndarray, qpm: float = 120.0, controls: np.ndarray | None = None
    ) -> Any:
        """Returns the NoteSequence of one decoded array, exactly Magenta's notes.

        The notes of a segment's instrument have its number; a segment without a program token is a
        piano's. A note that nothing ends sounds to the end.

        Args:
            outputs: [C * I * E, depth]; the largest number of a step is its token.
            qpm: quarters per minute; Magenta's is always 120.
            controls: [C * I * E, 49]; its chords are written where they change.

        Raises:
            LofiError: an array of another shape.
        """
        tokens = self._largest("outputs", outputs, self.depth)
        chords = None
        if controls is not None and self.chord_encoding:
            chords = self._largest("controls", controls, self.control_depth)
        grid = Grid(qpm, self.steps_per_quarter)
        return sequence_of_segments(tokens, chords, self.vocabulary, self.chunk_steps, grid)

    def _largest(self, name: str, array: np.ndarray, depth: int) -> np.ndarray:
        """Returns the place of the largest number of each step, int64 [C, I, E]."""
        array = np.asarray(array)
        shape = (self.num_chunks, self.max_num_instruments, self.max_events_per_instrument)
        if array.shape != (np.prod(shape), depth):
            raise LofiError(
                f"{name} of another shape. Allowed: [{np.prod(shape)}, {depth}]. "
                f"Received: {list(array.shape)}"
            )
        return array.argmax(-1).reshape(shape)

    def _examples_of_part(self, part: Segment) -> list[Example]:
        """Returns the examples of a part."""
        grid = grid_of(part, self.steps_per_quarter, self.steps_per_bar)
        quarters = self.hop_size_bars * self.quarters_per_bar
        windows = windows_of(part, grid, quarters, self.vocabulary)
        if self.first_subsequence_only and len(windows) > 1:
            most, received = f"{self.hop_size_bars} bars at most", f"{len(windows)} examples"
            raise refusal("not_first_only", "it is longer than an example", most, received)
        if self.chord_encoding and not part.chords:
            part = with_inferred_chords(part, grid)
        found, reasons = [], []
        for window in windows:
            try:
                found += [self._example(window, part, grid)] if window.notes else []
            except NotConvertible as reason:
                reasons.append(reason)
        if found:
            return found
        raise reasons[0] if reasons else refusal("no_notes", "it is empty", "notes", "none")

    def _example(self, window: Window, part: Segment, grid: Grid) -> Example:
        """Returns the example of a window of one note or more.

        Raises:
            NotConvertible: the window is dropped.
        """
        events = np.zeros((self.num_segments, self.max_events_per_instrument), np.int16)
        length = np.ones(self.num_segments, np.int32)
        events[:, 0] = self.end_token
        for place, tokens in self._segments(window):
            events[place, : len(tokens)] = tokens
            length[place] = len(tokens)
        example = {"events": events}
        if self.chord_encoding:
            example["chords"] = self._chords(events, length, window, part, grid)
        return example | {"length": length}

    def _segments(self, window: Window) -> list[tuple[int, list[int]]]:
        """Returns the place and the tokens of each segment that is there."""
        words, steps = self.vocabulary, self.chunk_steps
        tracks = tracks_of(window, self.min_num_instruments, self.max_num_instruments, words)
        default = words.velocity_bin(DEFAULT_VELOCITY)
        found, total = [], 0
        for instrument, track in enumerate(tracks):
            for chunk, notes in enumerate(
                segment_notes(track.notes, self.num_chunks, steps, default)
            ):
                events = encode(notes, chunk * steps, (chunk + 1) * steps, words)
                if len(events) > self.max_events_per_instrument - 2:
                    most = f"{self.max_events_per_instrument - 2} events of an instrument"
                    raise dropped("many_events", most, f"{len(events)}")
                total += len(events)
                # Magenta takes a segment without notes for drums.
                program = words.first_program + (track.program if notes else DRUM_PROGRAM)
                place = chunk * self.max_num_instruments + instrument
                found.append((place, [program, *events, self.end_token]))
        if total < self.min_total_events:
            raise dropped("few_events", f"{self.min_total_events} events or more", f"{total}")
        return found

    def _chords(
        self, events: np.ndarray, length: np.ndarray, window: Window, part: Segment, grid: Grid
    ) -> np.ndarray:
        """Returns the triad at each event, int8 [C * I, E]; none at program tokens.

        Raises:
            NotConvertible: `coincident_chords` or `unknown_chord`.
        """
        its = dataclasses.replace(
            part, chords=chords_between(part.chords, window.begin, window.end)
        )
        places, figures = figures_by_step(its, grid, max(end for _, end, _, _ in window.notes))
        steps = event_steps(events, self.vocabulary)
        steps += (
            np.arange(self.num_segments)[:, None] // self.max_num_instruments * self.chunk_steps
        )
        chosen = places[np.minimum(steps, len(places) - 1)]
        place = np.arange(self.max_events_per_instrument)
        is_event = (place > 0) & (place < length[:, None] - 1)
        triads = np.array([triad_of(figure) for figure in figures])
        found = np.where(is_event, triads[chosen], 0)
        if (found == UNKNOWN_CHORD).any():
            unread = figures[chosen[found == UNKNOWN_CHORD][0]]
            raise dropped("unknown_chord", "major, minor, augmented, diminished chords", unread)
        last = np.arange(self.num_segments), length - 1
        found[last] = found[last[0], np.maximum(length - 2, 0)]
        return found.astype(np.int8)
