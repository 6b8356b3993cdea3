"""Drums of a track: a beat for each theme, a neighbour of it for each block, fills."""

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from lofi_tf.composing import drums
from lofi_tf.composing.blocks import new_one, placed, playing, sounding
from lofi_tf.composing.instrument_models import Players
from lofi_tf.composing.plan import Block, Part, Plan
from lofi_tf.composing.step_notes import Note, row_seeds, stream
from lofi_tf.generation.latent_perturbation import neighbours
from lofi_tf.music.beats import KICK
from lofi_tf.music.quantize import STEPS_PER_BAR

NUM_BEATS, NUM_FILLS, NUM_VARIATIONS = 64, 32, 6  # drawn: for the themes, for fills, for each block
SOFTEST = 18  # velocity of a hit
HOOK_AMOUNT, BEAT_AMOUNT, FILL_AMOUNT = 0.35, 0.18, 0.5  # how far the latent moves


@dataclasses.dataclass(frozen=True)
class _Drummer:
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


def drum_grooves(plan: Plan, players: Players, part: Part, seed: int) -> dict[int, np.ndarray]:
    """Returns the groove of each block that has drums, [16 bars, 27], by the block's number."""
    blocks, random = playing(plan, "drums"), stream(seed, "beats")
    drummer = _Drummer(players, part, plan.qpm)
    themes = _themes(drummer, blocks, random)
    fills = _fills(drummer, themes["A"], random)
    drawn = _variations(drummer, blocks, themes, seed)
    found, known = {}, Counter()
    for block, rows in zip(blocks, drawn, strict=True):
        energy = block.section.energy
        rows = [drums.with_backbeat(row) for row in rows]
        rows = [drums.thinned(rows[place], energy) for place in drums.best(rows, energy)]
        groove = new_one(rows, known, lambda row: drums.hits_of(row).tobytes())
        if block.section.fill and block.is_last:
            number = int(stream(seed, "fill", block.number).integers(len(fills)))
            groove = drums.with_fill(groove, fills[number])
        found[block.number] = drums.shortened(groove, block.bars)
    return found


def _themes(
    drummer: _Drummer, blocks: Sequence[Block], random: np.random.Generator
) -> dict[str, np.ndarray]:
    """Returns the latents of the best beat and of its best neighbour, for the hook."""
    first = drummer.prior(random, NUM_BEATS)
    beat = first[_best_beat(drummer, first, random, _energy(blocks, "A"))]
    draws = drummer.prior(random, NUM_BEATS // 2)
    others = neighbours(beat[None], draws, HOOK_AMOUNT)
    hook = others[_best_beat(drummer, others, random, _energy(blocks, "B"))]
    return {"A": beat, "B": hook}


def _variations(
    drummer: _Drummer,
    blocks: Sequence[Block],
    themes: Mapping[str, np.ndarray],
    seed: int,
) -> np.ndarray:
    """Returns grooves near the theme of each block, [blocks, variations, T, 27].

    The first block of a section is the theme's own latent, drawn several times.
    """
    z, seeds = [], []
    for block in blocks:
        draws = drummer.prior(stream(seed, "drums", block.number), NUM_VARIATIONS)
        amount = 0.0 if block.place == 0 else BEAT_AMOUNT
        z.append(neighbours(themes[block.section.theme][None], draws, amount))
        if amount == 0.0:
            z[-1] = np.repeat(z[-1][:1], NUM_VARIATIONS, axis=0)
        seeds.append(row_seeds(stream(seed, "hits", block.number), NUM_VARIATIONS))
    grooves = drummer.grooves(np.concatenate(z), np.concatenate(seeds))
    return grooves.reshape(len(blocks), NUM_VARIATIONS, *grooves.shape[1:])


def drum_notes(
    plan: Plan, players: Players, part: Part, grooves: Mapping[int, np.ndarray]
) -> list[Note]:
    """Returns the notes of grooves, softer where there is little energy."""
    played = []
    for block in playing(plan, "drums"):
        level, found = 0.8 + 0.3 * block.section.energy, []
        for note in players.groove_notes(part.model, grooves[block.number]):
            velocity = int(np.clip(note.velocity * level, SOFTEST, 127))
            start = max(note.start, 0.0 if block.start_bar == 0 else -0.5)
            found.append(note._replace(start=start, velocity=velocity))
        played += placed(sounding(found, block, "drums"), block)
    return sorted(played)


def kicks_of(grooves: Mapping[int, np.ndarray]) -> dict[int, list[float]]:
    """Returns where kicks fall in each block, in steps."""
    found = {}
    for number, groove in grooves.items():
        steps = np.flatnonzero(groove[:, KICK] > 0.5)
        offsets = groove[steps, 2 * drums.CLASSES + KICK]
        found[number] = np.maximum(0.0, steps - offsets).tolist()
    return found


def _best_beat(drummer: _Drummer, z: np.ndarray, random: np.random.Generator, energy: float) -> int:
    """Returns the number of the latent [Z] of [N, Z] whose beat is the best."""
    drawn = drummer.grooves(z, row_seeds(random, len(z)))
    return drums.best(list(drawn), energy)[0]


def _fills(drummer: _Drummer, theme: np.ndarray, random: np.random.Generator) -> list[np.ndarray]:
    """Returns the six bars [16, 27] that are most of a fill among livelier neighbours of a beat."""
    z = neighbours(theme[None], drummer.prior(random, NUM_FILLS), FILL_AMOUNT)
    drawn = drummer.grooves(z, row_seeds(random, len(z)), 1.0)
    bars = drawn.reshape(-1, STEPS_PER_BAR, drawn.shape[-1])
    scores = np.concatenate([drums.fill_score(groove) for groove in drawn])
    return list(bars[np.argsort(-scores, kind="stable")[:6]])


def _energy(blocks: Sequence[Block], theme: str) -> float:
    found = [block.section.energy for block in blocks if block.section.theme == theme]
    return float(np.mean(found)) if found else 0.5
