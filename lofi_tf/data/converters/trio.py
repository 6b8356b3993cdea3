"""Trios of melody, bass and drums as three tokens a step: MusicVAE's trio models."""

import dataclasses
import functools
from typing import Any, ClassVar

import numpy as np

from lofi_tf.data.converters.drums import DrumsConverter
from lofi_tf.data.converters.excerpt_codes import Codes
from lofi_tf.data.converters.grid import ChordedConverter
from lofi_tf.data.converters.melody import MelodyConverter
from lofi_tf.data.converters.output_tracks import OutputTrack
from lofi_tf.data.converters.tracks import (
    FIRST_PITCH,
    drum_tracks,
    melody_tracks,
    padded_melody,
    padded_track,
)
from lofi_tf.data.converters.trio_parts import Cast, cast_of, coverage_of, trios
from lofi_tf.data.converters.windows import Block, examples_of
from lofi_tf.data.specs import Example, Specs
from lofi_tf.music.chord_inference import with_inferred_chords
from lofi_tf.music.chords import UNKNOWN_CHORD, figures_by_step, keys_by_step, triad_of
from lofi_tf.music.drum_classes import REDUCED, class_table
from lofi_tf.music.quantize import Grid, grid_of, refusal
from lofi_tf.music.splits import GridNotes, Segment, on_grid
from lofi_tf.settings import Count, Size

