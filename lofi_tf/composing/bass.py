"""Bass of a track: a line for each theme, drawn by a model, that comes back with its chords."""

from collections.abc import Mapping, Sequence

import numpy as np

from lofi_tf.composing import lines
from lofi_tf.composing.blocks import placed, playing, sounding
from lofi_tf.composing.harmony import Harmony, block_chords
from lofi_tf.composing.instrument_models import WINDOW_BARS, Players
from lofi_tf.composing.plan import Part, Plan
from lofi_tf.composing.step_notes import BLOCK_BARS, Note, moved, row_seeds, stream
from lofi_tf.generation.latent_perturbation import neighbours
from lofi_tf.generation.scoring import BLOCK_STEPS
from lofi_tf.music.chord_qualities import TONICS
from lofi_tf.music.quantize import STEPS_PER_BAR

NUM_LINES, SECOND_AMOUNT = (
    32,
    0.2,
)  # drawn for each theme; how far its second half is from the first
QUIET, LOUDNESS = 0.3, 76.0  # energy below which few notes are left; mean velocity without energy
Kicks = Mapping[str, Sequence[float]]  # steps, by theme
Line = Sequence[Note]


def bass_notes(
    plan: Plan, players: Players, part: Part, chords: Harmony, kicks: Kicks
) -> list[Note]:
    """Returns the notes of the bass: its theme's line, every second time with another last bar.

    Args:
        plan: the track.
        players: the models.
        part: its model and seed.
        chords: of the themes.
        kicks: that it goes with.
    """
    blocks = playing(plan, "bass")
    themes = list(dict.fromkeys(block.section.theme for block in blocks))
    drawn = _lines(plan, players, part, chords, themes)
    found: list[Note] = []
    for block in blocks:
        theme, own = block.section.theme, block_chords(plan, chords, block)
        pedal = TONICS[plan.mode] if block.section.pedal else None
        line = lines.fitted_bass(drawn[theme][block.place % 2], own, kicks.get(theme, ()), pedal)
        if block.energy < QUIET:
            line = lines.quiet_bass(line, own)
        random = stream(part.seed, "touch", block.number)
        loudness = LOUDNESS + 16.0 * block.energy
        line = lines.with_velocities(line, random, loudness, 0.0, BLOCK_STEPS)
        found += placed(sounding(line, block, "bass"), block)
    return found


def _lines(
    plan: Plan,
    players: Players,
    part: Part,
    chords: Harmony,
    themes: Sequence[str],
) -> dict[str, tuple[Line, Line]]:
    """Returns of each theme the best line of four bars that is drawn, and it with another end."""
    z, seeds, over = [], [], []
    for theme in themes:
        random = stream(part.seed, "lines", theme)
        first, draws = (players.prior(part.model, random, NUM_LINES) for _ in range(2))
        both = np.stack([first, neighbours(first, draws, SECOND_AMOUNT)], 1)  # [N, 2, Z]
        z.append(both.reshape(2 * NUM_LINES, -1))
        seeds.append(row_seeds(random, 2 * NUM_LINES))
        over += [chords[theme]] * (2 * NUM_LINES)
    bars = [0, WINDOW_BARS] * (NUM_LINES * len(themes))
    windows = players.lines(
        part.model, np.concatenate(z), np.concatenate(seeds), part.temperature, over, bars
    )
    half = WINDOW_BARS * STEPS_PER_BAR
    phrases = [[*windows[row], *moved(windows[row + 1], half)] for row in range(0, len(windows), 2)]
    return {
        theme: _line_and_other(plan, theme, phrases[n * NUM_LINES :][:NUM_LINES], chords)
        for n, theme in enumerate(themes)
    }


def _line_and_other(
    plan: Plan, theme: str, phrases: Sequence[Line], chords: Harmony
) -> tuple[Line, Line]:
    sections = [s for s in plan.sections if s.theme == theme and "bass" in s.parts]
    wanted = float(np.mean([1.5 + 3.0 * section.energy for section in sections]))
    line = phrases[_best(phrases, chords[theme], wanted)]
    last = (BLOCK_BARS - 1) * STEPS_PER_BAR
    start, own = [n for n in line if n.start < last], [n for n in line if n.start >= last]
    ends = [[n for n in phrase if n.start >= last] for phrase in phrases]
    others = [[*start, *end] for end in ends if end != own]
    return line, others[_best(others, chords[theme], wanted)] if others else line


def _best(phrases: Sequence[Line], chords: Sequence, wanted: float) -> int:
    fitted = [lines.fitted_bass(phrase, chords, ()) for phrase in phrases]
    return int(np.argmax([lines.bass_score(line, chords, wanted) for line in fitted]))
