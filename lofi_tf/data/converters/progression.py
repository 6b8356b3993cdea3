"""Chord progressions with their rhythm as one token a step."""

import dataclasses
from typing import Any, ClassVar, Literal

import numpy as np

from lofi_tf.data.converters.excerpt_codes import Codes
from lofi_tf.data.converters.grid import StepSequenceConverter
from lofi_tf.data.converters.options import TransposeRange
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
from lofi_tf.data.converters.windows import distinct, examples_of
from lofi_tf.data.specs import Example, Specs
from lofi_tf.music.chord_qualities import NUM_CHORDS, NUM_QUALITIES
from lofi_tf.music.quantize import Grid, grid_of, refusal
from lofi_tf.music.splits import GridNotes, Segment, on_grid, segments_of
from lofi_tf.settings import Amount, Size

ChordSource = Literal["auto", "notes", "symbols"]


@dataclasses.dataclass(frozen=True, kw_only=True)
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
    """

    kind: ClassVar[str] = "progression"
    music: ClassVar[str] = "chord progressions with their rhythm"
    loop: ClassVar[str] = "chords"

    slice_bars: Size = 4
    hop_bars: Size = 1
    chords_from: ChordSource = "auto"
    loop_short: bool = True
    gap_bars: Amount | None = 1.0
    presplit_on_time_changes: bool = True
    dedupe_event_lists: bool = True
    transpose_range: TransposeRange | None = None

    @property
    def depth(self) -> int:
        return FIRST_CHORD + NUM_CHORDS

    @property
    def example_spec(self) -> Specs:
        """What is stored: `tokens` uint16 [T], `length`."""
        return self._spec_of("uint16", "tokens")

    def _segments(self, note_sequence: Any) -> list[Segment]:
        segments = segments_of(note_sequence, self.presplit_on_time_changes)
        if len(segments) == 1:  # a split ends a piece with its last note, and chords may go on
            length = max(segments[0].total_seconds, note_sequence.total_time)
            segments = [dataclasses.replace(segments[0], total_seconds=length)]
        return segments

    def _window_options(self, num_bars: int) -> dict[str, Any]:
        return super()._window_options(num_bars) | {"loop_short": False}

    def _codes(self, tokens: np.ndarray) -> Codes:
        pitched = np.ones(tokens.shape[1], bool)
        return Codes(tokens.astype(np.int16), pitched, NUM_QUALITIES, NUM_CHORDS)

    def _music(self, outputs: np.ndarray, qpm: float, controls: np.ndarray | None) -> Any:
        """Returns chord symbols, and notes that play them; `to_examples` gives the tokens back.

        The root is in the bass, the other voices in close position around middle C, moving as
        little as they can.
        """
        return progression_sequence(outputs.argmax(-1), Grid(qpm, self.steps_per_quarter))

    def _examples_of_part(self, part: Segment) -> list[Example]:
        grid = grid_of(part, self.steps_per_quarter, self.steps_per_bar)
        notes = on_grid(part, grid)
        track = self._track(part, notes, grid)
        windows = windows_of(
            self._looped(track), self.slice_steps, self.hop_bars * self.steps_per_bar
        )
        if not len(windows):
            allowed = f"{self.slice_bars} bars or more, or whole bars to repeat"
            received = f"{notes.total_steps / self.steps_per_bar:.2f} bars"
            raise refusal("too_short", "it is shorter than an example", allowed, received)
        blocks = [{"tokens": self._kept(windows).astype(np.uint16)}]
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

    def _kept(self, windows: np.ndarray) -> np.ndarray:
        """Returns the windows [W, T] that hold chords with names and no long silence."""
        known = (windows != UNREAD).all(axis=1)
        if not known.any():
            raise refusal(
                "unknown_chord",
                "no example has only chords that have a name",
                "chords near those of the vocabulary",
                f"{len(windows)} examples",
            )
        windows = windows[known]
        longest = np.array([longest_rest(row) for row in windows])
        most = self.gap_bars * self.steps_per_bar if self.gap_bars else self.slice_steps
        if not (longest < most).any():
            raise refusal(
                "long_rest",
                "every example has a long silence",
                f"less than {most:g} steps",
                f"{longest.min()} steps",
            )
        return windows[longest < most]
