"""What becomes of the notes of a song, as events."""

import bisect
import dataclasses
import math
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple

from lofi_tf.music.instruments import instrument
from lofi_tf.music.midi_events import META, TRACK_NAME, Event
from lofi_tf.music.midi_text import bytes_of, text_of
from lofi_tf.music.song import (
    AFTER,
    DRUM_CHANNEL,
    OFF,
    ON,
    Added,
    Place,
    Song,
    SongNote,
)
from lofi_tf.music.song_parts import Key

TEXT, LANE = 0x01, b"Chords"
_KEPT, _MOVED, _NEW = range(3)


class NewNote(NamedTuple):
    """A note of a model's in a song: where it is played, and ticks."""

    key: Key
    pitch: int
    velocity: int
    start: int
    end: int


@dataclasses.dataclass
class Edit:
    """What becomes of the notes of a song: those that go, those that move, those that are new."""

    gone: set[SongNote] = dataclasses.field(default_factory=set)
    moved: dict[SongNote, SongNote] = dataclasses.field(default_factory=dict)
    new: list[NewNote] = dataclasses.field(default_factory=list)
    chords: set[tuple[int, str]] = dataclasses.field(default_factory=set)
    chords_gone: set[tuple[int, str]] = dataclasses.field(default_factory=set)


def start_at_zero(edit: Edit, as_a_whole: bool) -> int:
    """Moves what would begin ahead of the file, by as many ticks as are returned.

    Args:
        edit: is changed.
        as_a_whole: whether all notes that a model plays are moved, to keep their feel; or new ones
            that are early begin with the file, since notes that stay are between them.
    """
    first = min([0, *(n.start for n in edit.moved.values()), *(n.start for n in edit.new)])
    if first == 0:
        return 0
    late = -first
    if not as_a_whole:
        edit.new[:] = [n._replace(start=max(0, n.start), end=max(1, n.end)) for n in edit.new]
        return late
    edit.new[:] = [n._replace(start=n.start + late, end=n.end + late) for n in edit.new]
    for old, now in edit.moved.items():
        edit.moved[old] = now._replace(start=now.start + late, end=now.end + late)
    return late


def come_round(edit: Edit, loop: int) -> None:
    """Keeps what is played within a loop of so many ticks.

    What would begin ahead of it is at its end, and what would begin at its end or later at its
    beginning, where it sounds when the loop comes round; no note ends after the loop that did not
    before.
    """

    def inside(note: Any, end: int) -> Any:
        turns = note.start // loop
        start, last = note.start - turns * loop, loop if turns else end
        least = start + (note.end > note.start)
        return note._replace(start=start, end=max(least, min(note.end - turns * loop, last)))

    edit.new[:] = [inside(note, loop) for note in edit.new]
    edit.moved.update({old: inside(now, max(loop, old.end)) for old, now in edit.moved.items()})


def edited_song(song: Song, edit: Edit, programs: Mapping[Key, int]) -> Song:
    """Returns a song with the changes of one output.

    Args:
        song: as it was.
        edit: the changes.
        programs: of tracks and channels that are new.
    """
    places: dict[Place, Event | None] = {}
    added: list[Added] = []
    new = _apart(song, edit)
    for note in edit.gone:
        places |= {(note.track, at): None for at in (note.on, note.off) if at is not None}
    for old, now in edit.moved.items():
        _move(song, old, now, places, added)
    for key in sorted({note.key for note in new} & programs.keys()):
        added += _settings(key, programs[key], is_new=key[0] >= len(song.tracks))
    for note in new:
        track, channel = note.key
        added.append(Added(track, (note.start, 0x90 | channel, note.pitch, note.velocity), ON))
        added.append(Added(track, (note.end, 0x80 | channel, note.pitch, 64), OFF))
    _exchange_chords(song, edit, places, added)
    return song.edited(places, added)


