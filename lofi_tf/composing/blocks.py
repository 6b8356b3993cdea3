"""Blocks of four bars: those that a part plays, at their place in the track."""

import dataclasses
from collections.abc import Sequence

from lofi_tf.composing.plan import Plan, Section
from lofi_tf.composing.step_notes import BLOCK_BARS, Note, moved, within
from lofi_tf.music.quantize import STEPS_PER_BAR


@dataclasses.dataclass(frozen=True)
class Block:
    """Four bars of a section, or what is left of it.

    Attributes:
        section: that it is of.
        number: of the block in the track, from 0.
        start_bar: of the track.
        bars: 1 to 4.
        place: of the block in its section, from 0.
        is_last: whether its section ends with it.
        after: the section that follows its own, if any.
    """

    section: Section
    number: int
    start_bar: int
    bars: int
    place: int
    is_last: bool
    after: Section | None

    @property
    def steps(self) -> int:
        """Its length in sixteenths."""
        return self.bars * STEPS_PER_BAR

    @property
    def energy(self) -> float:
        """Its section's, as far as it has grown, 0 to 1."""
        steps = max(1, -(-self.section.bars // BLOCK_BARS) - 1)
        grown = self.section.energy + self.section.rise * self.place / steps
        return min(max(grown, 0.0), 1.0)


def blocks_of(plan: Plan) -> list[Block]:
    """Returns the blocks of a plan in their order."""
    found: list[Block] = []
    bar = 0
    for section, after in zip(plan.sections, [*plan.sections[1:], None], strict=True):
        for place, start in enumerate(range(0, section.bars, BLOCK_BARS)):
            bars = min(BLOCK_BARS, section.bars - start)
            is_last = start + bars == section.bars
            found.append(Block(section, len(found), bar + start, bars, place, is_last, after))
        bar += section.bars
    return found


def playing(plan: Plan, part: str) -> list[Block]:
    """Returns the blocks in which a part plays."""
    return [block for block in blocks_of(plan) if part in block.section.parts]


def is_silent(block: Block, part: str, step: float) -> bool:
    """Says whether a part does not play at a step of a block."""
    bar = block.place * BLOCK_BARS + (step + 0.5) / STEPS_PER_BAR
    spans = block.section.drops.get(part, ())
    return part not in block.section.parts or any(low <= bar < high for low, high in spans)


def sounding(notes: Sequence[Note], block: Block, part: str) -> list[Note]:
    """Returns the notes of a block that begin within it, where the part does not fall silent."""
    inside = within(notes, -1.0, block.steps)
    return [note for note in inside if not is_silent(block, part, note.start)]


def placed(notes: Sequence[Note], block: Block) -> list[Note]:
    """Returns the notes of a block at their place in the track, and in its section's key."""
    found = moved(notes, block.start_bar * STEPS_PER_BAR)
    return [note._replace(pitch=note.pitch + block.section.shift) for note in found]
