"""Drums for a song: a plan's beat, each bar of it at a bar of the song."""

from collections.abc import Mapping, Sequence

import numpy as np

from lofi_tf.composing.beats import Kit, drum_kit, drum_notes, kicks_of
from lofi_tf.composing.instrument_models import Players
from lofi_tf.composing.plan import Plan
from lofi_tf.composing.song_time import SongTime, TrackBar
from lofi_tf.composing.step_notes import Note
from lofi_tf.music.quantize import STEPS_PER_BAR
from lofi_tf.rendering.track_events import KICKS

SNARES = (38, 40)
LEAST_KICK = 0.8  # of the snares' velocity
AHEAD = 0.5  # steps by which a hit may be ahead of its step
ON_TIME = 0.05  # steps by which the kick of a bar's first step may be off


def song_drums(
    plan: Plan, players: Players, time: SongTime
) -> tuple[list[Note], Mapping[str, Sequence[float]]]:
    """Returns the drums of a song in steps, and where kicks fall in two bars of each theme."""
    part = plan.parts["drums"]
    kit: Kit = drum_kit(plan, players, part, part.seed)
    notes = drum_notes(plan, players, part, kit, part.seed)
    late = _lateness(notes)
    kicks = {
        theme: [
            step + _on_time(kick - step, late, step) for kick in found for step in [round(kick)]
        ]
        for theme, found in kicks_of(kit.loops).items()
    }
    return at_bars(firm(notes), time.bars), kicks


def firm(notes: Sequence[Note]) -> list[Note]:
    """Returns drums whose kicks are not much softer than their snares, as a mix wants them."""
    kicks, snares = (
        [note.velocity for note in notes if note.pitch in pitches] for pitches in (KICKS, SNARES)
    )
    if not kicks or not snares:
        return list(notes)
    gain = max(1.0, LEAST_KICK * float(np.median(snares)) / float(np.median(kicks)))
    return [
        note._replace(velocity=min(127, round(note.velocity * gain)))
        if note.pitch in KICKS
        else note
        for note in notes
    ]


def at_bars(notes: Sequence[Note], bars: Sequence[TrackBar]) -> list[Note]:
    """Returns notes of bars of sixteen steps at bars of a song, as far as these have their steps.

    Hits keep their distance from their step, less that of the kicks that begin bars on the mean;
    these begin with their bar. One ahead of the first step of all is on it.
    """
    late = _lateness(notes)
    by_bar: dict[int, list[Note]] = {}
    for note in notes:
        by_bar.setdefault(int((note.start + AHEAD) // STEPS_PER_BAR), []).append(note)
    found = []
    for number, bar in enumerate(bars):
        for note in by_bar.get(number, ()):
            inside = note.start - number * STEPS_PER_BAR
            step = int(inside + AHEAD)
            is_kick = note.pitch in KICKS
            inside = step + _on_time(inside - step, late, step if is_kick else None)
            for place, played in enumerate(bar.played):
                if played == step:
                    start = max(0.0, bar.start + place + inside - step)
                    found.append(note._replace(start=start, end=start + note.end - note.start))
    return sorted(found)


def _lateness(notes: Sequence[Note]) -> float:
    """Returns how late the kicks that begin bars are, in steps; the middle one of them in order."""
    places = [(n.start + AHEAD) % STEPS_PER_BAR - AHEAD for n in notes if n.pitch in KICKS]
    lates = [place for place in places if place < AHEAD]
    return float(np.median(lates)) if lates else 0.0


def _on_time(off: float, late: float, kick_step: int | None) -> float:
    """Returns how far a hit is from its step when all come earlier by as much as they are late."""
    if kick_step is not None and kick_step % STEPS_PER_BAR == 0:
        return float(np.clip(off - late, -ON_TIME, ON_TIME))
    return max(off - late, -AHEAD)
