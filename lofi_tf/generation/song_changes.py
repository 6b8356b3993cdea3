"""Modes that change a part of a song: that part changes, and all else of the file stays."""

import dataclasses
import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from lofi_tf.backends.base import Backend
from lofi_tf.errors import LofiError, LofiWarning, unknown_name
from lofi_tf.generation.decoding import GenerationConfig
from lofi_tf.generation.grooves import check_fits
from lofi_tf.generation.infilling import check_infills
from lofi_tf.generation.redrawing import drum_table
from lofi_tf.generation.song_edits import Edit, NewNote, come_round, edited_song, start_at_zero
from lofi_tf.generation.song_seats import Seats
from lofi_tf.generation.song_stretches import Playing, Stretch, playing_of, stretches_of
from lofi_tf.music.bars import bars_named
from lofi_tf.music.sequence_proto import NoteSequence
from lofi_tf.music.song import Song, SongNote
from lofi_tf.music.song_parts import Key
from lofi_tf.music.splits import CHORD_SYMBOL

# What each mode does with the notes that it is given: plays them, adds to them, or takes their
# place.
PLAYING = ("humanize", "groove_transfer")
ADDING = ("infill", "add_hihats", "continue_")
REPLACING = ("reconstruct", "vary", "tap2drum")
LOOP_BARS = 8  # of drums or of a line alone, at most: longer files are songs
MODES = (*PLAYING, *ADDING, *REPLACING)

Verb = Callable[..., list[NoteSequence]]


class Changed(NamedTuple):
    """What came of a song.

    Attributes:
        songs: one of each output.
        keys: tracks and channels of the part that was changed.
        told: lines of what could not be done, or was done in another way.
    """

    songs: list[Song]
    keys: frozenset[Key]
    told: list[str]


def change_song(
    backend: Backend,
    mode: str,
    song: Song,
    verb: Verb,
    *,
    track: str | int | None = None,
    bars: Any = None,
    length_bars: int | None = None,
    chords: str | None = None,
) -> Changed:
    """Returns a song in which a mode has changed a part, and every other event is as it was.

    The song is worked on in stretches of one metre. Bars that the model does not take stay.

    Args:
        backend: the model.
        mode: one of `MODES`.
        song: the song.
        verb: the mode, `(piece, number of the stretch, **options) -> pieces`; its options are
            those below that are given.
        track: name or number of the part; None is the drums, or the part that fits best.
        bars: of infill, those of the song.
        length_bars: of `continue_`, in bars of the song.
        chords: of modes that take them.

    Raises:
        LofiError: no such mode or part, or nothing that the model takes, and why.

    Example:
        >>> from lofi_tf.music.files import read_song
        >>> def vary(piece, number):
        ...     return generation.vary(backend, piece, 2)
        >>> found = generation.change_song(backend, "vary", read_song("beat.mid"), vary)
        >>> len(found.songs)
        2
    """
    if mode not in MODES:
        raise unknown_name("mode", mode, MODES)
    _check_can(backend, mode)
    playing = playing_of(backend, mode, song, track)
    stretches, told = stretches_of(backend, song, playing)
    if mode == "continue_":
        stretches, told = stretches[-1:], []
    chosen = _chosen(stretches, bars) if bars is not None else [{} for _ in stretches]
    edits: list[Edit] = []
    seats = Seats(backend, song, playing)
    for number, (stretch, options) in enumerate(zip(stretches, chosen, strict=True)):
        if options is None:
            continue
        if length_bars is not None:
            options = {"length_bars": _model_length(stretch, length_bars)}
        if chords is not None:
            options = {**options, "chords": chords}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LofiWarning)  # of windows that stay: told below
            pieces = verb(stretch.piece, number, **options)
        edits = edits or [Edit() for _ in pieces]
        put = _Putting(backend, mode, song, seats, stretch, chords is not None)
        for edit, piece in zip(edits, pieces, strict=True):
            put.into(edit, piece)
        told += _left_out(mode, stretch)
    loop = _loop_ticks(song, playing, stretches) if mode != "continue_" else None
    for edit in edits if loop else ():
        come_round(edit, loop)
    late = max(start_at_zero(edit, as_a_whole=mode not in ADDING) for edit in edits)
    if late:
        how = "a new one begins with it" if mode in ADDING else "what is played begins later by it"
        told.append(f"notes up to {late} ticks ahead of the file's beginning: {how}")
    songs = [edited_song(song, edit, seats.added) for edit in edits]
    return Changed(songs, playing.keys | seats.added.keys(), list(dict.fromkeys(told)))


def _loop_ticks(song: Song, playing: Playing, stretches: Sequence[Stretch]) -> int | None:
    """Returns the length of a song that is nothing but a loop of the part, or None."""
    clock, bars = stretches[0].clock, stretches[0].passage.layout.num_bars
    alone = all((note.track, note.channel) in playing.keys for note in song.notes)
    whole = clock.origin == 0 and clock.is_whole and len(stretches) == 1
    if not (alone and whole and bars <= LOOP_BARS):
        return None
    return bars * clock.model_bar * clock.quarter


def how_of_stretch(how: GenerationConfig, number: int) -> GenerationConfig:
    """Returns how a stretch of a song is drawn: at its own tempo, with a seed of its own.

    Example:
        >>> how = generation.GenerationConfig(seed=1)
        >>> generation.how_of_stretch(how, 0).seed
        1
    """
    seed = how.seed
    if number:
        seed = int(np.random.SeedSequence([how.seed, number]).generate_state(1)[0]) >> 1
    return dataclasses.replace(how, seed=seed, qpm=None)


