"""What a model reads of a song: stretches of one metre of the part that it plays, as pieces.

Each note of a piece has the place of its note in the song in its field `voice`, counted from 1; so
modes that keep notes say which they kept, and 0 is a note of the model's.
"""

import dataclasses
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from lofi_tf.backends.base import Backend
from lofi_tf.data.converters.tracks import DRUM_INSTRUMENT
from lofi_tf.errors import LofiError, NotConvertible
from lofi_tf.generation.chunks import ChunkedSequence, best_passage
from lofi_tf.generation.grooves import as_taps
from lofi_tf.generation.redrawing import drum_table
from lofi_tf.music.drum_classes import swallowed
from lofi_tf.music.midi_events import KEY_SIGNATURE
from lofi_tf.music.sequence_proto import NoteSequence
from lofi_tf.music.song import Song, SongNote
from lofi_tf.music.song_metre import Clock, Section, quarter_ticks, sections_of
from lofi_tf.music.song_parts import Key, Part, parts_for
from lofi_tf.music.splits import CHORD_SYMBOL


@dataclasses.dataclass(frozen=True)
class Playing:
    """Who of a song is played by a model.

    Attributes:
        parts: the parts, all drums or none; of models of several tracks all that they read.
        as_drums: whether they are read as drums.
        held: pitches that the model cannot hold, which stay where they are.
        stays: whether the notes stay, and what the model plays is added: a melody that is tapped,
            or one with chord symbols, which are what a model of chords reads.
    """

    parts: tuple[Part, ...]
    as_drums: bool
    held: frozenset[int] = frozenset()
    stays: bool = False

    @property
    def notes(self) -> list[SongNote]:
        """The notes that the model reads."""
        notes = (note for part in self.parts for note in part.notes)
        return sorted((n for n in notes if n.pitch not in self.held), key=lambda n: n.start)

    @property
    def keys(self) -> frozenset[Key]:
        """Tracks and channels of the parts."""
        return frozenset(part.key for part in self.parts)


@dataclasses.dataclass(frozen=True)
class Stretch:
    """A stretch of a song in one metre, as a model reads it.

    Attributes:
        section: where it is.
        clock: its ticks as the model's time.
        notes: those that the model reads.
        piece: the same as a NoteSequence, from the beginning of its first bar.
        passage: the windows that the model takes of it.
    """

    section: Section
    clock: Clock
    notes: tuple[SongNote, ...]
    piece: NoteSequence
    passage: ChunkedSequence

    @property
    def taken(self) -> np.ndarray:
        """The notes in bars that the model takes, bool [N]."""
        layout, bars = self.passage.layout, set()
        for row in self.passage.rows:
            first, last = layout.kept(row)
            bars.update(range(layout.starts[row] + first, layout.starts[row] + last))
        at = self.clock.quarters(np.array([note.start for note in self.notes]))
        own = np.floor((at + self.clock.near) / self.clock.model_bar)
        return np.isin(own, list(bars))


def playing_of(backend: Backend, mode: str, song: Song, track: str | int | None) -> Playing:
    """Returns who of a song a model plays.

    Args:
        backend: the model.
        mode: its method.
        song: the song.
        track: a part's name or number; None takes the drums, or the part that fits best.

    Raises:
        LofiError: no notes, no such track, or none that the model could play.
    """
    converter, who = backend.converter, f"{mode.rstrip('_')} with {backend.config.name}"
    kind = None if mode == "tap2drum" else converter.loop
    asked = parts_for(song, track, kind, who)
    if mode == "tap2drum":
        return _taps(asked, track is not None, _classes(converter))
    if kind == "beat":
        played = {note.pitch for part in asked for note in part.notes}
        return Playing(tuple(asked), True, swallowed(_classes(converter), played))
    if kind is None:
        trio = {track.name for track in converter.tracks} == {"melody", "bass", "drums"}
        return Playing(_trio(asked) if trio else tuple(asked), False)
    if kind == "chords":
        most = max(asked, key=lambda part: len(part.notes))
        return Playing((most,), False, stays=bool(song.chords))
    return Playing((_best_line(backend, song, asked),), False)


