"""Melody of a track: motifs of each theme, drawn by a model, at the places that the plan says."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from lofi_tf.composing import lines, motifs
from lofi_tf.composing.blocks import Block, is_silent, placed, playing, sounding
from lofi_tf.composing.harmony import Harmony, block_chords
from lofi_tf.composing.instrument_models import Players
from lofi_tf.composing.motifs import PHRASE_BARS, PHRASE_STEPS
from lofi_tf.composing.phrase_texts import REST, Phrase, parse_phrase
from lofi_tf.composing.plan import Part, Plan, Section
from lofi_tf.composing.step_notes import BLOCK_BARS, Note, moved, row_seeds, stream
from lofi_tf.data.converters.progression_tracks import ChordEvent
from lofi_tf.generation.latent_perturbation import neighbours

NUM_MOTIFS, NUM_VARIATIONS = 96, 16  # drawn of each
WINDOWS = {"call": 0, "answer": 1, "turn": 0}  # of a theme's four bars, that motifs are drawn over
ANSWER_AMOUNT, TURN_AMOUNT, VARIED_AMOUNT = 0.3, 0.6, 0.4  # how far the latent moves
LAZY, LOUDNESS = 0.12, 72.0  # steps that notes come late; mean velocity without energy
Motif = tuple[str, str, int]  # theme, name, variation


class Place(NamedTuple):
    """Where a phrase stands: which half of which block."""

    block: Block
    window: int
    phrase: Phrase


class Material(NamedTuple):
    """A motif as it was drawn: its latent [Z] and its notes, before they are held to chords."""

    z: np.ndarray
    notes: list[Note]


def melody_notes(plan: Plan, players: Players, part: Part, chords: Harmony) -> list[Note]:
    """Returns the notes of the melody: the plan's phrases over the chords of their places."""
    places = list(places_of(plan))
    used = {(place.block.section.theme, *place.phrase[:2]) for place in places}
    drawn = _Singer(plan, players, part, chords).material(used) if used else {}
    found: list[Note] = []
    for place in places:
        theme, phrase = place.block.section.theme, place.phrase
        notes = at_place(drawn[theme, phrase.name, phrase.varied].notes, plan, chords, place)
        early = []
        if phrase.pickup and notes and not _is_silent(place, notes[0]):
            early = motifs.pickup_to(notes[0], stream(part.seed, "pickup", theme, phrase.name))
        found = _added(found, [*early, *notes], place, part.seed)
    return found


