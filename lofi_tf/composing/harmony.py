"""Harmony of a track: the progression of each theme, and the chords of each block."""

from collections.abc import Mapping, Sequence

import numpy as np

from lofi_tf.composing import colours
from lofi_tf.composing.blocks import Block
from lofi_tf.composing.chords import chord_at, root_of, transposed
from lofi_tf.composing.instrument_models import Players
from lofi_tf.composing.plan import THEMES, Part, Plan
from lofi_tf.composing.step_notes import row_seeds, stream
from lofi_tf.data.converters.progression_tracks import ChordEvent
from lofi_tf.generation.scoring import (
    BEAT,
    BLOCK_STEPS,
    STRONG,
    merged,
    progression_score,
    strikes_of,
)
from lofi_tf.music.chord_qualities import TONICS

Harmony = Mapping[str, Sequence[ChordEvent]]  # four bars of chords, by theme

NUM_PROGRESSIONS = 128
NUM_GOOD = 16  # best ones among which a theme that differs is chosen


def harmony_of(plan: Plan, players: Players, part: Part, seed: int) -> Harmony:
    """Returns the chords of each theme: the best progression, and good ones that differ from it.

    A theme is the same whatever other themes a plan has; the first begins on the tonic.
    """
    random = stream(seed, "progressions")
    z = players.prior(part.model, random, NUM_PROGRESSIONS)
    tokens = players.progressions(part.model, z, row_seeds(random, len(z)), part.temperature)
    drawn = [settled(strikes_of(row)) for row in tokens]
    scores = [progression_score(strikes, plan.mode) + random.uniform(0, 0.5) for strikes in drawn]
    count = 1 + max(THEMES.index(section.theme) for section in plan.sections)
    found = {}
    for theme, strikes in zip(THEMES, chosen(drawn, scores, plan.mode, count), strict=False):
        colour = stream(seed, "colour", theme)
        found[theme] = colours.coloured(strikes, colour, plan.colour, plan.mode)
    return found | {THEMES[0]: colours.on_tonic(found[THEMES[0]], plan.mode)}


def chosen(
    drawn: Sequence[Sequence[ChordEvent]], scores: Sequence[float], mode: str, count: int
) -> list[Sequence[ChordEvent]]:
    """Returns so many of the progressions that are drawn, good ones that differ.

    Those that cannot be scored are left out; where too few are left, they come again, and where
    none is, all are the tonic.
    """
    order = np.argsort(np.negative(scores), kind="stable").tolist()
    order = [row for row in order if np.isfinite(scores[row])]
    if not order:
        return [[ChordEvent(0, BLOCK_STEPS, colours.tonic_chord(mode))]] * count
    first = [row for row in order if colours.is_tonic(drawn[row][0].chord, mode)]
    found = [(first or order)[0]]
    while len(found) < count:
        rows = [row for row in order if row not in found][: NUM_GOOD + len(found)] or order
        fit = [scores[row] + _fitness(drawn, row, found, mode) for row in rows]
        found.append(rows[int(np.argmax(fit))])
    return [drawn[row] for row in found]


def block_chords(plan: Plan, themes: Harmony, block: Block) -> list[ChordEvent]:
    """Returns the chords of a block: its theme's, which may lead on to the next section.

    The first chord of the track is its tonic. Steps and keys are those of the block.
    """
    found = [strike for strike in themes[block.section.theme] if strike.start < block.steps]
    found = [strike._replace(end=min(strike.end, block.steps)) for strike in found]
    if block.number == 0:
        found = colours.on_tonic(found, plan.mode)
    if block.is_last and block.section.turn:
        target = colours.tonic_chord(plan.mode)
        if block.after:
            target = themes[block.after.theme][0].chord
            target = transposed(target, block.after.shift - block.section.shift)
        found = colours.leading_to(found, target, block.steps)
    return found


def settled(strikes: Sequence[ChordEvent]) -> list[ChordEvent]:
    """Returns strikes without chords that last less than a beat: what sounded before goes on."""
    spans: list[ChordEvent] = []
    for chord in merged(strikes) if strikes else ():
        if not spans or chord.end - chord.start >= BEAT:
            spans.append(chord)
    return [strike._replace(chord=chord_at(spans, strike.start)) for strike in strikes]


def _fitness(
    drawn: Sequence[Sequence[ChordEvent]], row: int, others: Sequence[int], mode: str
) -> float:
    """Says how well a progression goes beside those that are chosen: with other roots in its bars.

    It does not begin with the tonic of the other mode.
    """
    first = drawn[row][0].chord
    wrong = root_of(first) == TONICS[mode] and not colours.is_tonic(first, mode)
    own = _roots(drawn[row])
    same = [np.mean(own == _roots(drawn[other])) for other in others]
    begins = [own[0] == _roots(drawn[other])[0] for other in others]
    return -2.0 * max(same) - 1.0 * np.mean(begins) - 3.0 * wrong


def _roots(strikes: Sequence[ChordEvent]) -> np.ndarray:
    """Returns the root at each half bar of four bars, [8]."""
    return np.array([root_of(chord_at(strikes, step)) for step in range(0, BLOCK_STEPS, STRONG)])