def stretches_of(backend: Backend, song: Song, playing: Playing) -> tuple[list[Stretch], list[str]]:
    """Returns the stretches of a song that a model takes, and why others stay as they are.

    Raises:
        LofiError: it takes none, and why.
    """
    found, told, error = [], [], None
    for section, notes in _by_section(song, playing.notes):
        try:
            found.append(_stretch(backend, song, playing, section, notes))
        except NotConvertible as problem:
            error = problem
            stay = "stays as it is" if section.num_bars == 1 else "stay as they are"
            told.append(f"{section.bars} in {section.metre} {stay}: {problem}")
    if not found:
        raise error or LofiError("it has no notes that the model could play")
    other = {s.section.metre: s.section for s in found if not s.clock.is_whole}
    for metre, section in other.items():
        bar = f"{found[0].clock.model_bar}/4"
        told.append(
            f"{section.bars} in {metre}: {backend.config.name} plays bars of {bar}, and reads "
            f"each bar as the beginning of one"
        )
    return found, told


def longest_stretch(backend: Backend, mode: str, song: Song) -> NoteSequence:
    """Returns the music of the stretch that a model takes the most windows of."""
    found, _ = stretches_of(backend, song, playing_of(backend, mode, song, None))
    return max(found, key=lambda stretch: len(stretch.passage.rows)).piece


def _taps(asked: Sequence[Part], named: bool, classes: Sequence[Sequence[int]]) -> Playing:
    """Returns the part that is tapped: that asked for, the drums, or that with the most notes."""
    taps = [part for part in asked if part.is_drum]
    if named:
        taps = list(asked)
    elif not taps:
        taps = [max(asked, key=lambda part: len(part.notes))]
    pitches = {note.pitch for part in taps for note in part.notes}
    if all(part.is_drum for part in taps):
        return Playing(tuple(taps), True, swallowed(classes, pitches))
    return Playing(tuple(taps), True, stays=len(pitches) > 2)


def _classes(converter: Any) -> Sequence[Sequence[int]]:
    return converter.with_mode("infer").classes if converter.expressive else converter.pitch_classes


def _trio(parts: Sequence[Part]) -> tuple[Part, ...]:
    """Returns the drums, and the bass and the melody with the most notes that are struck alone."""
    alone = {
        part: len({note.start for note in part.notes}) ** 2 / len(part.notes) for part in parts
    }
    found = [part for part in parts if part.is_drum]
    for programs in (range(32), range(32, 40)):
        players = [part for part in parts if not part.is_drum and part.program in programs]
        found += sorted(players, key=lambda part: -alone[part])[:1]
    return tuple(sorted(found, key=lambda part: part.number))


def _best_line(backend: Backend, song: Song, lines: Sequence[Part]) -> Part:
    """Returns the melodic part that fits best.

    A program that the model learns from goes before others; then the windows that it takes count,
    times the share of notes that it reads: of notes that start together it reads one.
    """
    if len(lines) == 1:
        return lines[0]
    programs, fits, reasons = backend.converter.valid_programs, {}, []
    for line in lines:
        try:
            found, _ = stretches_of(backend, song, Playing((line,), False))
        except LofiError as error:
            reasons.append(str(error))
            continue
        rows = sum(len(stretch.passage.rows) for stretch in found)
        read = len({note.start for note in line.notes}) / len(line.notes)
        fits[line] = (programs is None or line.program in programs, rows * read)
    if not fits:
        raise LofiError("; ".join(reasons))
    return max(fits, key=lambda line: fits[line])


