"""What of a piece is drawn anew: its notes, its bars and drums, the cells of a model's window."""

import dataclasses
import functools
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from lofi_tf.backends.base import Backend
from lofi_tf.data.converters.grid import GridConverter
from lofi_tf.errors import LofiError
from lofi_tf.generation.chunks import best_passage
from lofi_tf.generation.layout import bar_seconds
from lofi_tf.generation.slices import crop, looped
from lofi_tf.music.bars import bars_named
from lofi_tf.music.drum_classes import REDUCED, UNKNOWN, class_table, drums_named
from lofi_tf.music.quantize import Grid, grid_of
from lofi_tf.music.sequence_proto import NoteSequence
from lofi_tf.music.splits import CHORD_SYMBOL

Player = tuple[int | None, bool]  # instrument, None being any; whether of marked drums alone


@dataclasses.dataclass(frozen=True)
class Redrawn:
    """What of a piece is drawn anew.

    Attributes:
        converter: the model's.
        grid: of the piece.
        num_bars: of the piece.
        window_bars: of the model.
        bars: those that are drawn, from 0.
        drums: those of the model that are drawn; None is all that it plays.
        player: whose notes the model plays.
    """

    converter: GridConverter
    grid: Grid
    num_bars: int
    window_bars: int
    bars: frozenset[int]
    drums: frozenset[int] | None
    player: Player

    def plays(self, note: Any) -> bool:
        """Says whether a note is among those that the model plays."""
        instrument, marked = self.player
        if instrument is not None:
            return note.instrument == instrument and not note.is_drum
        return note.is_drum or not marked

    def step(self, seconds: float) -> int:
        """Returns the nearest step."""
        return int(self.grid.steps(np.array([seconds]))[0])

    def bar(self, seconds: float) -> int:
        """Returns the bar of the nearest step."""
        return self.step(seconds) // self.converter.steps_per_bar

    def drum(self, note: Any) -> int:
        """Returns the drum of a note as the model reads it, or `UNKNOWN`."""
        return int(self._table[note.pitch])

    @functools.cached_property
    def _table(self) -> np.ndarray:
        is_beat = self.converter.loop == "beat"
        return drum_table(self.converter) if is_beat else np.full(128, UNKNOWN)

    def takes(self, note: Any, bars: frozenset[int]) -> bool:
        """Says whether a note is one that is drawn anew where these bars are."""
        if not self.plays(note) or self.bar(note.start_time) not in bars:
            return False
        if self.converter.loop != "beat":
            return True
        drum = self.drum(note)
        return drum != UNKNOWN and (self.drums is None or drum in self.drums)

    def without(self, piece: NoteSequence, bars: frozenset[int]) -> NoteSequence:
        """Returns a piece without what is drawn anew in these bars."""
        found = NoteSequence()
        found.CopyFrom(piece)
        del found.notes[:]
        found.notes.extend(note for note in piece.notes if not self.takes(note, bars))
        if self.converter.loop == "chords":
            kept = [a for a in piece.text_annotations if not self._is_redrawn_chord(a, bars)]
            del found.text_annotations[:]
            found.text_annotations.extend(kept)
        return found

    def windows(self) -> Iterator[tuple[int, frozenset[int], frozenset[int]]]:
        """Yields first bars of windows, the bars that each draws, and those not drawn before.

        A window has as many bars before those that it draws as after, where there are so many: so
        it is drawn to fit both.
        """
        left = self.bars
        while left:
            latest = max(0, self.num_bars - self.window_bars)
            start = min(max(min(left) - self.window_bars // 2, 0), latest)
            now = left & frozenset(range(start, start + self.window_bars))
            yield start, now, left
            left -= now

    def window(self, piece: NoteSequence, start: int) -> NoteSequence:
        """Returns the music of a window, for the converter; a short piece again and again."""
        piece = self._read(piece)
        bar, size = bar_seconds(self.converter, self.grid.qpm), self.window_bars
        if self.num_bars < size:
            piece = looped(piece, self.num_bars * bar, size * bar, self.grid)
        return crop(piece, start * bar, size * bar, self.grid, self.converter)

    def kept(self, piece: NoteSequence, start: int, free: frozenset[int]) -> np.ndarray:
        """Returns which numbers of a window's outputs stay as they are, float32 [T, D].

        Args:
            piece: without what is drawn anew in the bars that are free. Steps in which a note of a
                line goes on into these bars are kept as well.
            start: the window's first bar.
            free: bars that are drawn, or will be.
        """
        steps = self.converter.steps_per_bar
        places = start * steps + np.arange(self.window_bars * steps)
        places %= self.num_bars * steps
        drawn = np.isin(places // steps, list(free)) & ~self.held(piece)[places]
        return 1.0 - drawn[:, None] * self._columns()[None, :].astype(np.float32)

    def held(self, piece: NoteSequence) -> np.ndarray:
        """Returns the steps of a piece in which a note of a line goes on, bool [steps]."""
        found = np.zeros(self.num_bars * self.converter.steps_per_bar, bool)
        if self.converter.loop == "beat":
            return found
        for note in filter(self.plays, piece.notes):
            found[self.step(note.start_time) + 1 : self.step(note.end_time)] = True
        return found

    def pitches(self, piece: NoteSequence) -> dict[int, int]:
        """Returns the pitch by which a piece most often plays each drum that it plays."""
        counts = Counter((self.drum(n), n.pitch) for n in piece.notes if self.plays(n))
        return {drum: pitch for (drum, pitch), _ in reversed(counts.most_common())}

    def _read(self, piece: NoteSequence) -> NoteSequence:
        """Returns what the converter is to read of a piece."""
        if self.converter.loop == "chords":
            return piece
        found = NoteSequence()
        found.CopyFrom(piece)
        del found.notes[:]
        found.notes.extend(filter(self.plays, piece.notes))
        return found

    def _columns(self) -> np.ndarray:
        """Returns which numbers of a step are drawn, bool [D]."""
        (track,) = self.converter.tracks
        found = np.ones(self.converter.depths["targets"], bool)
        if self.drums is not None:
            numbers = np.arange(len(found))
            found = np.isin(numbers % track.num_drums, list(self.drums))
            found &= numbers != self.converter.end_token
        return found

    def _is_redrawn_chord(self, annotation: Any, bars: frozenset[int]) -> bool:
        is_chord = annotation.annotation_type == CHORD_SYMBOL
        return is_chord and self.bar(annotation.time) in bars


def redrawn_of(backend: Backend, piece: NoteSequence, bars: Any, drums: Any) -> Redrawn:
    """Returns what of a piece is drawn anew.

    Arguments are those of `infill`.

    Raises:
        LofiError: neither is given, no such bars or drums, or a piece that does not fit.
    """
    if bars is None and drums is None:
        raise LofiError("infill needs bars, such as 3-4, or drums, such as snare,toms, to draw")
    asked = None if bars is None else bars_named(bars)
    chosen = None if drums is None else drums_of_model(backend, drums)
    passage, converter = best_passage(backend, piece), backend.converter
    num_bars = passage.layout.num_bars
    if asked and max(asked) > num_bars:
        raise LofiError(f"bars must be those of the music, 1 to {num_bars}. Received: {max(asked)}")
    return Redrawn(
        converter,
        grid_of(piece, converter.steps_per_quarter, converter.steps_per_bar),
        num_bars,
        passage.layout.window_bars,
        frozenset(bar - 1 for bar in asked) if asked else frozenset(range(num_bars)),
        chosen,
        _player(piece, passage.crops[0], converter),
    )


def drums_of_model(backend: Backend, drums: Any) -> frozenset[int]:
    """Returns a model's drums by the names that people give them.

    Raises:
        LofiError: no such drum, or a model of something else.
    """
    converter = backend.converter
    (track,) = converter.tracks
    if track.kind != "bits" or not track.num_drums:
        raise LofiError(
            f"{backend.config.name} draws whole steps: give bars. Drums are for models such as "
            "groove_4bar, whose drums may be given one by one"
        )
    names, of_pitch = drums_named(drums), class_table(REDUCED, nearest=True)
    classes = converter.with_mode("infer").classes if converter.expressive else None
    groups = classes or converter.pitch_classes
    return frozenset(d for d, pitches in enumerate(groups) if of_pitch[pitches[0]] in names)


def drum_table(converter: GridConverter) -> np.ndarray:
    """Returns the drum of each MIDI pitch as inputs are read, int64 [128]."""
    if not converter.expressive:
        return class_table(converter.pitch_classes)
    classes = converter.with_mode("infer").classes
    return class_table(classes, converter.unknown_pitch == "nearest")


def _player(piece: NoteSequence, window: NoteSequence, converter: GridConverter) -> Player:
    """Returns whose notes a model plays: of chords the instrument with the most notes."""
    if converter.loop == "beat":
        return None, any(note.is_drum for note in piece.notes)
    if converter.by_instrument:
        return window.notes[0].instrument, False
    counts = Counter(note.instrument for note in piece.notes if not note.is_drum)
    return (counts.most_common(1)[0][0] if counts else 0), False
