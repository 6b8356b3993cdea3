"""A piece as a model's windows, one after the other, and windows as a piece again."""

import dataclasses
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from lofi_tf.backends.base import Backend
from lofi_tf.data.converters.base import Converter
from lofi_tf.data.storage.examples import Examples, examples_of_records
from lofi_tf.errors import LofiError, LofiWarning, NotConvertible
from lofi_tf.generation.decoding import GenerationConfig, NoteSequence
from lofi_tf.generation.layout import Layout, bar_seconds, joined_at
from lofi_tf.generation.slices import (
    by_instrument,
    crop,
    drums_of,
    looped,
    number_of_bars,
    unwrapped,
)
from lofi_tf.music.quantize import grid_of


@dataclasses.dataclass(frozen=True)
class ModelInputs:
    """What a model takes of a piece of music.

    Attributes:
        inputs: [N, T, D], one row an excerpt.
        lengths: valid steps, int32 [N].
        targets: what it should give back, [N, T, D].
        controls: [N, T, C], or None where the model takes none.

    Example:
        >>> generation.excerpts_of(backend, beat).lengths.tolist()
        [64]
    """

    inputs: np.ndarray
    lengths: np.ndarray
    targets: np.ndarray
    controls: np.ndarray | None

    def means(self, backend: Backend) -> np.ndarray:
        """Returns the means of the posteriors, [N, Z]."""
        return self.posteriors(backend)[0]

    def posteriors(self, backend: Backend) -> tuple[np.ndarray, np.ndarray]:
        """Returns means and standard deviations of the posteriors, [N, Z]."""
        if not backend.config.model.z_size:
            return np.zeros([len(self.inputs), 0]), np.zeros([len(self.inputs), 0])
        return backend.encode(self.inputs, self.lengths, self.controls)


@dataclasses.dataclass(frozen=True)
class ChunkedSequence:
    """A piece cut into windows.

    Attributes:
        excerpt: what the model takes of those windows that hold music it can take, N rows.
        rows: the number of each of these windows in the layout, [N].
        layout: of all windows.
        crops: the music of each row's window, times from the window's start.
        left_out: why the others were left out; windows without notes are not named.

    Example:
        >>> generation.passage_of(backend, beat).layout.window_bars
        4
    """

    excerpt: ModelInputs
    rows: tuple[int, ...]
    layout: Layout
    crops: tuple[NoteSequence, ...]
    left_out: tuple[str, ...] = ()


def excerpts_of(backend: Backend, sequence: NoteSequence) -> ModelInputs:
    """Returns what training would take of a piece of music: whole windows, as Magenta takes them.

    Where no instrument has a program that a melody model learns from, all its instruments count.

    Raises:
        NotConvertible: the piece holds nothing that fits, and which rule says so.

    Example:
        >>> generation.excerpts_of(backend, beat).inputs.shape
        (1, 64, 27)
    """
    converter = backend.converter.with_mode("infer")
    record = _unwrapped(sequence, converter).SerializeToString()
    found = examples_of_records([record], converter.component)
    if not len(found) and converter.valid_programs:
        converter = dataclasses.replace(converter, valid_programs=None)
        found = examples_of_records([record], converter.component)
    if not len(found):
        lines = by_instrument(sequence) if converter.by_instrument else [sequence]
        refused = [(line, _reason(line, converter.component)) for line in lines or [sequence]]
        raise _told(sequence, refused, backend)
    return _excerpt(found, backend)


def passage_of(
    backend: Backend, piece: NoteSequence, num_bars: int | None = None
) -> ChunkedSequence:
    """Returns a piece as consecutive windows, from its first bar to its last.

    A piece shorter than a window is repeated until it fills one; the last window of a piece that
    is no whole number of windows reaches back. Windows that hold music the model does not take stay
    silent, and a `LofiWarning` counts them. A melody model takes the instrument with the most
    windows, of equals the first; one of a program that it learns from goes before others.

    Args:
        backend: the model.
        piece: music in one tempo and metre.
        num_bars: its length; None is that of its notes.

    Raises:
        NotConvertible: no window holds music that the model takes, and which rule says so.

    Example:
        >>> passage = generation.passage_of(backend, beat)
        >>> passage.layout.num_bars, passage.rows
        (4, (0,))
    """
    found = best_passage(backend, piece, num_bars)
    if found.left_out:
        count = f"{len(found.left_out)} of {len(found.layout.starts)} windows"
        text = f"{count} stay silent; the first: {found.left_out[0]}"
        warnings.warn(text, LofiWarning, stacklevel=2)
    return found


