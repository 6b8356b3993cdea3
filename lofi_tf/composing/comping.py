"""Chords as they are played: a rhythm for each theme that comes back, held where it is quiet."""

from collections.abc import Sequence

import numpy as np

from lofi_tf.composing import voicing
from lofi_tf.composing.blocks import Block, is_silent, placed, playing, sounding
from lofi_tf.composing.harmony import Harmony, block_chords
from lofi_tf.composing.lines import EARLY
from lofi_tf.composing.plan import Plan
from lofi_tf.composing.step_notes import Note, stream
from lofi_tf.composing.voicing import Strike
from lofi_tf.data.converters.progression_tracks import ChordEvent
from lofi_tf.generation.scoring import merged
from lofi_tf.music.quantize import STEPS_PER_BAR

QUIET = 0.3  # energy below which chords are held
PUSH_CHANCE = 0.3  # that a chord comes an eighth early
LONGEST = 24  # steps of a chord in rhythm
AGAIN = (6, 7, 10)  # steps after which a long chord may be struck again


def chord_notes(plan: Plan, seed: int, themes: Harmony) -> list[Note]:
    """Returns the chords as they are played: held where there is little energy, else in rhythm."""
    found, before = [], None
    for block in playing(plan, "chords"):
        chords = block_chords(plan, themes, block)
        level = round(4 * block.energy) / 4  # so that sections of about one energy are one loop
        random = stream(seed, "rhythm", block.section.theme)
        held = merged(chords, block.steps)
        struck = held if block.energy < QUIET else in_rhythm(chords, level, random)
        strikes = [_strike(block, held, event) for event in struck]
        loudness = 54.0 + 22.0 * block.energy
        random = stream(seed, "touch", block.number)
        notes, before = voicing.played(strikes, before, random, loudness)
        found += placed(sounding(notes, block, "chords"), block)
    return found


def in_rhythm(
    strikes: Sequence[ChordEvent], energy: float, random: np.random.Generator
) -> list[ChordEvent]:
    """Returns strikes in a rhythm of their own: some an eighth early, long ones struck again."""
    found: list[ChordEvent] = []
    for strike in strikes:
        early, drawn, later = random.random(), random.random(), int(random.choice(AGAIN))
        start, end = strike.start, strike.end
        if start >= STEPS_PER_BAR and start % STEPS_PER_BAR == 0 and early < PUSH_CHANCE:
            start -= EARLY
        if found and found[-1].end > start:
            found[-1] = found[-1]._replace(end=start)
        while end - start > LONGEST:  # a chord of several bars is struck in each
            bar = (start // STEPS_PER_BAR + 1) * STEPS_PER_BAR
            bar += STEPS_PER_BAR if bar - start < STEPS_PER_BAR // 2 else 0
            found.append(ChordEvent(start, bar, strike.chord))
            start = bar
        again = start + later
        if end - start >= 14 and drawn < 0.2 + 0.6 * energy:
            found.append(ChordEvent(start, again - 1, strike.chord))
            start = again
        found.append(ChordEvent(start, end, strike.chord))
    return [event for event in found if event.end > event.start]


def _strike(block: Block, held: Sequence[ChordEvent], event: ChordEvent) -> Strike:
    """Returns how a chord is struck: with its root where the bass does not play it."""
    own = [chord for chord in held if chord.start <= event.start + EARLY][-1]
    silent = (is_silent(block, "bass", step) for step in (own.start, max(own.start, event.start)))
    rooted = block.section.pedal or any(silent)
    return Strike(event.start, event.end, event.chord, rooted, event.start > own.start)
