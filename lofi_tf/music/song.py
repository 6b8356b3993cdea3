"""A MIDI file of which nothing is lost: all its events, and its notes as pairs of them.

A NoteSequence holds what models learn from. A `Song` holds the file: what is not changed is written
as it was, track by track and event by event.
"""

import dataclasses
import functools
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from lofi_tf.errors import NotConvertible
from lofi_tf.files import write_file
from lofi_tf.music.midi_events import (
    END_OF_TRACK,
    META,
    SET_TEMPO,
    TIME_SIGNATURE,
    Event,
    read_events,
)
from lofi_tf.music.song_bytes import Chunk, chunks_of, song_bytes

DRUM_CHANNEL = 9
OFF, _THERE, ON, AFTER = range(4)  # where an event goes among those of its tick
_NOTE_OFF, _NOTE_ON = 0x8, 0x9
MARKER = 0x06

Place = tuple[int, int]  # track, number of the event in it


class SongNote(NamedTuple):
    """A note of a song.

    Attributes:
        track: its number, from 0.
        on, off: numbers of its two events in the track; `off` is None where it is never let go.
        channel: from 0.
        pitch, velocity: 0 to 127.
        start, end: ticks; one that is never let go ends with the next of its pitch.
    """

    track: int
    on: int
    off: int | None
    channel: int
    pitch: int
    velocity: int
    start: int
    end: int


class Added(NamedTuple):
    """An event that is put into a track.

    Attributes:
        track: its number, from 0; those after the last are new tracks.
        event: with its tick.
        rank: where it goes on its tick: `OFF` before all that is there, `ON` after it, `AFTER`
            after those.
    """

    track: int
    event: Event
    rank: int


@dataclasses.dataclass(frozen=True)
class Song:
    """A MIDI file.

    Attributes:
        kind: 0, one track; 1, tracks of one piece; 2, a piece a track.
        division: ticks a quarter note; if negative, frames a second and ticks a frame (SMPTE).
        tracks: the events of each, in order.
        chunks: what the file was read from, chunk by chunk; a track's is None once it is changed,
            and None stands for all where they do not match what was read.
        chords: ticks and symbols that a score had beside its notes.
        problems: what of the file is missing.

    Example:
        >>> song = Song.of_bytes(data)
        >>> song.to_bytes() == data
        True
    """

    kind: int
    division: int
    tracks: tuple[tuple[Event, ...], ...]
    chunks: tuple[Chunk, ...] | None = None
    chords: tuple[tuple[int, str], ...] = ()
    problems: tuple[NotConvertible, ...] = ()

    @classmethod
    def of_bytes(cls, data: bytes) -> "Song":
        """Reads a MIDI file.

        Raises:
            NotConvertible: the bytes are no MIDI file, or damaged in the middle.
        """
        found = read_events(data)
        tracks = tuple(tuple(track) for track in found.tracks)
        problems = tuple(found.problems)
        chunks = None if problems else chunks_of(data, len(tracks))
        return cls(found.kind, found.division, tracks, chunks, problems=problems)

    def to_bytes(self) -> bytes:
        """Returns the file: a track that is not changed as it was, byte by byte."""
        return song_bytes(self.kind, self.division, self.tracks, self.chunks)

    def write(self, path: str | Path) -> None:
        """Writes the file, which appears only when whole; missing folders are made."""
        write_file(path, self.to_bytes())

    @functools.cached_property
    def notes(self) -> tuple[SongNote, ...]:
        """The notes, by track and by their beginnings."""
        found = (_notes_of(number, track) for number, track in enumerate(self.tracks))
        return tuple(note for notes in found for note in notes)

    @functools.cached_property
    def length(self) -> int:
        """The tick of the last event."""
        return max((event[0] for track in self.tracks for event in track), default=0)

    def metas(self, kind: int) -> list[tuple[int, bytes]]:
        """Returns tick and payload of the meta events of a type on all tracks, by tick."""
        found = [
            (event[0], event[3])
            for track in self.tracks
            for event in track
            if event[1] == META and event[2] == kind
        ]
        return sorted(found, key=lambda event: event[0])

    def edited(self, edits: Mapping[Place, Event | None], added: Iterable[Added] = ()) -> "Song":
        """Returns the song with other events.

        Args:
            edits: what becomes of single events, on their ticks; None takes one out.
            added: new events.
        """
        changes: dict[int, dict[int, Event | None]] = defaultdict(dict)
        for (track, number), event in edits.items():
            changes[track][number] = event
        new: dict[int, list[tuple[Event, int]]] = defaultdict(list)
        for one in added:
            new[one.track].append((one.event, one.rank))
        touched = {*changes, *new}
        missing = max(touched, default=0) + 1 - len(self.tracks)
        tracks = [*self.tracks, *([((0, META, END_OF_TRACK, b""),)] * missing)]
        for number in touched:
            tracks[number] = _edited(tracks[number], changes[number], new[number])
        chunks = self.chunks
        if chunks is not None:
            kept = [c._replace(data=None) if c.track in touched else c for c in chunks]
            more = range(len(self.tracks), len(tracks))
            chunks = (*kept, *(Chunk(number, None) for number in more))
        return dataclasses.replace(self, tracks=tuple(tracks), chunks=chunks)

    def at_tempo(self, qpm: float) -> "Song":
        """Returns the song with a tempo that it begins with; later ones change alike."""
        places = [
            ((number, place), event)
            for number, track in enumerate(self.tracks)
            for place, event in enumerate(track)
            if event[1] == META and event[2] == SET_TEMPO and len(event[3]) >= 3
        ]
        first = [event for _, event in places if event[0] == 0]
        ratio = 6e7 / qpm / (_micros(first[-1]) if first else 500_000)
        edits = {place: _tempo(event[0], ratio * _micros(event)) for place, event in places}
        start = [] if first else [Added(0, _tempo(0, ratio * 500_000), OFF)]
        return self.edited(edits, start)

    def ending_at(self, tick: int) -> "Song":
        """Returns the song with an end at a tick, or at its last event where that is later.

        Tracks that end later end there; where none ends as late, the first one does.
        """
        tracks = [_ending(track, tick) if _end(track) > tick else track for track in self.tracks]
        if tracks and max(map(_end, tracks)) < tick:
            tracks[0] = _ending(tracks[0], tick)
        changed = {n for n, track in enumerate(tracks) if track is not self.tracks[n]}
        chunks = self.chunks
        if chunks is not None:
            chunks = tuple(c._replace(data=None) if c.track in changed else c for c in chunks)
        return dataclasses.replace(self, tracks=tuple(tracks), chunks=chunks)

    def only(self, keys: Iterable[tuple[int, int]]) -> "Song":
        """Returns the song without the notes and other events of channels that are not among keys.

        Args:
            keys: tracks and channels.
        """
        keys = set(keys)
        edits = {
            (number, place): None
            for number, track in enumerate(self.tracks)
            for place, event in enumerate(track)
            if event[1] < 0xF0 and (number, event[1] & 15) not in keys
        }
        left = {number for number, _ in keys}
        song = self.edited(edits)
        if self.kind != 1:
            return song
        kept = [
            number
            for number, track in enumerate(self.tracks)
            if number in left or _steers(track) or all(event[1] >= 0xF0 for event in track)
        ]
        tracks = tuple(song.tracks[number] for number in kept)
        return dataclasses.replace(song, tracks=tracks, chunks=None)