def places_of(plan: Plan) -> Iterator[Place]:
    """Yields the places of a plan's phrases, but of rests."""
    for block in playing(plan, "melody"):
        phrases = block.section.melody
        for window in range(-(-block.bars // PHRASE_BARS)):
            number = block.place * BLOCK_BARS // PHRASE_BARS + window
            phrase = parse_phrase(phrases[number % len(phrases)])
            if phrase.name != REST:
                yield Place(block, window, phrase)


def at_place(notes: Sequence[Note], plan: Plan, chords: Harmony, place: Place) -> list[Note]:
    """Returns a motif as it is played at a place: its kinds, held to the chords there."""
    own = window_chords(block_chords(plan, chords, place.block), place.window)
    notes = motifs.breathed(motifs.lifted(notes, place.phrase.up))
    notes = motifs.thinned(notes) if place.phrase.thinned else notes
    return lines.fitted_melody(notes, own)


def window_chords(chords: Sequence[ChordEvent], window: int) -> list[ChordEvent]:
    """Returns the chords of two bars of a block, in steps from their first."""
    first = window * PHRASE_STEPS
    inside = [c for c in chords if c.end > first and c.start < first + PHRASE_STEPS] or chords[-1:]
    return [c._replace(start=max(0, c.start - first), end=c.end - first) for c in inside]


def per_bar(section: Section) -> float:
    """Returns how many notes a bar the motifs of a section are to have."""
    return 4.5 + 3.0 * section.density


def _is_silent(place: Place, note: Note) -> bool:
    return is_silent(place.block, "melody", place.window * PHRASE_STEPS + note.start)


@dataclasses.dataclass(frozen=True)
class _Singer:
    """A model of lines over the chords of themes."""

    plan: Plan
    players: Players
    part: Part
    chords: Harmony

    def material(self, used: set[Motif]) -> dict[Motif, Material]:
        """Returns motifs and their variations, a draw of the model for each kind."""
        found = self.motifs(sorted({theme for theme, _, _ in used}))
        turns = sorted({(theme, name, 0) for theme, name, _ in used if name == "turn"})
        found |= self.near(found, turns)
        return found | self.near(found, sorted(motif for motif in used if motif[2]))

    def motifs(self, themes: Sequence[str]) -> dict[Motif, Material]:
        """Returns call and answer of each theme: the best four bars that are drawn."""
        z, seeds, over = [], [], []
        for theme in themes:
            random = stream(self.part.seed, "motifs", theme)
            calls, draws = (self.prior(random, NUM_MOTIFS) for _ in range(2))
            z.append(np.stack([calls, neighbours(calls, draws, ANSWER_AMOUNT)], 1))  # [N, 2, Z]
            seeds.append(row_seeds(random, 2 * NUM_MOTIFS))
            over += [theme] * (2 * NUM_MOTIFS)
        rows = np.concatenate(z).reshape(len(over), -1)
        drawn = self.lines(rows, seeds, over, [0, PHRASE_BARS] * (len(rows) // 2))
        found: dict[Motif, Material] = {}
        for number, theme in enumerate(themes):
            own = drawn[2 * NUM_MOTIFS * number :][: 2 * NUM_MOTIFS]
            pairs = [_centred_pair(own[row : row + 2]) for row in range(0, len(own), 2)]
            wanted, halves = _wanted(self.plan, theme), self.halves(theme)
            best = int(np.argmax([_score(p, self.chords[theme], halves, wanted) for p in pairs]))
            for name, window in (("call", 0), ("answer", 1)):
                found[theme, name, 0] = Material(z[number][best, window], pairs[best][window])
        return found

    def near(
        self, known: Mapping[Motif, Material], wanted: Sequence[Motif]
    ) -> dict[Motif, Material]:
        """Returns of each motif the best of some neighbours of what it is a variation of.

        A turn is far from the call; variations have the first bar of their motif.
        """
        if not wanted:
            return {}
        z, seeds, over, bars = [], [], [], []
        for theme, name, number in wanted:
            random = stream(self.part.seed, "near", theme, name, number)
            origin = known[theme, name if number else "call", 0]
            draws = self.prior(random, NUM_VARIATIONS)
            z.append(neighbours(origin.z[None], draws, VARIED_AMOUNT if number else TURN_AMOUNT))
            seeds.append(row_seeds(random, NUM_VARIATIONS))
            over += [theme] * NUM_VARIATIONS
            bars += [PHRASE_BARS * WINDOWS[name]] * NUM_VARIATIONS
        drawn = self.lines(np.concatenate(z), seeds, over, bars)
        found = {}
        for place, motif in enumerate(wanted):
            rows = drawn[place * NUM_VARIATIONS :][:NUM_VARIATIONS]
            best, notes = self.best(known, motif, [lines.centred(row) for row in rows])
            found[motif] = Material(z[place][best], notes)
        return found

    def best(
        self, known: Mapping[Motif, Material], motif: Motif, rows: list[list[Note]]
    ) -> tuple[int, list[Note]]:
        """Returns the number and the notes of the best of the rows for a turn or a variation."""
        theme, name, number = motif
        if number:
            rows = [motifs.joined(known[theme, name, 0].notes, row) for row in rows]
        own, wanted = window_chords(self.chords[theme], WINDOWS[name]), _wanted(self.plan, theme)
        fitted = [lines.fitted_melody(motifs.breathed(row), own) for row in rows]
        scores = [lines.melody_score(row, own, wanted, PHRASE_BARS) for row in fitted]
        best = int(np.argmax(scores))
        return best, rows[best]

    def halves(self, theme: str) -> list[list[ChordEvent]]:
        """Returns the chords under call and answer."""
        return [window_chords(self.chords[theme], window) for window in (0, 1)]

    def prior(self, random: np.random.Generator, count: int) -> np.ndarray:
        """Returns latents drawn from the prior, [count, Z]."""
        return self.players.prior(self.part.model, random, count)

    def lines(
        self,
        z: np.ndarray,
        seeds: Sequence[np.ndarray],
        themes: Sequence[str],
        first_bars: Sequence[int],
    ) -> list[list[Note]]:
        """Returns the notes of latents [N, Z] over two bars of their themes."""
        chords = [self.chords[theme] for theme in themes]
        warm, drawn_by = self.part.temperature, np.concatenate(seeds)
        return self.players.lines(self.part.model, z, drawn_by, warm, chords, first_bars)


def _centred_pair(pair: Sequence[Sequence[Note]]) -> list[list[Note]]:
    """Returns call and answer moved by the same octaves."""
    whole = lines.centred([*pair[0], *moved(pair[1], PHRASE_STEPS)])
    count = len(pair[0])
    return [whole[:count], moved(whole[count:], -PHRASE_STEPS)]


def _score(
    pair: Sequence[Sequence[Note]],
    chords: Sequence[ChordEvent],
    halves: Sequence[Sequence[ChordEvent]],
    wanted: float,
) -> float:
    """Says how good call and answer are over four bars of chords, and over each half of them."""
    fitted = [
        lines.fitted_melody(motifs.breathed(notes), half)
        for notes, half in zip(pair, halves, strict=True)
    ]
    if min(map(len, fitted)) < PHRASE_BARS:
        return -np.inf
    return lines.melody_score([*fitted[0], *moved(fitted[1], PHRASE_STEPS)], chords, wanted)


def _wanted(plan: Plan, theme: str) -> float:
    sections = [s for s in plan.sections if s.theme == theme and "melody" in s.parts]
    return float(np.mean([per_bar(section) for section in sections]))


def _added(found: list[Note], notes: Sequence[Note], place: Place, seed: int) -> list[Note]:
    """Returns a melody with the notes of a phrase, of which early ones end what sounds before."""
    block, first = place.block, place.window * PHRASE_STEPS
    random = stream(seed, "touch", block.number, place.window)
    loudness = LOUDNESS + 16.0 * block.energy
    touched = lines.with_velocities(notes, random, loudness, LAZY, PHRASE_STEPS)
    early = placed(moved((n for n in touched if n.start < 0), first), block)
    late = placed(
        sounding(moved((n for n in touched if n.start >= 0), first), block, "melody"), block
    )
    new = [note for note in (*early, *late) if note.start >= 0]
    if not new:
        return found
    kept = [note for note in found if note.start < new[0].start - 0.5]
    return [*(note._replace(end=min(note.end, new[0].start)) for note in kept), *new]
