"""Multi-instrument performances: a segment of events for each instrument of a bar or more."""

import dataclasses
import functools
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import numpy as np

from lofi_tf.data.converters.base import steps_of_depth
from lofi_tf.data.converters.excerpt_codes import Codes, ended
from lofi_tf.data.converters.grid import GridConverter
from lofi_tf.data.converters.options import ChordEncoding, Pitch, StretchRange, TransposeRange
from lofi_tf.data.converters.performance_events import (
    DEFAULT_VELOCITY,
    DRUM_PROGRAM,
    MAX_SHIFT_QUARTERS,
    Vocabulary,
    encode,
    event_steps,
    segment_notes,
)
from lofi_tf.data.converters.performance_sequence import sequence_of_segments
from lofi_tf.data.converters.performance_windows import (
    Window,
    dropped,
    tracks_of,
    windows_of,
)
from lofi_tf.data.specs import ArraySpec, Example, Specs
from lofi_tf.errors import LofiError, NotConvertible
from lofi_tf.music.chord_inference import with_inferred_chords
from lofi_tf.music.chords import NUM_TRIADS, UNKNOWN_CHORD, figures_by_step, triad_of
from lofi_tf.music.quantize import Grid, grid_of, refusal
from lofi_tf.music.splits import Segment, state_between
from lofi_tf.music.sustain import sustained_parts
from lofi_tf.settings import Bounds, Count, Size

Events = Annotated[int, Bounds(3)]  # a program, one event and an end
VelocityBins = Annotated[int, Bounds(0, 127)]