def _steers(track: Iterable[Event]) -> bool:
    """Says whether a track has what counts for all: tempo, metre or markers."""
    kinds = (SET_TEMPO, TIME_SIGNATURE, MARKER)
    return any(event[1] == META and event[2] in kinds for event in track)


def _end(track: tuple[Event, ...]) -> int:
    return track[-1][0] if track else 0


def _ending(track: tuple[Event, ...], tick: int) -> tuple[Event, ...]:
    """Returns a track with its end at a tick, or at the last event before it."""
    events = track[:-1] if track and track[-1][1:3] == (META, END_OF_TRACK) else track
    return (*events, (max(_end(events), tick), META, END_OF_TRACK, b""))


def _micros(event: Event) -> int:
    return max(1, int.from_bytes(event[3][:3], "big"))


def _tempo(tick: int, micros: float) -> Event:
    value = min(max(1, round(micros)), 2**24 - 1)
    return (tick, META, SET_TEMPO, value.to_bytes(3, "big"))


def _notes_of(track: int, events: tuple[Event, ...]) -> list[SongNote]:
    """Returns the notes of a track, each let go by the first note-off that is left for it."""
    waiting: dict[tuple[int, int], deque[int]] = defaultdict(deque)
    pairs: dict[int, int | None] = {}
    for number, (_, status, pitch, velocity) in enumerate(events):
        kind = status >> 4
        if kind == _NOTE_ON and velocity:
            waiting[status, pitch].append(number)
            pairs[number] = None
        elif kind in (_NOTE_ON, _NOTE_OFF) and (open_notes := waiting[status & 15 | 0x90, pitch]):
            pairs[open_notes.popleft()] = number
    found = []
    following: dict[tuple[int, int], int] = {}
    last = events[-1][0] if events else 0
    for on, off in reversed(pairs.items()):
        start, status, pitch, velocity = events[on]
        end = following.get((status, pitch), last) if off is None else events[off][0]
        following[status, pitch] = start
        found.append(SongNote(track, on, off, status & 15, pitch, velocity, start, end))
    return found[::-1]


def _edited(
    events: tuple[Event, ...],
    edits: Mapping[int, Event | None],
    added: list[tuple[Event, int]],
) -> tuple[Event, ...]:
    """Returns the events of a track with other ones; the end of track stays last."""
    closed = bool(events) and events[-1][1:3] == (META, END_OF_TRACK)
    ends = events[-1:] if closed else ()
    ranked = [
        (event[0], _THERE, number, event)
        for number, old in enumerate(events[: len(events) - len(ends)])
        if (event := edits.get(number, old)) is not None
    ]
    ranked += [(event[0], rank, number, event) for number, (event, rank) in enumerate(added)]
    found = [event for *_, event in sorted(ranked, key=lambda one: one[:3])]
    last = found[-1][0] if found else 0
    return (*found, *((max(event[0], last), *event[1:]) for event in ends))
