"""What is left of a song when a part of it has changed, event by event, as mido reads it."""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import mido


class Kept(NamedTuple):
    """What a comparison found.

    Attributes:
        kept: events of before that are there as they were.
        lost: events of before that are not, but notes of the part.
        added: events that are new, but notes of the part.
        notes_before, notes_after: of the part.
        notes_kept: of these, those that are as they were.
    """

    kept: int
    lost: Counter
    added: Counter
    notes_before: int
    notes_after: int
    notes_kept: int


def compare(before: Path, after: Path, keys, new_tracks=()) -> Kept:
    """Compares two files.

    Args:
        before: a MIDI file.
        after: what it has become.
        keys: tracks and channels, from 0, whose notes may have changed.
        new_tracks: tracks that may be new.
    """
    old, new = (mido.MidiFile(path, clip=True) for path in (before, after))
    events = [Counter(rest_of(one, keys)) for one in (old, new)]
    heads = [
        Counter({("type", one.type): 1, ("ticks", one.ticks_per_beat): 1}) for one in (old, new)
    ]
    lost = (heads[0] - heads[1]) + (events[0] - events[1])
    added = events[1] - events[0]
    for key in [key for key in added if key[0] in new_tracks]:
        del added[key]
    notes = [Counter(notes_of(one, keys)) for one in (old, new)]
    same = notes[0] & notes[1]
    kept = sum((events[0] & events[1]).values())
    counts = (sum(one.values()) for one in (*notes, same))
    return Kept(kept, lost, added, *counts)


def rest_of(song: mido.MidiFile, keys):
    """Yields every event but the notes of keys, and but the place of the end of their tracks.

    Each is (track, ticks, place among the others of its tick, message).
    """
    tracks = {track for track, _ in keys}
    for number, track in enumerate(song.tracks):
        now, place, last = 0, 0, -1
        for message in track:
            now += message.time
            is_note = message.type in ("note_on", "note_off")
            if is_note and (number, message.channel) in keys:
                continue
            place = place + 1 if now == last else 0
            last = now
            at = None if message.type == "end_of_track" and number in tracks else now
            yield number, at, place if at is not None else 0, str(message.copy(time=0))


def notes_of(song: mido.MidiFile, keys):
    """Yields (track, channel, pitch, velocity, on tick) of each struck note of keys."""
    for number, track in enumerate(song.tracks):
        now = 0
        for message in track:
            now += message.time
            if message.type == "note_on" and message.velocity and (number, message.channel) in keys:
                yield number, message.channel, message.note, message.velocity, now


def listing(path: Path) -> list[str]:
    """Returns a line a track: its name and how many events of each type it has."""
    song = mido.MidiFile(path)
    lines = [f"format {song.type}, {song.ticks_per_beat} ticks a quarter, {song.length:.1f} s"]
    for number, track in enumerate(song.tracks, 1):
        counts = Counter(message.type for message in track)
        told = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
        lines.append(f"{number} {track.name!r}: {told}")
    return lines
