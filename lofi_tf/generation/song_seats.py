"""Which track, channel and pitch a note of a model's gets in a song."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from lofi_tf.backends.base import Backend
from lofi_tf.generation.redrawing import drum_table
from lofi_tf.generation.song_stretches import Playing, own_pitches
from lofi_tf.music.song import DRUM_CHANNEL, Song
from lofi_tf.music.song_parts import Key


class Seats:
    """The seats of a song's parts for a model's notes.

    A drum goes to the track that plays it most, or else to that with the most hits, at the pitch
    that the song has for it. A line goes to its part, others to the part of their program. What has
    none gets a track of its own.
    """

    def __init__(self, backend: Backend, song: Song, playing: Playing):
        self._song, self.playing, self._backend = song, playing, backend
        self._beat = backend.converter.loop == "beat"
        self._pitches: dict[int, int] = {}
        self._keys: dict[int, Key] = {}
        self._others: dict[tuple[int, bool], Key] = {}
        counts = Counter((n.track, n.channel) for n in playing.notes)
        self._most = None if playing.stays or not counts else counts.most_common(1)[0][0]
        if self._beat and self._most is not None:
            self._table = drum_table(backend.converter)
            self._pitches = own_pitches(backend, playing.notes)
            hits = Counter((int(self._table[n.pitch]), (n.track, n.channel)) for n in playing.notes)
            self._keys = {drum: key for (drum, key), _ in reversed(hits.most_common())}

    @property
    def added(self) -> dict[Key, int]:
        """Tracks and channels that are new, and their programs."""
        return {
            key: program
            for (program, _), key in self._others.items()
            if key not in self.playing.keys
        }

    def velocity(self, notes: Sequence[Any]) -> int | None:
        """Returns the velocity of all notes of a model that knows none: that of the part's."""
        own = [note.velocity for note in self.playing.notes]
        if self._backend.converter.expressive or len({n.velocity for n in notes}) > 1:
            return None
        return int(np.median(own)) if own else None

    def seat(self, note: Any) -> tuple[Key, int]:
        """Returns track and channel, and pitch, of a note."""
        if self._beat and self._most is not None:
            drum = int(self._table[note.pitch])
            return self._keys.get(drum, self._most), self._pitches.get(drum, note.pitch)
        if self._most is not None and len(self.playing.parts) == 1:
            return self._most, note.pitch
        player = (0 if note.is_drum else note.program, note.is_drum)
        if player not in self._others:
            self._others[player] = self._find(player)
        return self._others[player], note.pitch

    def _find(self, player: tuple[int, bool]) -> Key:
        """Returns the part of a program or of drums, or a new track for it."""
        program, is_drum = player
        for part in () if self.playing.stays else self.playing.parts:
            if part.is_drum == is_drum and (is_drum or part.program == program):
                return part.key
        tracks = len(self._song.tracks)
        new = tracks + sum(track >= tracks for track, _ in self._others.values())
        keys = [*self._others.values(), *((n.track, n.channel) for n in self._song.notes)]
        taken = {channel for _, channel in keys}
        free = [n for n in range(16) if n not in taken and n != DRUM_CHANNEL]
        channel = DRUM_CHANNEL if is_drum else (free or [0])[0]
        return (new if self._song.kind else 0, channel)
