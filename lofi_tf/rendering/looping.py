"""Loops: what rings on at the end is heard at the beginning, as if the music went round for ever.

Notes are played, and effects run, several times over; what is kept is a whole turn in which all
that began before is heard. What sways or is drawn by the sample's number comes round with it.
"""

import dataclasses
import itertools
import math
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from lofi_tf.errors import LofiError
from lofi_tf.rendering import effects
from lofi_tf.rendering.midi_controls import Curve
from lofi_tf.rendering.track_events import TrackEvents

RINGING_SECONDS = 20.0  # of notes and hits that are heard in the next turns; the room's are added
EFFECTS_SECONDS, PLUGINS_SECONDS = 2.0, 20.0  # after which effects no longer tell when they began
SHORTEST_SECONDS = 0.1


def check_length(length: int, sample_rate: int) -> None:
    """Refuses a loop too short to be heard as one."""
    if length < SHORTEST_SECONDS * sample_rate:
        raise LofiError(
            f"a loop must last {SHORTEST_SECONDS:g} s or more. Received: {length / sample_rate:g} s"
        )


def turns(seconds: float, length: int, sample_rate: int) -> int:
    """Returns how many turns of a loop last for some seconds at least."""
    return math.ceil(seconds * sample_rate / length)


def repeated(part: TrackEvents, length: int, times: int) -> TrackEvents:
    """Returns a part played several times, `length` samples from one to the next."""
    offsets = np.repeat(np.arange(times) * length, len(part.starts))
    cuts = part.cuts[part.cuts < length]
    return dataclasses.replace(
        part,
        starts=np.tile(part.starts, times) + offsets,
        offs=np.tile(part.offs, times) + offsets,
        pitches=np.tile(part.pitches, times),
        velocities=np.tile(part.velocities, times),
        bend=part.bend and _repeated(part.bend, length, times),
        controls={n: _repeated(curve, length, times) for n, curve in part.controls.items()},
        cuts=np.concatenate([cuts + turn * length for turn in range(times)]),
    )


def _repeated(curve: Curve, length: int, times: int) -> Curve:
    """Returns a curve that begins each turn as the first."""
    inside = curve.times < length
    if not inside.any():
        return dataclasses.replace(curve, times=curve.times[:0], values=curve.values[:0])
    moments = np.concatenate([[0.0], curve.times[inside]])
    values = np.concatenate([[curve.first], curve.values[inside]])
    offsets = np.repeat(np.arange(times) * float(length), len(moments))
    return Curve(np.tile(moments, times) + offsets, np.tile(values, times), curve.first)


def settled(
    chain: list[effects.Effect],
    turn: Callable[[], Iterable[np.ndarray]],
    length: int,
    before: int,
) -> Iterator[np.ndarray]:
    """Yields one turn of a loop after some effects, when they have run for `before` turns.

    `turn` gives the blocks of a turn, [2, n] each, `length` samples in all.
    """
    after = turns(1, length, max(1, sum(effect.latency for effect in chain)))
    fed = itertools.chain.from_iterable(turn() for _ in range(before + 1 + after))
    yield from stretch(effects.run(chain, fed), before * length, length)


def stretch(blocks: Iterable[np.ndarray], first: int, count: int) -> Iterator[np.ndarray]:
    """Yields the samples from `first` on of blocks [2, n], `count` of them."""
    at, last = 0, first + count
    for block in blocks:
        begin, end = max(first - at, 0), min(last - at, block.shape[1])
        if begin < end:
            yield block[:, begin:end]
        at += block.shape[1]
        if at >= last:
            return
