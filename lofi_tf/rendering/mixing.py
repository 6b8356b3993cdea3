"""The mix: parts at their level and place, giving way to the kick, in a room."""

from collections.abc import Iterator

import numpy as np

from lofi_tf.rendering.drum_kit import Kit
from lofi_tf.rendering.ducking import Ducking, gain_of
from lofi_tf.rendering.players import Player
from lofi_tf.rendering.room import Room
from lofi_tf.rendering.settings import RenderSettings, level_of
from lofi_tf.rendering.soundfont import SoundFont
from lofi_tf.rendering.track_events import TrackEvents, kicks_of
from lofi_tf.rendering.width import Width

ROOM = "room"  # the stem of what the room adds


class Mixer:
    """Plays parts together; of the settings, levels, width, ducking and room count here.

    Args:
        parts: who plays what.
        settings: of the render.
        font: plays all but the hits of `kit`.
        kit: of drums.
        period: samples of a loop, which what sways is to fit.
    """

    def __init__(
        self,
        parts: list[TrackEvents],
        settings: RenderSettings,
        font: SoundFont,
        kit: Kit | None,
        period: int | None = None,
    ):
        rate = settings.sample_rate
        self._players = [
            Player(part, font, rate, kit, _of(settings.pan, part) or 0.0) for part in parts
        ]
        widths = [_of(settings.width, part) or 0.0 for part in parts]
        self._widths = [Width(width, rate, period) if width else None for width in widths]
        self._gains = [10 ** ((_of(settings.gain_db, part) or 0.0) / 20) for part in parts]
        sends = [_of(settings.room_db, part) for part in parts]
        self._sends = [0.0 if send is None else 10 ** (send / 20) for send in sends]
        self._ducks = [_of(settings.duck_db, part) or 0.0 for part in parts]
        self._ducking = Ducking(*kicks_of(parts), settings.duck_release_seconds, rate)
        self._room = None
        if any(self._sends):
            self._room = Room(settings.room_seconds, settings.room_damping_hz, rate)
        self._tail = round(settings.room_seconds * rate) if self._room else 0

    @property
    def stem_names(self) -> list[str]:
        """Names of the stems that `blocks` gives, in order."""
        return [player.part.name for player in self._players] + [ROOM] * (self._room is not None)

    def blocks(self, size: int) -> Iterator[list[np.ndarray]]:
        """Yields stretches of every stem, [2, n <= size] each; their sum is the mix.

        They end where the last sound does, and the room with it.
        """
        begin = 0
        while not all(player.done for player in self._players):
            stems = self._play(begin, size)
            begin += size
            if all(player.done for player in self._players):
                over = begin - max(player.end for player in self._players)
                stems = [stem[:, : size - over] for stem in stems]
            yield self._with_room(stems)
        left = self._tail
        while left:
            count = min(left, size)
            yield self._with_room([np.zeros([2, count])] * len(self._players))
            left -= count

    def between(self, first: int, last: int, size: int) -> Iterator[list[np.ndarray]]:
        """Yields the same, from one sample to another, whether something sounds there or not."""
        for begin in range(0, last, size):
            stems = self._with_room(self._play(begin, min(size, last - begin)))
            if begin + stems[0].shape[1] > first:
                yield [stem[:, max(0, first - begin) :] for stem in stems]

    def _play(self, begin: int, count: int) -> list[np.ndarray]:
        depth = self._ducking.depth(begin, count) if any(self._ducks) else None
        stems = []
        playing = zip(self._players, self._gains, self._widths, self._ducks, strict=True)
        for player, gain, width, duck in playing:
            stem = gain * player.play(count).astype(np.float64)
            stem = width.process(stem) if width else stem
            stems.append(stem * gain_of(depth, duck) if duck else stem)
        return stems

    def _with_room(self, stems: list[np.ndarray]) -> list[np.ndarray]:
        if self._room is None:
            return stems
        sent = np.zeros_like(stems[0])
        for stem, send in zip(stems, self._sends, strict=True):
            if send:
                sent = sent + send * stem
        return [*stems, self._room.process(sent)]


def _of(levels, part: TrackEvents) -> float | None:
    return level_of(levels, part.name, part.role)