def _exchange_chords(
    song: Song, edit: Edit, places: dict[Place, Event | None], added: list[Added]
) -> None:
    """Adds what becomes of chord symbols: texts on a track of their own, as `midi_bytes` has it."""
    lanes = [n for n, track in enumerate(song.tracks) if (0, META, TRACK_NAME, LANE) in track]
    for lane in lanes if edit.chords_gone else ():
        for at, event in enumerate(song.tracks[lane]):
            chord = event[1:3] == (META, TEXT) and (event[0], text_of(event[3]))
            places |= {(lane, at): None} if chord in edit.chords_gone else {}
    after = max([len(song.tracks) - 1, *(one.track for one in added)]) + 1
    lane = lanes[0] if lanes else after if song.kind else 0
    if edit.chords and not lanes and song.kind:
        added.append(Added(lane, (0, META, TRACK_NAME, LANE), OFF))
    for tick, text in sorted(edit.chords):
        added.append(Added(lane, (tick, META, TEXT, bytes_of(text)), ON))


def _settings(key: Key, program: int, is_new: bool) -> list[Added]:
    """Returns the name of a new track and the program of its channel."""
    track, channel = key
    is_drum = channel == DRUM_CHANNEL
    name = b"Drums" if is_drum else instrument(str(program)).name.encode()
    named = [Added(track, (0, META, TRACK_NAME, name), OFF)] if is_new else []
    return named if is_drum else [*named, Added(track, (0, 0xC0 | channel, program, 0), OFF)]


def _move(
    song: Song, old: SongNote, now: SongNote, places: dict[Place, Event | None], added: list[Added]
) -> None:
    """Adds the events of a note that has moved, or is louder or softer; others stay."""
    if now == old:
        return
    events = song.tracks[old.track]
    on = (now.start, events[old.on][1], old.pitch, now.velocity)
    if now.start == old.start:
        places[old.track, old.on] = on
    else:
        places[old.track, old.on] = None
        added.append(Added(old.track, on, ON))
    if old.off is None or now.end == old.end:
        return
    places[old.track, old.off] = None
    rank = AFTER if now.end == now.start else OFF
    added.append(Added(old.track, (now.end, *events[old.off][1:]), rank))


def _apart(song: Song, edit: Edit) -> list[NewNote]:
    """Returns the new notes, and cuts moved ones, so that no note of one pitch ends another's.

    A new note where one of its pitch begins already is left out.
    """
    lanes: dict[tuple[Key, int], list[tuple[int, int, Any]]] = defaultdict(list)
    rest = [n for n in song.notes if n not in edit.gone and n not in edit.moved]
    for old in rest:
        lanes[(old.track, old.channel), old.pitch].append((old.start, _KEPT, old))
    for old, now in edit.moved.items():
        lanes[(old.track, old.channel), old.pitch].append((now.start, _MOVED, old))
    for note in edit.new:
        lanes[note.key, note.pitch].append((note.start, _NEW, note))
    found, overlapping = [], _overlapping(song)
    for lane in lanes.values():
        lane.sort(key=lambda one: one[:2])
        starts = [start for start, *_ in lane]
        for number, (start, kind, note) in enumerate(lane):
            after = bisect.bisect_right(starts, start)
            following = starts[after] if after < len(starts) else math.inf
            if kind == _NEW and (not number or starts[number - 1] < start):
                found.append(note._replace(end=int(min(note.end, following))))
            elif kind == _MOVED and note not in overlapping:
                now = edit.moved[note]
                edit.moved[note] = now._replace(end=int(min(now.end, following)))
    return found


def _overlapping(song: Song) -> set[SongNote]:
    """Returns the notes that last until after the next of their pitch begins."""
    last: dict[tuple[int, int, int], SongNote] = {}
    found = set()
    for note in song.notes:
        lane = note.track, note.channel, note.pitch
        if lane in last and last[lane].end > note.start:
            found.add(last[lane])
        last[lane] = note
    return found
