"""Chords that music is to be made over, as a model's controls and in what it made."""

from typing import Any

import numpy as np

from lofi_tf.backends.base import Backend
from lofi_tf.data.converters.base import Converter
from lofi_tf.errors import LofiError
from lofi_tf.generation.layout import Layout, bar_seconds
from lofi_tf.music.chords import NUM_TRIADS
from lofi_tf.music.progressions import Change, chords_at
from lofi_tf.music.splits import CHORD_SYMBOL


def chord_controls(backend: Backend, changes: list[Change], layout: Layout) -> np.ndarray:
    """Returns a model's controls [W, T, C] for the chords in each window of a layout.

    Raises:
        LofiError: the model takes no chords, or wants keys too.
    """
    converter = backend.converter
    if not converter.chord_encoding:
        raise LofiError(f"{backend.config.name} takes no chords: leave out --chords")
    if converter.condition_on_key:
        raise LofiError(f"{backend.config.name} takes keys beside chords, which cannot be given")
    bars = converter.chord_bars(backend.config.model.max_seq_len)
    told = ~np.isnan(bars)
    triads = np.zeros([len(layout.starts), len(bars)], np.int64)
    for window, start in enumerate(layout.starts):
        triads[window, told] = chords_at(changes, start + bars[told])
    return np.eye(NUM_TRIADS, dtype=np.float32)[triads]


def write_chords(piece: Any, changes: list[Change], converter: Converter) -> None:
    """Writes chords as they were given into a piece, in place of its own."""
    bar = bar_seconds(converter, piece.tempos[0].qpm)
    others = [_copy(a) for a in piece.text_annotations if a.annotation_type != CHORD_SYMBOL]
    del piece.text_annotations[:]
    piece.text_annotations.extend(others)
    for change in changes:
        piece.text_annotations.add(
            annotation_type=CHORD_SYMBOL, time=float(change.bar) * bar, text=change.figure
        )


def _copy(message: Any) -> Any:
    copy = type(message)()
    copy.CopyFrom(message)
    return copy
