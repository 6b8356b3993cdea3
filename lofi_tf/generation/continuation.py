"""Pieces that go on where they end."""

import numpy as np

from lofi_tf.backends.base import Backend
from lofi_tf.generation.chunks import ChunkedSequence, as_instrument, passage_of
from lofi_tf.generation.decoding import (
    HOW,
    GenerationConfig,
    NoteSequence,
    check_controls,
    pieces_of,
)
from lofi_tf.generation.going_on import can_go_on, going_on
from lofi_tf.generation.latent_perturbation import CHAIN_AMOUNT
from lofi_tf.generation.layout import Layout, bar_seconds
from lofi_tf.generation.progressions import chord_controls, write_chords
from lofi_tf.generation.stitching import Chain, chained
from lofi_tf.music.progressions import progression


def continue_(
    backend: Backend,
    piece: NoteSequence,
    num_outputs: int = 1,
    how: GenerationConfig = HOW,
    length_bars: int | None = None,
    chords: str | None = None,
    amount: float = CHAIN_AMOUNT,
) -> list[NoteSequence]:
    """Returns a piece, and music that follows it from its next bar line on.

    The theme is the mean of the posterior of the piece's last window with music. A model that can
    be given bars draws what follows them (see `going_on`); of others every new window is a
    neighbour of the theme, chosen by its joint with the window before (see `stitching`).

    Arguments and errors are those of `lofi_tf.SequenceModel.continue_`; without chords the
    last window's come again.

    Example:
        >>> (longer,) = generation.continue_(backend, beat, length_bars=4)
        >>> len(longer.notes) > len(beat.notes)
        True
    """
    converter = backend.converter
    if converter.hits_as_controls:
        check_controls(converter, None, backend.config.name)
    passage, how = passage_of(backend, piece), how.like(piece)
    layout = Layout.onwards(length_bars or passage.layout.window_bars, passage.layout.window_bars)
    theme, last = passage.excerpt.means(backend)[-1], passage.excerpt.controls
    changes = progression(chords, layout.num_bars) if chords else None
    controls = None if last is None else last[[-1] * len(layout.starts)]
    if changes:
        controls = chord_controls(backend, changes, layout)
    if can_go_on(backend):
        z = np.repeat(theme[None], num_outputs, axis=0)
        before, at = passage.excerpt.targets[-1], passage.layout.num_bars
        following = going_on(backend, z, how, layout.num_bars, before, at)
    else:
        given = None if last is None else last[-1:]
        (before,) = pieces_of(backend, passage.excerpt.targets[-1:], how, given)
        chains = [Chain(theme, how.seed, output, before) for output in range(num_outputs)]
        following = chained(backend, chains, layout, how, amount, controls)
    found = []
    for new in following:
        as_instrument(new, passage, converter)
        if changes:
            write_chords(new, changes, converter)
        found.append(_appended(piece, new, passage, how, bar_seconds(converter, how.qpm)))
    return found


def _appended(
    piece: NoteSequence,
    new: NoteSequence,
    passage: ChunkedSequence,
    how: GenerationConfig,
    bar: float,
) -> NoteSequence:
    """Returns a piece at the tempo of `how`, and new music from its next bar line on."""
    whole = at_tempo(piece, how)
    offset = passage.layout.num_bars * bar
    for note in new.notes:
        added = whole.notes.add()
        added.CopyFrom(note)
        added.start_time, added.end_time = note.start_time + offset, note.end_time + offset
    for name in ("text_annotations", "key_signatures"):
        for event in getattr(new, name):
            added = getattr(whole, name).add()
            added.CopyFrom(event)
            added.time = event.time + offset
    whole.total_time = offset + new.total_time
    return whole


def at_tempo(piece: NoteSequence, how: GenerationConfig) -> NoteSequence:
    """Returns a piece of one tempo at that of `how`."""
    factor = HOW.like(piece).qpm / how.qpm
    found = type(piece)()
    found.CopyFrom(piece)
    for note in found.notes:
        note.start_time, note.end_time = note.start_time * factor, note.end_time * factor
    for name in (
        *("text_annotations", "key_signatures", "time_signatures"),
        *("control_changes", "pitch_bends"),
    ):
        for event in getattr(found, name):
            event.time *= factor
    del found.tempos[:]
    found.tempos.add(qpm=how.qpm)
    return found