def _check_can(backend: Backend, mode: str) -> None:
    """Refuses a model that does not do what a mode asks, and names those that do."""
    if mode == "infill":
        check_infills(backend.config)
    elif mode in (*PLAYING, "tap2drum", "add_hihats"):
        check_fits(backend, mode)


def _left_out(mode: str, stretch: Stretch) -> list[str]:
    """Returns a line of the windows that the model does not take."""
    passage = stretch.passage
    if not passage.left_out or mode == "continue_":
        return []
    count = f"{len(passage.left_out)} of {len(passage.layout.starts)} windows"
    return [f"{count} stay as they are; the first: {passage.left_out[0]}"]


def _model_length(stretch: Stretch, bars: int) -> int:
    if stretch.clock.period_bars > 1:
        return math.ceil(bars / stretch.clock.period_bars)
    return bars * len(stretch.clock.cells)


def _chosen(stretches: Sequence[Stretch], bars: Any) -> list[dict[str, Any] | None]:
    """Returns infill's option for each stretch, None where nothing of it is drawn anew."""
    asked, found, known = bars_named(bars), [], set()
    for stretch in stretches:
        section, num_bars = stretch.section, stretch.passage.layout.num_bars
        own: set[int] = set()
        for bar in range(section.num_bars):
            places = [place for place in stretch.clock.model_bars(bar) if place < num_bars]
            if places:
                known.add(section.first_bar + bar)
            if section.first_bar + bar in asked:
                own.update(place + 1 for place in places)
        found.append({"bars": sorted(own)} if own else None)
    if not asked <= known:
        last = max(known)
        raise LofiError(
            f"bars must be those of the music, 1 to {last}. Received: {max(asked - known)}"
        )
    return found


class _Putting(NamedTuple):
    """Puts what a mode made of a stretch back into the song."""

    backend: Backend
    mode: str
    song: Song
    seats: Seats
    stretch: Stretch
    with_chords: bool

    def into(self, edit: Edit, piece: NoteSequence) -> None:
        """Adds the changes of a piece to those of a song."""
        kept = {note.voice - 1 for note in piece.notes if note.voice}
        may_go = self._may_go()
        edit.gone |= {
            note
            for place, note in enumerate(self.stretch.notes)
            if place not in kept and may_go[place]
        }
        if self.mode in PLAYING:
            edit.moved |= self._moved(piece)
        edit.new += self._new([note for note in piece.notes if not note.voice])
        if self.with_chords or (self._converter.loop == "chords" and self.song.chords):
            self._exchange_chords(edit, piece)

    def _may_go(self) -> np.ndarray:
        """Returns which of the notes may be taken out, bool [N]."""
        notes, mode = self.stretch.notes, self.mode
        every = np.ones(len(notes), bool)
        if mode in PLAYING or mode == "continue_" or self.seats.playing.stays:
            return ~every
        if mode == "add_hihats":
            added, table = self._converter.add_instruments, drum_table(self._converter)
            return self.stretch.taken & [table[note.pitch] in added for note in notes]
        if mode == "infill":
            return every
        return self.stretch.taken

    @property
    def _converter(self) -> Any:
        return self.backend.converter

    def _moved(self, piece: NoteSequence) -> dict[SongNote, SongNote]:
        """Returns the notes that begin elsewhere or are louder or softer, as they are now."""
        stretch, found = self.stretch, {}
        ticks = stretch.section.qpm / 60 * stretch.clock.quarter
        before = {note.voice: note for note in stretch.piece.notes}
        for note in piece.notes:
            if not note.voice:
                continue
            old = stretch.notes[note.voice - 1]
            shift = round((note.start_time - before[note.voice].start_time) * ticks)
            velocity = min(max(note.velocity, 1), 127)
            found[old] = old._replace(
                start=old.start + shift, end=old.end + shift, velocity=velocity
            )
        return found

    def _new(self, notes: Sequence[Any]) -> list[NewNote]:
        """Returns notes of a model's at their places in the song."""
        stretch, clock = self.stretch, self.stretch.clock
        quarters = stretch.section.qpm / 60
        starts, there = clock.ticks(quarters * np.array([n.start_time for n in notes]))
        ends, _ = clock.ticks(quarters * np.array([n.end_time for n in notes]))
        last = stretch.section.end - clock.near * clock.quarter
        louder = self.seats.velocity(notes)
        found = []
        for note, start, end, is_there in zip(notes, starts, ends, there, strict=True):
            if not is_there or (start >= last and self.mode != "continue_"):
                continue
            key, pitch = self.seats.seat(note)
            velocity = min(max(louder or note.velocity, 1), 127)
            begin = round(float(start))
            end = max(round(float(end)), begin + 1)
            found.append(NewNote(key, pitch, velocity, begin, end))
        return found

    def _exchange_chords(self, edit: Edit, piece: NoteSequence) -> None:
        """Adds the chords of a piece that were not there, and takes out those that are no more."""
        clock, section = self.stretch.clock, self.stretch.section
        chords = [one for one in piece.text_annotations if one.annotation_type == CHORD_SYMBOL]
        ticks, _ = clock.ticks(section.qpm / 60 * np.array([one.time for one in chords]))
        now = {(max(0, round(t)), one.text) for t, one in zip(ticks, chords, strict=True)}
        before = {one for one in self.song.chords if section.start <= one[0] < section.end}
        edit.chords |= now - before
        edit.chords_gone |= before - now
