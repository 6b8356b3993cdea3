"""Windows over lines of music, and what the converters of lines share."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from lofi_tf.data.converters.tracks import Track
from lofi_tf.data.specs import Example
from lofi_tf.errors import NotConvertible
from lofi_tf.music.quantize import refusal
from lofi_tf.music.splits import Segment, piece_random

Block = dict[str, np.ndarray]  # columns of several examples of one length, each [W, T]


class Windows(NamedTuple):
    """Windows of a line: the first step of each, int64 [W], and their events [W, T]."""

    starts: np.ndarray
    events: np.ndarray


def windows(track: Track, size: int | None, hop: int) -> Windows:
    """Returns the windows of a track, each `hop` steps later; all of it where `size` is None."""
    size = len(track.events) if size is None else size
    starts = np.arange(0, len(track.events) - size + 1, hop if size < len(track.events) else 1)
    return Windows(track.start + starts, track.events[starts[:, None] + np.arange(size)])


def joined(groups: list[Windows]) -> list[Windows]:
    """Returns windows of several lines, all of one size, as one group: a tenth quicker to convert.

    Groups of several sizes stay as they are.
    """
    if len(groups) < 2 or len({group.events.shape[1] for group in groups}) > 1:
        return groups
    return [Windows(*(np.concatenate(column) for column in zip(*groups, strict=True)))]


def distinct(blocks: Iterable[Block]) -> list[Block]:
    """Returns the blocks without the rows that equal an earlier one in all columns."""
    seen, kept_blocks = set(), []
    for block in blocks:
        rows = np.concatenate(list(block.values()), axis=1)
        size = rows.shape[1] * rows.itemsize
        kept = []
        for index, key in enumerate(rows.view(f"V{size}").ravel().tolist()):
            if key not in seen:
                seen.add(key)
                kept.append(index)
        if len(kept) < len(rows):
            block = {name: column[kept] for name, column in block.items()}
        kept_blocks.append(block)
    return kept_blocks


def examples_of(blocks: Iterable[Block]) -> list[Example]:
    """Returns the rows of all blocks, each with its `length`, int32."""
    examples = []
    for block in blocks:
        names = [*block, "length"]
        shape = next(iter(block.values())).shape
        lengths = np.full(shape[0], shape[1], np.int32)
        for row in zip(*block.values(), lengths, strict=True):
            examples.append(dict(zip(names, row, strict=True)))
    return examples


def capped(examples: list, cap: int | None, note_sequence: Any, mode: str, seed: int) -> list:
    """Returns at most `cap` examples: drawn by seed and name in mode `train`, else the first."""
    if cap is None or len(examples) <= cap:
        return examples
    if mode != "train":
        return examples[:cap]
    drawn = piece_random(note_sequence, seed).choice(len(examples), cap, replace=False)
    return [examples[index] for index in sorted(drawn.tolist())]


def of_all_parts(parts: list[Segment], convert: Callable[[Segment], list]) -> list:
    """Returns what the parts of a piece give together, one after the other.

    Raises:
        NotConvertible: the first part's refusal, where no part gives anything.
    """
    results, refused = [], []
    for part in parts:
        try:
            results += convert(part)
        except NotConvertible as error:
            refused.append(error)
    if results:
        return results
    raise refused[0] if refused else refusal("no_notes", "it is empty", "one note or more", "none")


def too_short(size: int | None, steps_per_bar: int, tracks: list[Track]) -> NotConvertible:
    """Returns the refusal of a part whose longest track holds no window."""
    longest = max((len(track.events) for track in tracks), default=0) // steps_per_bar
    return refusal(
        "too_short",
        "no line of it is as long as an example",
        f"{(size or steps_per_bar) // steps_per_bar} bars or more without a long silence",
        f"{longest} bars",
    )