MIN_PITCH, MAX_PITCH = 21, 108  # of melody and bass
BASS_INSTRUMENT, BASS_PROGRAM = 1, 33


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrioConverter(ChordedConverter):
    """Melody, bass and drums to and from tokens; follows Magenta's TrioConverter.

    A step is a melody token, a bass token (both as `MelodyConverter`'s) and the bit mask of nine
    drums (as `DrumsConverter`'s). Every melody instrument (programs 0 to 31) is taken with every
    bass (32 to 39) and every drum kit that plays along with it.

    Attributes:
        slice_bars: bars in an example, one every bar.
        gap_bars: rests up to so many bars around what an instrument plays count as playing.
        max_bars: later bars of a part do not count.
    """

    kind: ClassVar[str] = "trio"
    music: ClassVar[str] = "melody, bass and drums"
    open_pitches: ClassVar[tuple[int, int]] = (MIN_PITCH, MAX_PITCH)

    slice_bars: Size = 16
    gap_bars: Count = 2
    max_bars: Size = 1024

    @property
    def track_depths(self) -> tuple[int, int, int]:
        """Number of melody, bass and drum tokens."""
        return self._melody.depth, self._melody.depth, self._drums.output_depth

    @property
    def depth(self) -> int:
        return sum(self.track_depths)

    @property
    def example_spec(self) -> Specs:
        """What is stored: `tokens` int16 [T, 3], any `chords` and `keys` uint8 [T], `length`."""
        columns = self._spec_of("uint8", *self.control_names)
        return self._spec_of("int16", "tokens", depth=(3,)) | columns

    @property
    def tracks(self) -> list[OutputTrack]:
        melody, bass, drums = self.track_depths
        pitches = (FIRST_PITCH, melody)
        return [
            OutputTrack("melody", 0, melody, "class", pitches=pitches),
            OutputTrack("bass", melody, bass, "class", pitches=pitches),
            OutputTrack("drums", melody + bass, drums, "class", drums.bit_length() - 1),
        ]

    def _window_options(self, num_bars: int) -> dict[str, Any]:
        return {}

    def _decoded_tokens(self, outputs: np.ndarray) -> np.ndarray:
        return np.concatenate([track.symbols(outputs) for track in self.tracks], axis=-1)

    def _codes(self, tokens: np.ndarray) -> Codes:
        pitched = np.tile([True, True, False], tokens.shape[1])
        return Codes(tokens.reshape(len(tokens), -1).astype(np.int16), pitched)

    def _music(self, outputs: np.ndarray, qpm: float, controls: np.ndarray | None) -> Any:
        """Returns the notes of all three, and the chords and keys of controls where they change."""
        melody, bass, drums = np.split(outputs, np.cumsum(self.track_depths)[:-1], axis=1)
        sequence = self._melody.from_outputs(melody, qpm, controls)
        others = self._melody.from_outputs(bass, qpm), self._drums.from_outputs(drums, qpm)
        for note in others[0].notes:
            note.instrument, note.program = BASS_INSTRUMENT, BASS_PROGRAM
        for other in others:
            sequence.notes.extend(other.notes)
            sequence.total_time = max(sequence.total_time, other.total_time)
        return sequence

    @functools.cached_property
    def _melody(self) -> MelodyConverter:
        return MelodyConverter(
            min_pitch=MIN_PITCH,
            max_pitch=MAX_PITCH,
            steps_per_quarter=self.steps_per_quarter,
            quarters_per_bar=self.quarters_per_bar,
            chord_encoding=self.chord_encoding,
            condition_on_key=self.condition_on_key,
        )

    @functools.cached_property
    def _drums(self) -> DrumsConverter:
        return DrumsConverter(
            steps_per_quarter=self.steps_per_quarter, quarters_per_bar=self.quarters_per_bar
        )

    @functools.cached_property
    def _class_table(self) -> np.ndarray:
        return class_table(REDUCED)

    def _examples_of_part(self, part: Segment) -> list[Example]:
        grid = grid_of(part, self.steps_per_quarter, self.steps_per_bar)
        notes = on_grid(part, grid)
        cast = cast_of(notes)
        num_bars = min(-(-notes.total_steps // self.steps_per_bar), self.max_bars)
        if num_bars < self.slice_bars:
            allowed = f"{self.slice_bars} bars or more"
            raise refusal("too_short", "it is shorter than an example", allowed, f"{num_bars} bars")
        lines = self._lines(notes, cast, num_bars * self.steps_per_bar)
        coverage = coverage_of(notes, list(lines), num_bars, self.steps_per_bar, self.gap_bars)
        columns = self._columns(part, grid, num_bars * self.steps_per_bar)
        blocks = []
        for group, bars in trios(cast, coverage, self.gap_bars, self.slice_bars):
            steps = bars[:, None] * self.steps_per_bar + np.arange(self.slice_steps)  # [W, T]
            tokens = np.stack([lines[instrument] for instrument in group], -1)
            block = {"tokens": tokens.astype(np.int16)} | columns
            blocks.append({name: column[steps] for name, column in block.items()})
        if not blocks:
            allowed = f"{self.slice_bars} bars in which melody, bass and drums play"
            raise refusal("no_overlap", "its parts do not play together", allowed, "none")
        return examples_of(self._readable(blocks))

    def _lines(self, notes: GridNotes, cast: Cast, num_steps: int) -> dict[int, np.ndarray]:
        """Returns the tokens of each instrument that has any, int64 [T]."""
        lines = {}
        inside = (notes.pitches >= MIN_PITCH) & (notes.pitches <= MAX_PITCH)
        for instrument in (*cast[0], *cast[1]):
            its = notes.take((notes.instruments == instrument) & inside)
            for track in melody_tracks(its, self.steps_per_bar, MIN_PITCH, gap_bars=None):
                lines[instrument] = padded_melody(track, num_steps).events
        for instrument in cast[2]:
            its = notes.take(notes.instruments == instrument)
            for track in drum_tracks(its, self._class_table, self.steps_per_bar, gap_bars=None):
                lines[instrument] = padded_track(track, num_steps).events
        return lines

    def _columns(self, part: Segment, grid: Grid, num_steps: int) -> Block:
        """Returns the triads and keys at each step that are controls, int64 [T] each."""
        no_key = self.condition_on_key and not part.keys
        if (self.chord_encoding and not part.chords) or no_key:
            if part.chords:
                raise refusal("no_key", "it has chords but no key", "a key signature", "none")
            guessed = with_inferred_chords(part, grid)
            keys = guessed.keys if self.condition_on_key else ()
            part = dataclasses.replace(guessed, keys=(*part.keys, *keys))
        columns = {}
        if self.chord_encoding:
            last_wins = self.coincident_chords == "last"
            places, figures = figures_by_step(part, grid, num_steps, last_wins)
            columns["chords"] = np.array([triad_of(figure) for figure in figures])[places]
        if self.condition_on_key:
            columns["keys"] = keys_by_step(part.keys, grid, num_steps).astype(np.uint8)
        return columns

    def _readable(self, blocks: list[Block]) -> list[Block]:
        """Returns the blocks without examples whose chords cannot be read (`unknown_chord`)."""
        if not self.chord_encoding:
            return blocks
        known = [(block["chords"] != UNKNOWN_CHORD).all(axis=1) for block in blocks]
        if not any(k.any() for k in known) or (
            self.unknown_chord == "error" and not all(k.all() for k in known)
        ):
            allowed = "major, minor, augmented and diminished chords"
            raise refusal("unknown_chord", "it has chords that are no triads", allowed, "others")
        readable = []
        for block, k in zip(blocks, known, strict=True):
            kept = {name: column[k] for name, column in block.items()}
            readable.append(kept | {"chords": kept["chords"].astype(np.uint8)})
        return readable
