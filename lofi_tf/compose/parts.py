"""The four parts of a track, each from its model, its seed and the parts that it follows.

A section's blocks are neighbours, in the latent, of its theme: near enough to be known again, and
never the same more than twice.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from lofi_tf.compose import drums, harmony, lines
from lofi_tf.compose.notes import (
    BLOCK_STEPS,
    STEPS_PER_BAR,
    Note,
    fingerprint,
    moved,
    row_seeds,
    stream,
    within,
)
from lofi_tf.compose.plan import Block, Part, Plan, blocks_of
from lofi_tf.compose.playing import WINDOW_BARS, Players
from lofi_tf.data.progression_tracks import Strike
from lofi_tf.generation.neighbours import neighbours

Harmony = Mapping[str, Sequence[Strike]]  # the chords of a block, by theme

NUM_PROGRESSIONS, NUM_BEATS, NUM_FILLS = 128, 64, 32
NUM_PHRASES = {"melody": 64, "bass": 32}  # drawn for each theme
NUM_VARIATIONS = {"drums": 6, "melody": 8, "bass": 6}  # drawn for each block
HOOK_AMOUNT, BEAT_AMOUNT, FILL_AMOUNT = 0.35, 0.18, 0.5  # how far the latent moves
PHRASE_AMOUNT = {"melody": 0.3, "bass": 0.2}  # to the second window of a phrase
VARIED_AMOUNT = {"melody": 0.25, "bass": 0.2}  # to the phrases of other blocks
MOST_REPEATS = 2  # of a block
COLOUR = 0.85  # share of plain triads that become sevenths and ninths
PUSH_CHANCE, PUSH_STEPS = 0.3, 2  # of a chord that comes an eighth early
LAZY = {"melody": 0.12, "bass": 0.0}  # steps


def harmony_of(plan: Plan, players: Players, part: Part, seed: int) -> Harmony:
    """Returns the chords of each theme: the two best progressions that differ."""
    random = stream(seed, "progressions")
    z = players.prior(part.model, random, NUM_PROGRESSIONS)
    tokens = players.progressions(part.model, z, row_seeds(random, len(z)), part.temperature)
    drawn = [harmony.strikes_of(row) for row in tokens]
    scores = [harmony.score(strikes, plan.mode) + random.uniform(0, 0.5) for strikes in drawn]
    order = np.argsort(np.negative(scores), kind="stable")
    first = drawn[order[0]]
    roots = {strike.chord for strike in first}
    other = max(
        order[1:12], key=lambda row: scores[row] + 0.5 * len({s.chord for s in drawn[row]} - roots)
    )
    themes = zip("AB", (first, drawn[other]), strict=True)
    return {name: harmony.coloured(strikes, random, COLOUR) for name, strikes in themes}


def chord_notes(plan: Plan, seed: int, chords: Harmony) -> list[Note]:
    """Returns the chords as they are played: held where there is little energy, else in rhythm."""
    found, before, known = [], None, Counter()
    for block in _playing(plan, "chords"):
        strikes = [s for s in chords[block.section.theme] if s.start < block.bars * STEPS_PER_BAR]
        for attempt in range(8):
            random = stream(seed, "chords", block.number, attempt)
            rhythm = _rhythm(strikes, block.section.energy, random)
            loudness = 54.0 + 22.0 * block.section.energy
            notes, last = harmony.voices(rhythm, before if attempt < 4 else None, random, loudness)
            if known[fingerprint(notes)] < MOST_REPEATS:
                break
        known[fingerprint(notes)] += 1
        before = last
        found += _placed(notes, block)
    return found


def _rhythm(strikes: Sequence[Strike], energy: float, random: np.random.Generator) -> list[Strike]:
    """Returns strikes in a rhythm of their own: some an eighth early, long ones struck again."""
    held = energy < 0.35 or random.random() > 0.35 + energy
    found = []
    for strike in harmony.merged(strikes) if held else strikes:
        start, end = strike.start, strike.end
        if start >= STEPS_PER_BAR and start % STEPS_PER_BAR == 0 and random.random() < PUSH_CHANCE:
            start -= PUSH_STEPS
        if found and found[-1].end > start:
            found[-1] = found[-1]._replace(end=start)
        again = start + int(random.choice([6, 7, 10]))
        if end - start >= 14 and random.random() < 0.2 + 0.6 * energy:
            found.append(Strike(start, again - 1, strike.chord))
            start = again
        found.append(Strike(start, end, strike.chord))
    return found


def drum_grooves(plan: Plan, players: Players, part: Part, seed: int) -> dict[int, np.ndarray]:
    """Returns the groove of each block that has drums, [16 bars, 27], by the block's number."""
    blocks, name = _playing(plan, "drums"), part.model
    random = stream(seed, "beats")
    energies = {theme: _energy(blocks, theme) for theme in "AB"}
    first = players.prior(name, random, NUM_BEATS)
    theme = {"A": first[_best_beat(players, part, first, random, energies["A"])]}
    others = neighbours(theme["A"][None], players.prior(name, random, NUM_BEATS // 2), HOOK_AMOUNT)
    theme["B"] = others[_best_beat(players, part, others, random, energies["B"])]
    fills = _fills(players, part, theme["A"], random)
    count, z = NUM_VARIATIONS["drums"], []
    for block in blocks:
        random = stream(seed, "drums", block.number)
        amount = 0.0 if block.place == 0 else BEAT_AMOUNT
        draws = players.prior(name, random, count)
        z.append(neighbours(theme[block.section.theme][None], draws, amount))
    seeds = np.concatenate([row_seeds(stream(seed, "hits", b.number), count) for b in blocks])
    drawn = players.grooves(name, np.concatenate(z), seeds, part.temperature)
    found, known = {}, Counter()
    for number, block in enumerate(blocks):
        energy = block.section.energy
        rows = [drums.with_backbeat(row) for row in drawn[number * count : (number + 1) * count]]
        rows = [drums.thinned(rows[place], energy) for place in drums.best(rows, energy)]
        groove = _new(rows, known, lambda row: (row[:, : drums.CLASSES] > 0.5).tobytes())
        if block.section.fill and block.is_last:
            random = stream(seed, "fill", block.number)
            groove = drums.with_fill(groove, fills[int(random.integers(len(fills)))])
        found[block.number] = drums.shortened(groove, block.bars)
    return found


def drum_notes(plan: Plan, players: Players, part: Part, grooves: Mapping[int, np.ndarray]):
    """Returns the notes of grooves, softer where there is little energy."""
    found = []
    for block in _playing(plan, "drums"):
        level = 0.8 + 0.3 * block.section.energy
        for note in players.groove_notes(part.model, grooves[block.number]):
            velocity = int(np.clip(note.velocity * level, 1, 127))
            start = max(note.start, 0.0 if block.start_bar == 0 else -0.5)
            found += _placed([note._replace(start=start, velocity=velocity)], block)
    return sorted(found)


def line_notes(
    plan: Plan,
    players: Players,
    name: str,
    part: Part,
    chords: Harmony,
    kicks: Mapping[int, Sequence[float]],
) -> list[Note]:
    """Returns the notes of `bass` or `melody`, over chords and, of a bass, with kicks by block."""
    blocks = _playing(plan, name)
    themes = {block.section.theme: None for block in blocks}
    for theme in themes:
        themes[theme] = _theme_of_line(plan, players, name, part, chords[theme], theme)
    count, z = NUM_VARIATIONS[name], []
    for block in blocks:
        random = stream(part.seed, name, block.number)
        draws = players.prior(part.model, random, 2 * count).reshape(count, 2, -1)
        amounts = np.full(count, VARIED_AMOUNT[name])
        amounts[0] = 0.0
        own = themes[block.section.theme]
        z.append([[neighbours(own[w][None], d[w][None], a)[0] for w in (0, 1)]
                  for d, a in zip(draws, amounts, strict=True)])  # fmt: skip
    over = [chords[block.section.theme] for block in blocks for _ in range(count)]
    phrases = _phrases(players, part, np.concatenate(z), over, stream(part.seed, name, "rows"))
    found, known = [], Counter()
    for number, block in enumerate(blocks):
        random = stream(part.seed, name, "fit", block.number)
        rows = phrases[number * count : (number + 1) * count]
        own = chords[block.section.theme]
        fitted = [_fitted(name, row, own, kicks.get(block.number, ()), random) for row in rows]
        wanted = _per_bar(name, block.section)
        score = lines.melody_score if name == "melody" else lines.bass_score
        order = np.argsort([-score(row, own, wanted) for row in fitted], kind="stable")
        notes = _new([fitted[place] for place in order], known, fingerprint)
        loudness = 66.0 + 16.0 * block.section.energy + (10.0 if name == "bass" else 0.0)
        found += _placed(lines.with_velocities(notes, random, loudness, LAZY[name]), block)
    return found


def _theme_of_line(plan, players, name, part, strikes, theme) -> np.ndarray:
    """Returns the latents of the two windows of the best phrase over the chords of a theme."""
    random, count = stream(part.seed, name, "theme", theme), NUM_PHRASES[name]
    first, draws = (players.prior(part.model, random, count) for _ in range(2))
    z = np.stack([first, neighbours(first, draws, PHRASE_AMOUNT[name])], axis=1)
    phrases = _phrases(players, part, z, [strikes] * count, random)
    score = lines.melody_score if name == "melody" else lines.bass_score
    sections = [block.section for block in _playing(plan, name) if block.section.theme == theme]
    wanted = float(np.mean([_per_bar(name, section) for section in sections]))
    return z[int(np.argmax([score(phrase, strikes, wanted) for phrase in phrases]))]


def _phrases(players, part, z, over, random) -> list[list[Note]]:
    """Returns the phrases of latents [N, 2, Z], each over the chords of its block."""
    z = np.asarray(z, np.float32)
    chords = [strikes for strikes in over for _ in (0, 1)]
    flat = z.reshape(-1, z.shape[-1])
    seeds = row_seeds(random, len(flat))
    windows = players.lines(
        part.model, flat, seeds, part.temperature, chords, [0, WINDOW_BARS] * len(z)
    )
    steps = WINDOW_BARS * STEPS_PER_BAR
    return [lines.joined(windows[2 * row : 2 * row + 2], steps) for row in range(len(z))]


def _fitted(name, phrase, strikes, kicks, random) -> list[Note]:
    if name == "melody":
        return lines.fitted_melody(phrase, strikes, random)
    return lines.fitted_bass(phrase, strikes, kicks)


def _per_bar(name: str, section) -> float:
    """Returns how many notes a bar is to have."""
    return 1.5 + 5.0 * section.density if name == "melody" else 1.5 + 3.0 * section.energy


def kicks_of(grooves: Mapping[int, np.ndarray]) -> dict[int, list[float]]:
    """Returns where kicks fall in each block, in steps."""
    found = {}
    for number, groove in grooves.items():
        steps = np.flatnonzero(groove[:, drums.KICK] > 0.5)
        offsets = groove[steps, 2 * drums.CLASSES + drums.KICK]
        found[number] = np.maximum(0.0, steps - offsets).tolist()
    return found


def _best_beat(players, part, z, random, energy) -> int:
    drawn = players.grooves(part.model, z, row_seeds(random, len(z)), part.temperature)
    return drums.best(list(drawn), energy)[0]


def _fills(players, part, theme, random) -> list[np.ndarray]:
    """Returns the six bars [16, 27] that are most of a fill among livelier neighbours of a beat."""
    z = neighbours(theme[None], players.prior(part.model, random, NUM_FILLS), FILL_AMOUNT)
    drawn = players.grooves(part.model, z, row_seeds(random, len(z)), 1.0)
    bars = drawn.reshape(-1, STEPS_PER_BAR, drawn.shape[-1])
    scores = np.concatenate([drums.fill_score(groove) for groove in drawn])
    return list(bars[np.argsort(-scores, kind="stable")[:6]])


def _energy(blocks: Sequence[Block], theme: str) -> float:
    found = [block.section.energy for block in blocks if block.section.theme == theme]
    return float(np.mean(found)) if found else 0.5


def _new(rows: Sequence, known: Counter, key: Callable):
    """Returns the first of the rows that has not come twice; notes that it came."""
    chosen = next((row for row in rows if known[key(row)] < MOST_REPEATS), rows[0])
    known[key(chosen)] += 1
    return chosen


def _playing(plan: Plan, part: str) -> list[Block]:
    return [block for block in blocks_of(plan) if part in block.section.parts]


def _placed(notes: Sequence[Note], block: Block) -> list[Note]:
    """Returns the notes of a block at their place in the track, without what its section drops."""
    end = min(BLOCK_STEPS, block.bars * STEPS_PER_BAR)
    kept = within(notes, -1.0, end)
    return moved(kept, block.start_bar * STEPS_PER_BAR)
