"""The parts of a song: who plays, and which of them are drums."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from lofi_tf.errors import LofiError, near_names
from lofi_tf.music.drum_classes import KIT
from lofi_tf.music.midi_events import META, TRACK_NAME
from lofi_tf.music.midi_text import text_of
from lofi_tf.music.song import DRUM_CHANNEL, Song, SongNote

Key = tuple[int, int]  # track, channel
_BANK, _CONTROL, _PROGRAM = 0, 0xB, 0xC
_DRUM_BANKS = (120, 126, 127)  # of General MIDI 2 and XG
_DRUM_NAME = re.compile(r"drum|perc|\bkit\b|\bbeat\b", re.IGNORECASE)
_KICKS, _TIMES = {35, 36}, {38, 40, 42, 44, 46}  # of which a kit that nothing names plays some


class Part(NamedTuple):
    """What one channel of a track plays.

    Attributes:
        number: as people count, from 1.
        name: of the track, or nothing.
        key: track and channel.
        program: 0 to 127.
        is_drum: whether it is for drums.
        notes: in order.
    """

    number: int
    name: str
    key: Key
    program: int
    is_drum: bool
    notes: tuple[SongNote, ...]

    @property
    def title(self) -> str:
        """Its number, name and kind, as a line tells of it."""
        kind = "drums" if self.is_drum else f"program {self.program}"
        count = f"{len(self.notes)} note{'s' if len(self.notes) > 1 else ''}"
        return f"{self.number} {self.name or 'without a name'} ({kind}, {count})"


def parts_of(song: Song) -> list[Part]:
    """Returns the parts that have notes, in the order of the file.

    Drums are what is on channel 10 or in a bank of drums; and, where nothing is on channel 10, what
    plays drums of a kit alone, without a program other than 0, and is named for it
    or is the only part and strikes kick and snare or hi-hat, some together.
    """
    notes: dict[Key, list[SongNote]] = {}
    for note in song.notes:
        notes.setdefault((note.track, note.channel), []).append(note)
    found = []
    by_rule = not any(channel == DRUM_CHANNEL for _, channel in notes)
    for key, its in notes.items():
        name, program = _name(song, key[0]), _setting(song, its[0], _PROGRAM) or 0
        drum = key[1] == DRUM_CHANNEL or _setting(song, its[0], _CONTROL) in _DRUM_BANKS
        if by_rule and not drum and not program:
            drum = is_like_drums(its, name, alone=len(notes) == 1)
        found.append(Part(len(found) + 1, name, key, program, drum, tuple(its)))
    return found


def parts_named(parts: list[Part], track: str | int) -> list[Part]:
    """Returns the parts of a number or of a name, in any case; `drums` is all drums.

    Raises:
        LofiError: no such part, and which there are.

    Example:
        >>> [part.name for part in parts_named(parts_of(song), "drums")]
        ['Kick', 'Hats']
    """
    wanted = str(track).strip().casefold()
    found = [part for part in parts if part.name.strip().casefold() == wanted]
    if not found and wanted.isdigit():
        found = [part for part in parts if part.number == int(wanted)]
    if not found and wanted == "drums":
        found = [part for part in parts if part.is_drum]
    if found:
        return found
    near = near_names(wanted, [part.name.casefold() for part in parts if part.name])
    meant = [part.name for part in parts if part.name.casefold() in near][:1]
    hint = f" Did you mean {meant[0]!r}?" if meant else ""
    raise LofiError(f"no such track.{hint} Allowed: {titles(parts)}. Received: {track!r}")


def parts_for(song: Song, track: str | int | None, kind: str | None, who: str) -> list[Part]:
    """Returns the parts of which a model of a kind plays some.

    Args:
        song: the song.
        track: name or number; what it names is taken as drums by models of drums.
        kind: `beat`, of drums; `chords`, `line`, of others; None of all parts.
        who: the mode and its model, of a line that says what is missing.

    Raises:
        LofiError: no notes, no such part, or none of the kind.
    """
    parts = parts_of(song)
    if not parts:
        raise LofiError("it has no notes")
    asked = parts if track is None else parts_named(parts, track)
    if kind is None:
        return asked
    found = [part for part in asked if part.is_drum == (kind == "beat")]
    if kind == "beat" and track is not None:
        return asked
    if not found and kind == "beat":
        raise LofiError(
            f"it has no drums, and {who} plays drums: --track=NAME takes a track as drums. "
            f"Received: {titles(parts)}"
        )
    if not found:
        raise LofiError(f"{who} plays no drums. Received: {titles(asked)}")
    return found


def titles(parts: Iterable[Part]) -> str:
    """Returns what a line tells of parts."""
    return ", ".join(part.title for part in parts) or "none, for there are no notes"


def _name(song: Song, track: int) -> str:
    names = [event[3] for event in song.tracks[track] if event[1:3] == (META, TRACK_NAME)]
    return text_of(names[0]).strip() if names else ""


def _setting(song: Song, first: SongNote, kind: int) -> int | None:
    """Returns the program, or the bank, that a channel has at its first note; None where unsaid."""
    status = kind << 4 | first.channel
    others = [n for n in range(len(song.tracks)) if n != first.track]
    for track in (first.track, *others):
        found = None
        for tick, its, number, value in song.tracks[track]:
            if tick > first.start:
                break
            if its == status and (kind == _PROGRAM or number == _BANK):
                found = number if kind == _PROGRAM else value
        if found is not None:
            return found
    return None


def is_like_drums(notes: Sequence[Any], name: str, alone: bool) -> bool:
    """Says whether notes, with pitch and start, are drums though nothing says so but their name.

    Without a name they are if they are alone, and strike kick and snare or hi-hat, some together.
    """
    pitches = {note.pitch for note in notes}
    if not pitches <= KIT:
        return False
    if _DRUM_NAME.search(name):
        return True
    together = len({note.start for note in notes}) < len(notes)
    return alone and together and bool(pitches & _KICKS) and bool(pitches & _TIMES)