def best_passage(
    backend: Backend, piece: NoteSequence, num_bars: int | None = None
) -> ChunkedSequence:
    """Returns what `passage_of` does, and warns of no silent windows."""
    converter = backend.converter
    if converter.medium != "notes":
        raise LofiError(f"{backend.config.name} is no model of notes. Received: {converter.kind}")
    if not piece.notes and not piece.text_annotations:
        which = piece.filename or "the music"
        raise NotConvertible("no_notes", f"{which} has no notes")
    lines = by_instrument(piece) if converter.by_instrument else [piece]
    if converter.only_drums:
        lines = [drums_of(piece)]
    tried, refused = [], []
    for line in lines or [piece]:
        try:
            tried.append(_passage(backend, line, num_bars))
        except NotConvertible as error:
            refused.append((line, error))
    if not tried:
        raise _told(piece, refused, backend)
    programs = converter.valid_programs
    return max(tried, key=lambda its: (_plays(its, programs), len(its.rows)))


def join_chunks(
    windows: Sequence[NoteSequence],
    passage: ChunkedSequence,
    how: GenerationConfig,
    converter: Converter,
) -> NoteSequence:
    """Returns the windows of a passage's rows as one piece, as long as the one it was cut from.

    Args:
        windows: one of each row, at the tempo of `how`.
        passage: where they lie.
        how: tempo and metre.
        converter: the model's.

    Example:
        >>> how = generation.GenerationConfig(qpm=120)
        >>> passage = generation.passage_of(backend, beat)
        >>> windows = generation.decode(backend, passage.excerpt.means(backend), how)
        >>> piece = generation.join_chunks(windows, passage, how, backend.converter)
        >>> piece.tempos[0].qpm
        120.0
    """
    layout = passage.layout
    places = [(layout.starts[row], *layout.kept(row)) for row in passage.rows]
    whole = joined_at(windows, places, layout.num_bars, how, converter)
    as_instrument(whole, passage, converter)
    return whole


def as_instrument(piece: NoteSequence, passage: ChunkedSequence, converter: Converter) -> None:
    """Gives music that is read by instruments the one that it was read from."""
    if converter.by_instrument:
        player = passage.crops[0].notes[0]
        for note in piece.notes:
            note.instrument, note.program = player.instrument, player.program


def _plays(passage: ChunkedSequence, programs: Sequence[int] | None) -> bool:
    """Says whether a passage is of one of the programs, None being all."""
    return programs is None or passage.crops[0].notes[0].program in programs


def _unwrapped(piece: NoteSequence, converter: Converter) -> NoteSequence:
    """Returns a loop with its early notes before 0, for converters that want them there."""
    if not converter.keeps_early_notes:
        return piece
    try:
        grid = grid_of(piece, converter.steps_per_quarter, converter.steps_per_bar)
    except NotConvertible:  # which the converter tells
        return piece
    return unwrapped(piece, grid, converter.steps_per_bar)


def _passage(backend: Backend, piece: NoteSequence, num_bars: int | None) -> ChunkedSequence:
    converter = backend.converter
    grid = grid_of(piece, converter.steps_per_quarter, converter.steps_per_bar)
    piece = _unwrapped(piece, converter)
    size = converter.window_bars(backend.num_steps)
    num_bars = num_bars or number_of_bars(piece, grid, converter.steps_per_bar)
    bar = bar_seconds(converter, grid.qpm)
    whole = piece if num_bars >= size else looped(piece, num_bars * bar, size * bar, grid)
    layout = Layout.of(num_bars, size)
    crops = [crop(whole, start * bar, size * bar, grid, converter) for start in layout.starts]
    windows = taken(backend, crops)
    if not windows.rows:
        raise windows.refusals[0]
    left_out = tuple(
        str(refusal)
        for row, refusal in windows.refusals.items()
        if any(note.velocity for note in crops[row].notes)
    )
    own = tuple(crops[row] for row in windows.rows)
    return ChunkedSequence(windows.excerpt, windows.rows, layout, own, left_out)


