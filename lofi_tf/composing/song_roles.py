"""Who plays what in a song that becomes a track: melody, chords, bass, drums."""

import dataclasses
from typing import Any

import numpy as np

from lofi_tf.composing.plan import PARTS
from lofi_tf.composing.song_time import SongTime
from lofi_tf.composing.step_notes import Note
from lofi_tf.music.song_parts import is_like_drums
from lofi_tf.rendering.track_events import role_of

LOUDNESS = {"drums": 80.0, "bass": 84.0, "chords": 64.0, "melody": 84.0}  # mean velocities
BESIDE = 66.0  # of melodies beside the first
SOFTEST = 20
ONE_VOICE = 1.3  # notes that sound together, on the mean, in a part of one voice
LOW_VOICE = 55  # mean pitch of the lowest of several voices that is a bass


@dataclasses.dataclass(frozen=True)
class SongPart:
    """What one instrument of a song plays.

    Attributes:
        key: instrument, program and whether it is drums, as NoteSequences have them.
        title: the name of its track, or nothing.
        role: one of `PARTS`.
        notes: in sixteenths of the track.
    """

    key: tuple[int, int, bool]
    title: str
    role: str
    notes: tuple[Note, ...]


def song_parts(sequence: Any, time: SongTime) -> list[SongPart]:
    """Returns the parts of a NoteSequence, each as loud as its role is in a track.

    One whose name says that it is the melody is ahead of others.
    """
    names = {info.instrument: info.name.strip() for info in sequence.instrument_infos}
    found: dict[tuple[int, int, bool], list[Note]] = {}
    for note in sequence.notes:
        key = note.instrument, note.program, note.is_drum
        start, end = time.steps(note.start_time), time.steps(note.end_time)
        new = Note(start, max(end, start + 0.1), note.pitch, note.velocity)
        found.setdefault(key, []).append(new)
    titles = {key: names.get(key[0], "") for key in found}
    roles = _roles(found, titles)
    order = sorted(found, key=lambda key: role_of(titles[key], key[1], False) != "melody")
    sung = next((key for key in order if roles[key] == "melody"), None)
    parts = []
    for key in order:
        beside = roles[key] == "melody" and key != sung
        loudness = BESIDE if beside else LOUDNESS[roles[key]]
        parts.append(SongPart(key, titles[key], roles[key], _levelled(found[key], loudness)))
    return parts


def notes_of(parts: list[SongPart], *roles: str) -> list[Note]:
    """Returns the notes of some roles, in their order."""
    return sorted(note for part in parts if part.role in roles for note in part.notes)


def voices_of(notes: list[Note]) -> float:
    """Returns how many notes sound together where any does, on the mean."""
    spans = sorted((note.start, note.end) for note in notes)
    covered, reach = 0.0, -np.inf
    for start, end in spans:
        covered += max(0.0, end - max(start, reach))
        reach = max(reach, end)
    return sum(end - start for start, end in spans) / max(covered, 1e-9)


def _roles(found: dict, titles: dict) -> dict:
    """Returns the role of each part: what its name or program says, else by its register."""
    roles = {key: role_of(titles[key], key[1], bool(key[2])) for key in found}
    if "drums" not in roles.values():
        for key, notes in found.items():
            if not key[1] and is_like_drums(notes, titles[key], alone=len(found) == 1):
                roles[key] = "drums"
    open_ = [key for key in found if roles[key] not in PARTS]
    height = {key: float(np.mean([note.pitch for note in found[key]])) for key in found}
    single = {key: voices_of(found[key]) < ONE_VOICE for key in found}
    if "bass" not in roles.values() and len(open_) > 2:
        lowest = min(open_, key=lambda key: height[key])
        if single[lowest] and height[lowest] < LOW_VOICE:
            roles[lowest] = "bass"
    if "melody" not in roles.values():
        alone = [key for key in open_ if single[key] and roles[key] not in PARTS]
        if alone:
            roles[max(alone, key=lambda key: height[key])] = "melody"
    rest = {key for key, role in roles.items() if role not in PARTS}
    roles |= dict.fromkeys(rest, "chords")
    many = [key for key in roles if roles[key] == "chords" and not single[key]]
    if many:  # that play chords: then others of one voice are melodies beside the first
        roles |= {key: "melody" for key in rest if single[key] and height[key] > LOW_VOICE}
    return roles


def _levelled(notes: list[Note], loudness: float) -> tuple[Note, ...]:
    mean = max(1.0, float(np.mean([note.velocity for note in notes])))
    return tuple(
        sorted(
            note._replace(velocity=int(np.clip(note.velocity * loudness / mean, SOFTEST, 120)))
            for note in notes
        )
    )