@dataclasses.dataclass(frozen=True, kw_only=True)
class MultiPerformanceConverter(GridConverter):
    """Bars of several instruments as events; Magenta's MultiInstrumentPerformanceConverter.

    An example is C chunks of I instruments of E events. A segment is a program token, events
    (note-ons, note-offs, time shifts, velocities), an end token; instruments that are not there
    are end tokens alone. Instruments are in the order of their programs, drums last. Magenta fails
    on a piece in which an instrument changes its program, or mixes drums with other notes, within
    an example; here such bars are dropped. So are bars that a rule of the options forbids.

    Attributes:
        num_velocity_bins: velocity events; 0 for none.
        hop_size_bars: bars in an example; examples do not overlap.
        chunk_size_bars: bars in a chunk; divides `hop_size_bars`.
        min_num_instruments, max_num_instruments: bars with fewer or more are dropped; the most is
            also I.
        min_total_events: bars with fewer events (time shifts count) are dropped.
        max_events_per_instrument: E; bars with a longer segment are dropped.
        min_pitch, max_pitch: MIDI pitches; bars with a note outside are dropped.
        first_subsequence_only: parts longer than one example are refused.
    """

    kind: ClassVar[str] = "multi_performance"
    bar_a_chord: ClassVar[bool] = True

    num_velocity_bins: VelocityBins = 0
    hop_size_bars: Size = 1
    chunk_size_bars: Size = 1
    steps_per_quarter: Size = 24
    min_num_instruments: Size = 2
    max_num_instruments: Size = 8
    min_total_events: Count = 8
    max_events_per_instrument: Events = 64
    min_pitch: Pitch = 0
    max_pitch: Pitch = 127
    first_subsequence_only: bool = False
    chord_encoding: ChordEncoding | None = None
    transpose_range: TransposeRange | None = None
    stretch_range: StretchRange | None = None

    def __post_init__(self):
        super().__post_init__()
        if not self.min_pitch <= self.max_pitch:
            raise LofiError(
                "min_pitch and max_pitch are no range. Allowed: 0 <= min_pitch <= max_pitch <= "
                f"127. Received: {self.min_pitch}, {self.max_pitch}"
            )
        if self.min_num_instruments > self.max_num_instruments:
            raise LofiError(
                "min_num_instruments is above max_num_instruments. "
                f"Received: {self.min_num_instruments}, {self.max_num_instruments}"
            )
        if self.hop_size_bars % self.chunk_size_bars:
            raise LofiError(
                "hop_size_bars must be a multiple of chunk_size_bars. "
                f"Received: {self.hop_size_bars}, {self.chunk_size_bars}"
            )

    @functools.cached_property
    def vocabulary(self) -> Vocabulary:
        """The numbers of the tokens."""
        longest = MAX_SHIFT_QUARTERS * self.steps_per_quarter
        return Vocabulary(self.num_velocity_bins, longest, self.min_pitch, self.max_pitch)

    @property
    def depth(self) -> int:
        return self.vocabulary.depth

    @property
    def end_token(self) -> int:
        return self.vocabulary.end_token

    @property
    def control_depth(self) -> int:
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
    def num_steps(self) -> int:
        """Steps of what the model is fed, C * I * E."""
        return self.num_segments * self.max_events_per_instrument

    @property
    def length_shape(self) -> tuple[int, ...]:
        """Shape of `length`, that of each segment, its program and end tokens counted."""
        return (self.num_segments,)

    @property
    def example_spec(self) -> Specs:
        """What is stored: `events` int16 [C * I, E], any `chords` int8 [C * I, E], `length`.

        Past a segment's `length`, int32 [C * I], events and chords are 0.
        """
        shape = (self.num_segments, self.max_events_per_instrument)
        spec = {"events": ArraySpec("int16", shape)}
        if self.chord_encoding:
            spec["chords"] = ArraySpec("int8", shape)
        return spec | {"length": ArraySpec("int32", self.length_shape)}

    def _segments(self, note_sequence: Any) -> list[Segment]:
        return sustained_parts(note_sequence, self.stretch_range, self.seed)

    @property
    def bars(self) -> int:
        return self.hop_size_bars

    @property
    def music(self) -> str:
        velocities = " with velocities" if self.num_velocity_bins else ""
        return f"up to {self.max_num_instruments} instruments{velocities}"

    def chord_bars(self, num_rows: int) -> np.ndarray:
        """Returns the bar whose chord each row is told: the first of its chunk; NaN of programs.

        What the controls of an event say cannot know when in the chunk the event will be.
        """
        bars = np.arange(self.num_chunks)[:, None, None] * float(self.chunk_size_bars)
        shape = (self.num_chunks, self.max_num_instruments, self.max_events_per_instrument)
        bars = np.broadcast_to(bars, shape).copy()
        bars[:, :, 0] = np.nan
        return bars.reshape(num_rows)

    def codes_of_examples(self, arrays: Mapping[str, np.ndarray], num_steps: int) -> Codes:
        return self._codes(arrays["events"])

    def _decoded_tokens(self, outputs: np.ndarray) -> np.ndarray:
        return outputs.argmax(axis=-1).reshape(len(outputs), self.num_segments, -1)

    def _codes(self, tokens: np.ndarray) -> Codes:
        """Returns events [N, C * I, E] as codes; those after an end token are 0."""
        tokens = ended(tokens, tokens == self.end_token)
        return super()._codes(tokens.reshape(len(tokens), -1))

    def _window_options(self, num_bars: int) -> dict[str, Any]:
        return {"first_subsequence_only": False}

    def _music(self, outputs: np.ndarray, qpm: float, controls: np.ndarray | None) -> Any:
        """Returns notes, those of a segment's instrument with its number, and controls' chords.

        A segment without a program token is a piano's. A note that nothing ends sounds to the end.
        """
        tokens = self._largest("outputs", outputs, self.depth)
        chords = None
        if controls is not None and self.chord_encoding:
            chords = self._largest("controls", controls, self.control_depth)
        grid = Grid(qpm, self.steps_per_quarter)
        return sequence_of_segments(tokens, chords, self.vocabulary, self.chunk_steps, grid)

    def _largest(self, name: str, array: np.ndarray, depth: int) -> np.ndarray:
        """Returns the place of the largest number of each step, int64 [C, I, E]."""
        shape = (self.num_chunks, self.max_num_instruments, self.max_events_per_instrument)
        rows = steps_of_depth(name, array, depth, self.num_steps)
        return rows.argmax(-1).reshape(shape)

    def _examples_of_part(self, part: Segment) -> list[Example]:
        grid = grid_of(part, self.steps_per_quarter, self.steps_per_bar)
        quarters = self.hop_size_bars * self.quarters_per_bar
        windows = windows_of(part, grid, quarters, self.vocabulary)
        if self.first_subsequence_only and len(windows) > 1:
            most, received = f"{self.hop_size_bars} bars at most", f"{len(windows)} examples"
            raise refusal("not_first_only", "it is longer than an example", most, received)
        if self.chord_encoding and not part.chords:
            part = with_inferred_chords(part, grid)
        examples, reasons = [], []
        for window in windows:
            try:
                examples += [self._example(window, part, grid)] if window.notes else []
            except NotConvertible as reason:
                reasons.append(reason)
        if examples:
            return examples
        raise reasons[0] if reasons else refusal("no_notes", "it is empty", "notes", "none")

    def _example(self, window: Window, part: Segment, grid: Grid) -> Example:
        """Returns the example of a window of one note or more; refuses one that is dropped."""
        events = np.zeros((self.num_segments, self.max_events_per_instrument), np.int16)
        length = np.ones(self.num_segments, np.int32)
        events[:, 0] = self.end_token
        for place, tokens in self._encoded(window):
            events[place, : len(tokens)] = tokens
            length[place] = len(tokens)
        example = {"events": events}
        if self.chord_encoding:
            example["chords"] = self._chords(events, length, window, part, grid)
        return example | {"length": length}

    def _encoded(self, window: Window) -> list[tuple[int, list[int]]]:
        """Returns the place and the tokens of each segment that is there."""
        words, steps = self.vocabulary, self.chunk_steps
        tracks = tracks_of(window, self.min_num_instruments, self.max_num_instruments, words)
        default = words.velocity_bin(DEFAULT_VELOCITY)
        segments, total = [], 0
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
                segments.append((place, [program, *events, self.end_token]))
        if total < self.min_total_events:
            raise dropped("few_events", f"{self.min_total_events} events or more", f"{total}")
        return segments

    def _chords(
        self, events: np.ndarray, length: np.ndarray, window: Window, part: Segment, grid: Grid
    ) -> np.ndarray:
        """Returns the triad at each event, int8 [C * I, E]; none at program tokens.

        Refuses `coincident_chords` and `unknown_chord`.
        """
        chords = state_between(part.chords, window.begin, window.end)
        its = dataclasses.replace(part, chords=chords)
        places, figures = figures_by_step(its, grid, max(end for _, end, _, _ in window.notes))
        steps = event_steps(events, self.vocabulary)
        steps += (
            np.arange(self.num_segments)[:, None] // self.max_num_instruments * self.chunk_steps
        )
        chosen = places[np.minimum(steps, len(places) - 1)]
        place = np.arange(self.max_events_per_instrument)
        is_event = (place > 0) & (place < length[:, None] - 1)
        triads = np.array([triad_of(figure) for figure in figures])
        chords_of_events = np.where(is_event, triads[chosen], 0)
        if (chords_of_events == UNKNOWN_CHORD).any():
            unread = figures[chosen[chords_of_events == UNKNOWN_CHORD][0]]
            raise dropped("unknown_chord", "major, minor, augmented, diminished chords", unread)
        last = np.arange(self.num_segments), length - 1
        chords_of_events[last] = chords_of_events[last[0], np.maximum(length - 2, 0)]
        return chords_of_events.astype(np.int8)
