"""Bass and melody of a track: a phrase for each theme, a neighbour of it for each block."""

import functools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from lofi_tf.composing import lines
from lofi_tf.composing.blocks import new_one, placed, playing, sounding
from lofi_tf.composing.comping import Harmony
from lofi_tf.composing.instrument_models import WINDOW_BARS, Players
from lofi_tf.composing.plan import Block, Part, Plan, Section
from lofi_tf.composing.step_notes import Note, fingerprint, row_seeds, stream
from lofi_tf.data.converters.progression_tracks import ChordEvent
from lofi_tf.generation.latent_perturbation import neighbours
from lofi_tf.music.quantize import STEPS_PER_BAR

WINDOWS = 2  # of a phrase of four bars
MOST_THINNED = 8  # phrases with fewer notes, for tracks so long that no other is new
Kicks = Mapping[int, Sequence[float]]  # steps, by the number of the block


class Kind(NamedTuple):
    """How a line is drawn and played.

    Attributes:
        num_phrases: drawn for each theme.
        num_variations: drawn for each block.
        phrase_amount: how far the second window of a phrase is from the first, in the latent.
        varied_amount: how far other blocks are from the theme.
        lazy: steps that its notes come late.
        loudness: mean velocity without energy.
        score: of a phrase over chords with so many notes a bar.
        per_bar: notes a bar in a section.
    """

    num_phrases: int
    num_variations: int
    phrase_amount: float
    varied_amount: float
    lazy: float
    loudness: float
    score: Callable[[Sequence[Note], Sequence[ChordEvent], float], float]
    per_bar: Callable[[Section], float]


KINDS = {
    "melody": Kind(
        64,
        8,
        0.3,
        0.25,
        0.12,
        66.0,
        lines.melody_score,
        lambda section: 1.5 + 5.0 * section.density,
    ),
    "bass": Kind(
        32, 6, 0.2, 0.2, 0.0, 76.0, lines.bass_score, lambda section: 1.5 + 3.0 * section.energy
    ),
}


def line_notes(
    plan: Plan, players: Players, name: str, part: Part, chords: Harmony, kicks: Kicks
) -> list[Note]:
    """Returns the notes of `bass` or `melody`.

    Args:
        plan: the track.
        players: the models.
        name: of the part.
        part: its model and seed.
        chords: of the themes.
        kicks: that a bass goes with.
    """
    kind, blocks = KINDS[name], playing(plan, name)
    themes = {
        theme: _theme(plan, players, name, part, chords[theme], theme)
        for theme in dict.fromkeys(block.section.theme for block in blocks)
    }
    drawn = _variations(players, name, part, blocks, themes, chords)
    found, known = [], Counter()
    for block, phrases in zip(blocks, drawn, strict=True):
        random = stream(part.seed, name, "fit", block.number)
        own, wanted = chords[block.section.theme], kind.per_bar(block.section)
        beats = kicks.get(block.number, ())
        fitted = [_fitted(name, phrase, own, beats, random) for phrase in phrases]
        order = np.argsort([-kind.score(row, own, wanted) for row in fitted], kind="stable")
        rows = [fitted[place] for place in order]
        random_again = stream(part.seed, name, "thinned", block.number)
        rows += [lines.thinned(rows[0], random_again) for _ in range(MOST_THINNED)]
        notes = new_one(rows, known, functools.partial(_sounding_print, block=block, name=name))
        loudness = kind.loudness + 16.0 * block.section.energy
        notes = lines.with_velocities(notes, random, loudness, kind.lazy)
        found += placed(sounding(notes, block, name), block)
    return found


def _sounding_print(phrase: Sequence[Note], block: Block, name: str) -> tuple[tuple[int, int], ...]:
    return fingerprint(sounding(phrase, block, name))


def _theme(
    plan: Plan, players: Players, name: str, part: Part, strikes: Sequence[ChordEvent], theme: str
) -> np.ndarray:
    """Returns the latents [2, Z] of the windows of the best phrase over the chords of a theme."""
    kind, random = KINDS[name], stream(part.seed, name, "theme", theme)
    first, draws = (players.prior(part.model, random, kind.num_phrases) for _ in range(WINDOWS))
    z = np.stack([first, neighbours(first, draws, kind.phrase_amount)], axis=1)
    phrases = _phrases(players, part, z, [strikes] * len(z), random)
    sections = [block.section for block in playing(plan, name) if block.section.theme == theme]
    wanted = float(np.mean([kind.per_bar(section) for section in sections]))
    return z[int(np.argmax([kind.score(phrase, strikes, wanted) for phrase in phrases]))]


def _variations(
    players: Players,
    name: str,
    part: Part,
    blocks: Sequence[Block],
    themes: Mapping[str, np.ndarray],
    chords: Harmony,
) -> list[list[list[Note]]]:
    """Returns phrases near the theme of each block, of which the first is the theme itself."""
    kind, z = KINDS[name], []
    count = kind.num_variations
    for block in blocks:
        theme, random = themes[block.section.theme], stream(part.seed, name, block.number)
        draws = players.prior(part.model, random, WINDOWS * count).reshape(count, WINDOWS, -1)
        z.append(neighbours(theme[None], draws, kind.varied_amount))
        z[-1][0] = theme
    over = [chords[block.section.theme] for block in blocks for _ in range(count)]
    random = stream(part.seed, name, "rows")
    phrases = _phrases(players, part, np.concatenate(z), over, random)
    return [phrases[first : first + count] for first in range(0, len(phrases), count)]


def _phrases(
    players: Players,
    part: Part,
    z: np.ndarray,
    over: Sequence[Sequence[ChordEvent]],
    random: np.random.Generator,
) -> list[list[Note]]:
    """Returns the phrases of latents [N, 2, Z], each over the chords of its block."""
    chords = [strikes for strikes in over for _ in range(WINDOWS)]
    flat = z.reshape(-1, z.shape[-1])
    first_bars = [0, WINDOW_BARS] * len(z)
    seeds = row_seeds(random, len(flat))
    windows = players.lines(part.model, flat, seeds, part.temperature, chords, first_bars)
    steps = WINDOW_BARS * STEPS_PER_BAR
    return [lines.phrase_of_windows(windows[first : first + WINDOWS], steps)
            for first in range(0, len(windows), WINDOWS)]  # fmt: skip


def _fitted(
    name: str,
    phrase: Sequence[Note],
    strikes: Sequence[ChordEvent],
    kicks: Sequence[float],
    random: np.random.Generator,
) -> list[Note]:
    if name == "melody":
        return lines.fitted_melody(phrase, strikes, random)
    return lines.fitted_bass(phrase, strikes, kicks)
