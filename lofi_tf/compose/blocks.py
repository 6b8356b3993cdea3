"""Blocks of four bars: those that a part plays, each new, at their place in the track."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from lofi_tf.compose.notes import STEPS_PER_BAR, Note, moved, within
from lofi_tf.compose.plan import Block, Plan, blocks_of

MOST_REPEATS = 2  # of a block


def playing(plan: Plan, part: str) -> list[Block]:
    """Returns the blocks in which a part plays."""
    return [block for block in blocks_of(plan) if part in block.section.parts]


def new_one(rows: Sequence[Any], known: Counter, key: Callable[[Any], Any]) -> Any:
    """Returns the first of the rows that has not come twice, and notes that it came."""
    chosen = next((row for row in rows if known[key(row)] < MOST_REPEATS), rows[0])
    known[key(chosen)] += 1
    return chosen


def placed(notes: Sequence[Note], block: Block) -> list[Note]:
    """Returns the notes of a block at their place in the track."""
    kept = within(notes, -1.0, block.bars * STEPS_PER_BAR)
    return moved(kept, block.start_bar * STEPS_PER_BAR)