def _by_section(song: Song, notes: Sequence[SongNote]) -> list[tuple[Section, list[SongNote]]]:
    """Returns the sections in which notes begin; one just ahead of a section belongs to it."""
    sections, near = sections_of(song), quarter_ticks(song) / 8
    found = []
    for number, section in enumerate(sections):
        first = section.start - near if number else -np.inf
        its = [note for note in notes if first <= note.start < section.end - near]
        if its:
            found.append((section, its))
    return found


def _stretch(
    backend: Backend, song: Song, playing: Playing, section: Section, notes: Sequence[SongNote]
) -> Stretch:
    converter, quarter = backend.converter, quarter_ticks(song)
    clock = Clock.of(section, quarter, converter.quarters_per_bar, converter.steps_per_quarter)
    if clock is None:
        step = f"1/{4 * converter.steps_per_quarter}"
        raise NotConvertible("metre", f"{backend.config.name} plays in steps of {step}")
    piece = _piece(song, playing, section, clock, notes)
    taps = "tap2drum" in converter.modes
    passage = best_passage(backend, as_taps(piece, converter) if taps else piece)
    return Stretch(section, clock, tuple(notes), piece, passage)


def _piece(
    song: Song, playing: Playing, section: Section, clock: Clock, notes: Sequence[SongNote]
) -> NoteSequence:
    piece, second = NoteSequence(ticks_per_quarter=clock.quarter), 60 / section.qpm
    if len(playing.parts) == 1:
        piece.filename = f"track {playing.parts[0].title}"
    piece.tempos.add(qpm=section.qpm)
    piece.time_signatures.add(numerator=clock.model_bar, denominator=4)
    starts = second * clock.quarters(np.array([note.start for note in notes]))
    ends = second * clock.quarters(np.array([note.end for note in notes]))
    players = {part.key: (number, part) for number, part in enumerate(playing.parts)}
    for place, (note, start, end) in enumerate(zip(notes, starts, ends, strict=True), 1):
        number, part = players[note.track, note.channel]
        drum = playing.as_drums or part.is_drum
        piece.notes.add(
            pitch=note.pitch,
            velocity=note.velocity,
            start_time=start,
            end_time=max(end, start),
            instrument=DRUM_INSTRUMENT if drum else number + (number >= DRUM_INSTRUMENT),
            program=0 if drum else part.program,
            is_drum=drum,
            voice=place,
        )
    _add_harmony(piece, song, section, clock)
    piece.total_time = max(note.end_time for note in piece.notes)
    return piece


def _add_harmony(piece: NoteSequence, song: Song, section: Section, clock: Clock) -> None:
    """Adds the chords of a score and the keys that are in force."""
    second = 60 / section.qpm
    for tick, text in _in_force(song.chords, section):
        time = max(0.0, second * float(clock.quarters(np.array([tick]))[0]))
        piece.text_annotations.add(time=time, text=text, annotation_type=CHORD_SYMBOL)
    for tick, payload in _in_force(song.metas(KEY_SIGNATURE), section):
        sharps = int.from_bytes(payload[:1], "big", signed=True)
        if len(payload) < 2 or abs(sharps) > 7 or payload[1] > 1:
            continue
        time = max(0.0, second * float(clock.quarters(np.array([tick]))[0]))
        key = (7 * sharps + 9 * payload[1]) % 12
        piece.key_signatures.add(time=time, key=key, mode=payload[1])


def _in_force(events: Sequence[tuple[int, Any]], section: Section) -> list[tuple[int, Any]]:
    before = [event for event in events if event[0] <= section.start][-1:]
    inside = [event for event in events if section.start < event[0] < section.end]
    return [(max(tick, section.start), value) for tick, value in (*before, *inside)]


def own_pitches(backend: Backend, notes: Sequence[SongNote]) -> dict[int, int]:
    """Returns the pitch by which notes most often play each drum of a model."""
    table = drum_table(backend.converter)
    counts = Counter((int(table[note.pitch]), note.pitch) for note in notes)
    return {drum: pitch for (drum, pitch), _ in reversed(counts.most_common())}
