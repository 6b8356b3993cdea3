"""Drums of a track: a loop of two bars for each theme, with the plan's fills, crashes and rests."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from lofi_tf.composing import drums
from lofi_tf.composing.blocks import Block, blocks_of, playing, sounding
from lofi_tf.composing.instrument_models import Players
from lofi_tf.composing.plan import Part, Plan
from lofi_tf.composing.step_notes import Note, moved, row_seeds, stream
from lofi_tf.generation.latent_perturbation import neighbours
from lofi_tf.music.beats import KICK
from lofi_tf.music.quantize import STEPS_PER_BAR

NUM_BEATS, NUM_NEAR = 64, 24  # drawn: for the first theme, for each other
NUM_FILLS, BEST_FILLS = 24, 6  # drawn; played
SOFTEST = 18  # velocity of a hit
THEME_AMOUNT, FILL_AMOUNT = 0.35, 0.5  # how far from the first theme's latent others are
Loops = Mapping[str, np.ndarray]  # two bars twice, the last one varied, [64, 27], by theme


@dataclasses.dataclass(frozen=True)
class Drummer:
    """A model of drums at a track's tempo."""

    players: Players
    part: Part
    qpm: float

    def prior(self, random: np.random.Generator, count: int) -> np.ndarray:
        """Returns latents drawn from the prior, [count, Z]."""
        return self.players.prior(self.part.model, random, count)

    def grooves(
        self, z: np.ndarray, seeds: np.ndarray, temperature: float | None = None
    ) -> np.ndarray:
        """Returns hits, velocities and offsets [N, T, 27]; the temperature is the part's."""
        warm = self.part.temperature if temperature is None else temperature
        return self.players.grooves(self.part.model, z, seeds, warm, self.qpm)


@dataclasses.dataclass(frozen=True)
class Kit:
    """What the drums of a track are made of.

    Attributes:
        loops: of the themes.
        fills: bars [16, 27], of which the second half is played.
    """

    loops: Loops
    fills: list[np.ndarray]


def drum_kit(plan: Plan, players: Players, part: Part, seed: int) -> Kit:
    """Returns the loops and fills that a seed gives: the best beat, and neighbours of it."""
    drummer = Drummer(players, part, plan.qpm)
    themes = sorted({block.section.theme for block in blocks_of(plan)})
    random = stream(seed, "beats")
    first = drummer.prior(random, NUM_BEATS)
    drawn = drummer.grooves(first, row_seeds(random, NUM_BEATS))
    best = drums.best(list(drawn), _energy(plan, themes[0]))[0]
    chosen = {themes[0]: drawn[best]} | _near(drummer, plan, themes[1:], first[best], seed)
    loops = {theme: drums.looped(drums.with_backbeat(groove)) for theme, groove in chosen.items()}
    return Kit(loops, _fills(drummer, first[best], stream(seed, "fills")))


def drum_notes(plan: Plan, players: Players, part: Part, kit: Kit, seed: int) -> list[Note]:
    """Returns the notes of a kit, softer where there is little energy, no two hits quite alike."""
    played = []
    for block in playing(plan, "drums"):
        level, found = 0.8 + 0.3 * block.energy, []
        groove = _groove(block, kit, seed)
        random = stream(seed, "touch", block.number)
        for note in players.groove_notes(part.model, groove):
            velocity = int(np.clip(note.velocity * level + random.normal(0, 2.5), SOFTEST, 127))
            start = max(note.start, 0.0 if block.start_bar == 0 else -0.5)
            found.append(note._replace(start=start, velocity=velocity))
        played += moved(sounding(found, block, "drums"), block.start_bar * STEPS_PER_BAR)
    return sorted(played)


def kicks_of(loops: Loops) -> dict[str, list[float]]:
    """Returns where kicks fall in the loop of each theme, in steps."""
    found = {}
    for theme, groove in loops.items():
        steps = np.flatnonzero(groove[:, KICK] > 0.5)
        offsets = groove[steps, 2 * drums.CLASSES + KICK]
        found[theme] = np.maximum(0.0, steps - offsets).tolist()
    return found


def _groove(block: Block, kit: Kit, seed: int) -> np.ndarray:
    """Returns what the drums of a block play, [16 bars, 27]."""
    section, groove = block.section, kit.loops[block.section.theme]
    if block.place % 2 == 0 and not block.is_last:
        groove = drums.without_end(groove)
    groove = drums.shortened(drums.thinned(groove, block.energy), block.bars)
    if section.fill and block.is_last:
        number = int(stream(seed, "fill", block.number).integers(len(kit.fills)))
        groove = drums.with_fill(groove, kit.fills[number])
    if section.crash and block.place == 0:
        groove = drums.with_crash(groove, block.energy)
    return groove


def _near(
    drummer: Drummer, plan: Plan, themes: Sequence[str], beat: np.ndarray, seed: int
) -> dict[str, np.ndarray]:
    """Returns the groove of each theme that is the best of some neighbours of a beat, [T, 27]."""
    if not themes:
        return {}
    randoms = [stream(seed, "beats", theme) for theme in themes]
    z = [neighbours(beat[None], drummer.prior(r, NUM_NEAR), THEME_AMOUNT) for r in randoms]
    seeds = np.concatenate([row_seeds(random, NUM_NEAR) for random in randoms])
    drawn = drummer.grooves(np.concatenate(z), seeds)
    found = {}
    for number, theme in enumerate(themes):
        rows = list(drawn[number * NUM_NEAR :][:NUM_NEAR])
        found[theme] = rows[drums.best(rows, _energy(plan, theme))[0]]
    return found


def _fills(drummer: Drummer, beat: np.ndarray, random: np.random.Generator) -> list[np.ndarray]:
    """Returns the bars [16, 27] that are most of a fill among livelier neighbours of a beat."""
    z = neighbours(beat[None], drummer.prior(random, NUM_FILLS), FILL_AMOUNT)
    drawn = drummer.grooves(z, row_seeds(random, NUM_FILLS), 1.0)
    bars = drawn.reshape(-1, STEPS_PER_BAR, drawn.shape[-1])
    scores = np.concatenate([drums.fill_score(groove) for groove in drawn])
    return list(bars[np.argsort(-scores, kind="stable")[:BEST_FILLS]])


def _energy(plan: Plan, theme: str) -> float:
    blocks: Sequence[Block] = [b for b in playing(plan, "drums") if b.section.theme == theme]
    return float(np.mean([block.energy for block in blocks])) if blocks else 0.5
