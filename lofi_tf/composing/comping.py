"""Chords: the progressions of both themes, and how they are played."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from lofi_tf.composing import harmony
from lofi_tf.composing.blocks import MOST_REPEATS, placed, playing, sounding
from lofi_tf.composing.instrument_models import Players
from lofi_tf.composing.plan import Part, Plan
from lofi_tf.composing.step_notes import Note, fingerprint, row_seeds, stream
from lofi_tf.data.converters.progression_tracks import ChordEvent
from lofi_tf.generation.scoring import merged, progression_score, strikes_of
from lofi_tf.music.quantize import STEPS_PER_BAR

Harmony = Mapping[str, Sequence[ChordEvent]]  # the chords of a block, by theme

NUM_PROGRESSIONS = 128
NUM_SECOND = 12  # best ones among which the second theme is chosen
COLOUR = 0.85  # share of plain triads that become sevenths and ninths
TRIES = 32  # until a block has not come twice
PUSH_CHANCE, PUSH_STEPS = 0.3, 2  # of a chord that comes an eighth early


def harmony_of(plan: Plan, players: Players, part: Part, seed: int) -> Harmony:
    """Returns the chords of each theme: the two best progressions that differ."""
    random = stream(seed, "progressions")
    z = players.prior(part.model, random, NUM_PROGRESSIONS)
    tokens = players.progressions(part.model, z, row_seeds(random, len(z)), part.temperature)
    drawn = [strikes_of(row) for row in tokens]
    scores = [progression_score(strikes, plan.mode) + random.uniform(0, 0.5) for strikes in drawn]
    order = np.argsort(np.negative(scores), kind="stable")
    first = drawn[order[0]]
    roots = {strike.chord for strike in first}
    other = max(
        order[1:NUM_SECOND],
        key=lambda row: scores[row] + 0.5 * len({s.chord for s in drawn[row]} - roots),
    )
    themes = zip("AB", (first, drawn[other]), strict=True)
    return {name: harmony.coloured(strikes, random, COLOUR) for name, strikes in themes}


def chord_notes(plan: Plan, seed: int, chords: Harmony) -> list[Note]:
    """Returns the chords as they are played: held where there is little energy, else in rhythm."""
    found, before, known = [], None, Counter()
    for block in playing(plan, "chords"):
        strikes = [s for s in chords[block.section.theme] if s.start < block.bars * STEPS_PER_BAR]
        for attempt in range(TRIES):
            random = stream(seed, "chords", block.number, attempt)
            rhythm = _rhythm(strikes, block.section.energy, random, freely=attempt >= TRIES // 2)
            loudness = 54.0 + 22.0 * block.section.energy
            led = before if attempt < 4 else _elsewhere(before, attempt, random)
            notes, last = harmony.voices(rhythm, led, random, loudness)
            notes = sounding(notes, block, "chords")
            if known[fingerprint(notes)] < MOST_REPEATS:
                break
        known[fingerprint(notes)] += 1
        before = last
        found += placed(notes, block)
    return found


def _elsewhere(
    before: tuple[int, ...] | None, attempt: int, random: np.random.Generator
) -> tuple[int, ...] | None:
    """Returns voices from which other inversions are near: none at first, then moved ones."""
    if before is None or attempt < 8:
        return None
    return tuple(pitch + int(random.integers(-6, 7)) for pitch in before)


def _rhythm(
    strikes: Sequence[ChordEvent], energy: float, random: np.random.Generator, freely: bool = False
) -> list[ChordEvent]:
    """Returns strikes in a rhythm of their own: some an eighth early, long ones struck again."""
    held = energy < 0.35 or random.random() > 0.35 + energy
    energy = max(energy, 0.5) if freely else energy
    found = []
    for strike in merged(strikes) if held else strikes:
        start, end = strike.start, strike.end
        if start >= STEPS_PER_BAR and start % STEPS_PER_BAR == 0 and random.random() < PUSH_CHANCE:
            start -= PUSH_STEPS
        if found and found[-1].end > start:
            found[-1] = found[-1]._replace(end=start)
        again = start + int(random.choice([6, 7, 10]))
        if end - start >= 14 and random.random() < 0.2 + 0.6 * energy:
            found.append(ChordEvent(start, again - 1, strike.chord))
            start = again
        found.append(ChordEvent(start, end, strike.chord))
    return found
