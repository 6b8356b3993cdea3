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

AHEAD = 0.5  # steps by which a hit may be ahead of its step
ON_TIME = 0.05  # steps by which the kick of a bar's first step may be off


def song_drums(
    plan: Plan, players: Players, time: SongTime
) -> tuple[list[Note], Mapping[str, Sequence[float]]]:
    """Returns the drums of a song in steps, and where kicks fall in two bars of each theme."""
    part = plan.parts["drums"]
    kit: Kit = drum_kit(plan, players, part, part.seed)
    return at_bars(drum_notes(plan, players, part, kit, part.seed), time.bars), kicks_of(kit.loops)


def at_bars(notes: Sequence[Note], bars: Sequence[TrackBar]) -> list[Note]:
    """Returns notes of bars of sixteen steps at bars of a song, as far as these have their steps.

    Hits keep their distance from their step, less that of the kicks that begin bars on the mean;
    these begin with their bar. One ahead of the first step of all is on it.
    """
    lates = [_place(note) for note in notes if note.pitch in KICKS]
    lates = [late for late in lates if late < AHEAD]
    late = float(np.median(lates)) if lates else 0.0
    by_bar: dict[int, list[Note]] = {}
    for note in notes:
        by_bar.setdefault(int((note.start + AHEAD) // STEPS_PER_BAR), []).append(note)
    found = []
    for number, bar in enumerate(bars):
        for note in by_bar.get(number, ()):
            inside = note.start - number * STEPS_PER_BAR
            step = int(inside + AHEAD)
            inside = max(inside - late, step - AHEAD)
            if step == 0 and note.pitch in KICKS:
                inside = float(np.clip(inside, -ON_TIME, ON_TIME))
            for place, played in enumerate(bar.played):
                if played == step:
                    start = max(0.0, bar.start + place + inside - step)
                    found.append(note._replace(start=start, end=start + note.end - note.start))
    return sorted(found)


def _place(note: Note) -> float:
    """Returns how far a note is from the first step of its bar, in steps."""
    return (note.start + AHEAD) % STEPS_PER_BAR - AHEAD