class Taken(NamedTuple):
    """What a model takes of some windows.

    Attributes:
        excerpt: N rows.
        rows: the window of each row.
        refusals: why the others were not taken, by window.
    """

    excerpt: ModelInputs | None
    rows: tuple[int, ...]
    refusals: dict[int, NotConvertible]


def taken(backend: Backend, crops: list[NoteSequence]) -> Taken:
    """Returns what a model takes of windows that were cut for its kind of converter."""
    for number, window in enumerate(crops):
        window.id = window.filename = str(number)
    found = _examples(backend, crops)
    rows = tuple(int(source) for source in found.sources)
    refusals = {int(r.source): NotConvertible(r.rule, r.message) for r in found.refusals}
    excerpt = _filled(_excerpt(found, backend), backend) if rows else None
    return Taken(excerpt, rows, refusals)


def _examples(backend: Backend, crops: list[NoteSequence]) -> Examples:
    """Returns the first example of each window that gives any."""
    converter = backend.converter
    settings = converter.for_windows(converter.window_bars(backend.num_steps)).component
    found = examples_of_records([c.SerializeToString() for c in crops], settings, num_workers=1)
    if not len(found):
        return found
    found = dataclasses.replace(found, arrays=_whole(found.arrays, converter))
    first = np.append(True, found.sources[1:] != found.sources[:-1])
    kept = found.where(first)
    return dataclasses.replace(kept, refusals=found.refusals)


def _whole(arrays: Mapping[str, np.ndarray], converter: Converter) -> dict[str, np.ndarray]:
    """Returns stored arrays [N, ...] of windows whose last bars are silent at their full length."""
    found = {}
    for name, array in arrays.items():
        sizes = converter.example_spec[name].shape
        short = [
            max(0, (size or 0) - have) for size, have in zip(sizes, array.shape[1:], strict=True)
        ]
        found[name] = np.pad(array, [(0, 0), *((0, missing) for missing in short)])
    return found


def _filled(excerpt: ModelInputs, backend: Backend) -> ModelInputs:
    """Returns windows whose silent ends count at their full length."""
    converter = backend.converter
    length = converter.full_length(converter.window_bars(backend.num_steps))
    if length is None:
        return excerpt
    return dataclasses.replace(excerpt, lengths=np.full_like(excerpt.lengths, length))


def _excerpt(found: Examples, backend: Backend) -> ModelInputs:
    view = backend.view(found)
    return ModelInputs(view["inputs"], view["length"], view["targets"], view.get("controls"))


def _reason(piece: NoteSequence, settings: dict[str, Any]) -> NotConvertible:
    """Returns why a converter takes nothing of a piece."""
    found = examples_of_records([piece.SerializeToString()], settings, num_workers=1)
    for refusal in found.refusals:
        return NotConvertible(refusal.rule, refusal.message)
    return NotConvertible("no_example", "it holds no whole window of the model's length")


def _told(
    piece: NoteSequence, refused: list[tuple[NoteSequence, NotConvertible]], backend: Backend
) -> NotConvertible:
    """Returns one error of the reasons that refused the instruments of a piece."""
    lines: dict[str, list[str]] = {}
    for line, reason in refused:
        lines.setdefault(str(reason), []).append(_name(line))
    told = [f"{', '.join(names)}: {reason}" for reason, names in lines.items()]
    text = "; ".join(told) if len(refused) > 1 else str(refused[0][1])
    which = piece.filename or "the music"
    return NotConvertible(refused[0][1].rule, f"{which} does not fit {backend.config.name}: {text}")


def _name(line: NoteSequence) -> str:
    note = line.notes[0]
    names = [info.name for info in line.instrument_infos if info.instrument == note.instrument]
    kind = "drums" if note.is_drum else f"program {note.program}"
    return f"instrument {note.instrument} ({', '.join([*names, kind])})"
