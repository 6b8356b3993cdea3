"""Motifs: phrases of two bars that come back, and how they are varied."""

from collections.abc import Sequence

import numpy as np

from lofi_tf.composing.step_notes import Note
from lofi_tf.generation.scoring import BEAT, STRONG
from lofi_tf.music.quantize import STEPS_PER_BAR

PHRASE_BARS = 2
PHRASE_STEPS = PHRASE_BARS * STEPS_PER_BAR
LAST_START, LAST_END = 27, 30  # steps of a phrase: after them it breathes
HELD = 6  # steps that its last note is held, where there is room
SCALE = (0, 2, 4, 5, 7, 9, 11)
PICKUP_STEPS = 2  # from one of its notes to the next


def breathed(notes: Sequence[Note]) -> list[Note]:
    """Returns a phrase that ends before its two bars do, its last note held, and then breathes."""
    kept = [n._replace(end=min(n.end, LAST_END)) for n in notes if n.start <= LAST_START]
    if not kept:
        return []
    last = kept[-1]
    return [*kept[:-1], last._replace(end=min(max(last.end, last.start + HELD), LAST_END))]


def joined(head: Sequence[Note], tail: Sequence[Note]) -> list[Note]:
    """Returns the first bar of a phrase and the second of another."""
    first = [note._replace(end=min(note.end, STEPS_PER_BAR)) for note in head
             if note.start < STEPS_PER_BAR]  # fmt: skip
    return [*first, *(note for note in tail if note.start >= STEPS_PER_BAR)]


def lifted(notes: Sequence[Note], up: int) -> list[Note]:
    """Returns notes so many steps of the scale higher; those between its steps move along."""
    return [note._replace(pitch=_step_from(note.pitch, up)) for note in notes]


def thinned(notes: Sequence[Note]) -> list[Note]:
    """Returns the notes on the beats and the first, held on a while where others are gone."""
    kept = [note for number, note in enumerate(notes) if number == 0 or note.start % BEAT == 0]
    ends = [*(note.start for note in kept[1:]), LAST_END]
    return [
        note._replace(end=min(end, max(note.end, note.start + STRONG - 2)))
        for note, end in zip(kept, ends, strict=True)
    ]


def pickup_to(first: Note, random: np.random.Generator) -> list[Note]:
    """Returns two or three notes that lead to a first one by step, from below or from above.

    None is on a strong beat, where the chord has its tones.
    """
    count, way = int(random.integers(2, 4)), int(random.choice([-1, 1]))
    return [
        Note(first.start - PICKUP_STEPS * n, first.start - PICKUP_STEPS * (n - 1),
             _step_from(first.pitch, way * n), first.velocity)
        for n in range(count, 0, -1)
        if (first.start - PICKUP_STEPS * n) % STRONG
    ]  # fmt: skip


def _step_from(pitch: int, up: int) -> int:
    """Returns the pitch so many steps of the scale of C major above, or below, another."""
    octave, tone = divmod(pitch, 12)
    place = max(number for number, step in enumerate(SCALE) if step <= tone)
    higher, new = divmod(place + up, len(SCALE))
    return 12 * (octave + higher) + SCALE[new] + (tone - SCALE[place])
