"""Windows over lines of music, and what the converters of lines share."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from lofi_tf.data.quantize import refusal
from lofi_tf.data.splits import Part, piece_random
from lofi_tf.data.tracks import Track
from lofi_tf.errors import NotConvertible

Example = dict[str, np.ndarray]


def windows(track: Track, size: int | None, hop: int) -> list[Track]:
    """Returns the windows of a track in time order; the whole track where `size` is None.

    Args:
        track: a line.
        size: steps in a window.
        hop: steps from one window to the next.
    """
    if size is None:
        return [track]
    if len(track.events) < size:
        return []
    rows = np.lib.stride_tricks.sliding_window_view(track.events, size)[::hop]
    return [Track(track.start + index * hop, row) for index, row in enumerate(rows)]


def distinct(examples: Iterable[Example]) -> list[Example]:
    """Returns the examples without those equal to an earlier one."""
    seen = {}
    for example in examples:
        key = tuple(array.tobytes() for array in example.values())
        seen.setdefault(key, example)
    return list(seen.values())


def capped(examples: list, cap: int | None, note_sequence: Any, mode: str, seed: int) -> list:
    """Returns at most `cap` examples: drawn by seed and name in mode `train`, else the first."""
    if cap is None or len(examples) <= cap:
        return examples
    if mode != "train":
        return examples[:cap]
    drawn = piece_random(note_sequence, seed).choice(len(examples), cap, replace=False)
    return [examples[index] for index in sorted(drawn.tolist())]


def of_all_parts(parts: list[Part], convert: Callable[[Part], list]) -> list:
    """Returns what the parts of a piece give together, one after the other.

    Raises:
        NotConvertible: the first part's refusal, where no part gives anything.
    """
    found, refused = [], []
    for part in parts:
        try:
            found += convert(part)
        except NotConvertible as error:
            refused.append(error)
    if found:
        return found
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
