"""Blocks of four bars: those that a part plays, each new, at their place in the track."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from lofi_tf.composing.plan import Block, Plan, blocks_of
from lofi_tf.composing.step_notes import BLOCK_BARS, Note, moved, within
from lofi_tf.music.quantize import STEPS_PER_BAR

MOST_REPEATS = 2  # of a block


def playing(plan: Plan, part: str) -> list[Block]:
    """Returns the blocks in which a part plays."""
    return [block for block in blocks_of(plan) if part in block.section.parts]


def new_one(rows: Sequence[Any], known: Counter, key: Callable[[Any], Any]) -> Any:
    """Returns the first of the rows that has not come twice, and notes that it came.

    Where all have, it is the one that came least.
    """
    chosen = next((row for row in rows if known[key(row)] < MOST_REPEATS), None)
    chosen = min(rows, key=lambda row: known[key(row)]) if chosen is None else chosen
    known[key(chosen)] += 1
    return chosen


def sounding(notes: Sequence[Note], block: Block, part: str) -> list[Note]:
    """Returns the notes of a block that begin within it, where the part does not fall silent."""
    first, silent = block.place * BLOCK_BARS, block.section.drops.get(part, ())
    return [
        note
        for note in within(notes, -1.0, block.bars * STEPS_PER_BAR)
        if not any(low <= first + (note.start + 0.5) / STEPS_PER_BAR < high for low, high in silent)
    ]


def placed(notes: Sequence[Note], block: Block) -> list[Note]:
    """Returns the notes of a block at their place in the track."""
    return moved(notes, block.start_bar * STEPS_PER_BAR)
