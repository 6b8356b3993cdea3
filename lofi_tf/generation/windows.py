"""A piece as a model's windows, one after the other, and windows as a piece again."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from lofi_tf.backends import Backend
from lofi_tf.data.converter import Converter, build_converter
from lofi_tf.data.dataset import model_view
from lofi_tf.data.examples import Examples, examples_of_records
from lofi_tf.data.quantize import grid_of
from lofi_tf.errors import LofiError, NotConvertible
from lofi_tf.generation.crops import by_instrument, crop, drums_of, looped, number_of_bars
from lofi_tf.generation.drawing import How, NoteSequence, dress

# What makes a converter take a window as it is: no search for where music begins and ends.
_WHOLE_LINES = {
    "pad_to_total_time": True,
    "gap_bars": None,
    "max_bars": None,
    "dedupe_event_lists": False,
    "presplit_on_time_changes": False,
}
_AS_IT_IS = {
    "groove": {"split_bars": None, "hop_size": None},
    "melody": _WHOLE_LINES,
    "drums": _WHOLE_LINES,
    "trio": {},
    "multi_performance": {"first_subsequence_only": False},
}


@dataclasses.dataclass(frozen=True)
class Excerpt:
    """What a model takes of a piece of music.

    Attributes:
        inputs: [N, T, D], one row an excerpt.
        lengths: valid steps, int32 [N].
        targets: what it should give back, [N, T, D].
        controls: [N, T, C], or None where the model takes none.
    """

    inputs: np.ndarray
    lengths: np.ndarray
    targets: np.ndarray
    controls: np.ndarray | None

    def means(self, backend: Backend) -> np.ndarray:
        """Returns the means of the posteriors, [N, Z]."""
        return backend.encode(self.inputs, self.lengths, self.controls)[0]


@dataclasses.dataclass(frozen=True)
class Layout:
    """Where windows lie in a piece; bars are counted from 0.

    Attributes:
        num_bars: of the piece.
        window_bars: of a window.
        starts: first bar of each window. The last one reaches back where the piece is no whole
            number of windows.
    """

    num_bars: int
    window_bars: int
    starts: tuple[int, ...]

    @classmethod
    def of(cls, num_bars: int, window_bars: int) -> "Layout":
        """Returns the fewest windows that hold a piece."""
        starts = list(range(0, num_bars - window_bars + 1, window_bars))
        if not starts or starts[-1] + window_bars < num_bars:
            starts.append(max(0, num_bars - window_bars))
        return cls(num_bars, window_bars, tuple(starts))

    def kept(self, window: int) -> tuple[int, int]:
        """Returns the first bar of a window that is its own, and the bar after its last."""
        start = self.starts[window]
        done = self.starts[window - 1] + self.window_bars if window else 0
        return done - start, min(self.window_bars, self.num_bars - start)


@dataclasses.dataclass(frozen=True)
class Passage:
    """A piece cut into windows.

    Attributes:
        excerpt: what the model takes of those windows that hold music it can take, N rows.
        rows: the number of each of these windows in the layout, [N].
        layout: of all windows.
        crops: the music of each row's window, times from the window's start.
        left_out: why the others were left out; windows without notes are not named.
    """

    excerpt: Excerpt
    rows: tuple[int, ...]
    layout: Layout
    crops: tuple[NoteSequence, ...]
    left_out: tuple[str, ...] = ()


def excerpts_of(backend: Backend, sequence: NoteSequence) -> Excerpt:
    """Returns what training would take of a piece of music: whole windows, as Magenta takes them.

    Raises:
        NotConvertible: the piece holds nothing that fits, and which rule says so.
    """
    settings = {**backend.config.data.converter, "mode": "infer"}
    found = examples_of_records([sequence.SerializeToString()], settings)
    if not len(found):
        lines = by_instrument(sequence) if settings["kind"] == "melody" else [sequence]
        refused = [(line, _reason(line, settings)) for line in lines or [sequence]]
        raise _told(sequence, refused, backend)
    return _excerpt(found, backend)


def passage_of(backend: Backend, piece: NoteSequence) -> Passage:
    """Returns a piece as consecutive windows, from its first bar to its last.

    A piece shorter than a window is repeated until it fills one; the last window of a piece that
    is no whole number of windows reaches back. A melody model takes the instrument with the most
    windows, of equals the first.

    Raises:
        NotConvertible: no window holds music that the model takes, and which rule says so.
    """
    settings = backend.config.data.converter
    kind = settings["kind"]
    if kind not in _AS_IT_IS:
        raise LofiError(f"{backend.config.name} is no model of notes. Received: {kind}")
    lines = by_instrument(piece) if kind == "melody" else [piece]
    if kind == "groove":
        lines = [drums_of(piece)]
    tried, refused = [], []
    for line in lines or [piece]:
        try:
            tried.append(_passage(backend, line))
        except NotConvertible as error:
            refused.append((line, error))
    if not tried:
        raise _told(piece, refused, backend)
    return max(tried, key=lambda passage: len(passage.rows))


def joined(
    windows: Sequence[NoteSequence], passage: Passage, how: How, converter: Converter
) -> NoteSequence:
    """Returns the windows of a passage's rows as one piece, as long as the one it was cut from.

    Args:
        windows: one of each row, at the tempo of `how`.
        passage: where they lie.
        how: tempo and metre.
        converter: the model's.
    """
    layout = passage.layout
    places = [(layout.starts[row], *layout.kept(row)) for row in passage.rows]
    return joined_at(windows, places, layout.num_bars, how, converter)


def joined_at(
    windows: Sequence[NoteSequence],
    places: Sequence[tuple[int, int, int]],
    num_bars: int,
    how: How,
    converter: Converter,
) -> NoteSequence:
    """Returns windows as one piece.

    Args:
        windows: at the tempo of `how`.
        places: of each, the bar it begins at, and from which of its own bars up to which it counts.
        num_bars: length of the piece.
        how: tempo and metre.
        converter: the model's.
    """
    bar = bar_seconds(converter, how.qpm)
    slack = bar / converter.steps_per_bar / 2  # an early note belongs to the beat that it is near
    whole = type(windows[0])(ticks_per_quarter=windows[0].ticks_per_quarter)
    whole.tempos.add(qpm=how.qpm)
    for window, (start, first, last) in zip(windows, places, strict=True):
        _add(whole, window, start * bar, first * bar, last * bar, slack)
    dress(whole, how, converter)
    whole.total_time = num_bars * bar
    return whole


def window_bars(converter: Converter, max_seq_len: int) -> int:
    """Returns the bars of a model's window."""
    for name in ("split_bars", "slice_bars", "hop_size_bars"):
        if getattr(converter, name, None):
            return getattr(converter, name)
    steps = converter.steps_per_bar
    if getattr(converter, "split_instruments", False):
        steps *= converter.num_drums
    return max(1, max_seq_len // steps)


def bar_seconds(converter: Converter, qpm: float) -> float:
    """Returns the length of a bar."""
    return 60.0 / qpm * converter.quarters_per_bar


def _passage(backend: Backend, piece: NoteSequence) -> Passage:
    converter = build_converter(backend.config.data.converter)
    grid = grid_of(piece, converter.steps_per_quarter, converter.steps_per_bar)
    size = window_bars(converter, backend.config.model.max_seq_len)
    num_bars = number_of_bars(piece, grid, converter.steps_per_bar)
    bar = bar_seconds(converter, grid.qpm)
    kind = backend.config.data.converter["kind"]
    whole = piece if num_bars >= size else looped(piece, num_bars * bar, size * bar, grid)
    layout = Layout.of(num_bars, size)
    crops = [crop(whole, start * bar, size * bar, grid, kind) for start in layout.starts]
    for number, window in enumerate(crops):
        window.id = window.filename = str(number)
    found = _examples(backend, crops)
    rows = tuple(int(source) for source in found.sources)
    left_out = tuple(
        refusal.message
        for refusal in found.refusals
        if any(note.velocity for note in crops[int(refusal.source)].notes)
    )
    if not rows:
        refusal = found.refusals[0]
        raise NotConvertible(refusal.rule, refusal.message)
    steps = size * converter.steps_per_bar
    excerpt = _filled(_excerpt(found, backend), kind, steps, converter)
    return Passage(excerpt, rows, layout, tuple(crops[row] for row in rows), left_out)


def _examples(backend: Backend, crops: list[NoteSequence]) -> Examples:
    """Returns the first example of each window that gives any."""
    settings = dict(backend.config.data.converter)
    settings |= _AS_IT_IS[settings["kind"]]
    settings |= {"mode": "infer", "max_tensors_per_notesequence": None}
    if settings["kind"] in ("melody", "drums"):
        converter = build_converter(settings)
        settings["slice_bars"] = window_bars(converter, backend.config.model.max_seq_len)
    found = examples_of_records([c.SerializeToString() for c in crops], settings, num_workers=1)
    if not len(found):
        return found
    first = np.append(True, found.sources[1:] != found.sources[:-1])
    kept = found.where(first)
    return dataclasses.replace(kept, refusals=found.refusals)


def _filled(excerpt: Excerpt, kind: str, steps: int, converter: Converter) -> Excerpt:
    """Returns groove windows that end in silence at their full length."""
    if kind != "groove":
        return excerpt
    full = steps * (converter.num_drums if converter.split_instruments else 1)
    return dataclasses.replace(excerpt, lengths=np.full_like(excerpt.lengths, full))


def _excerpt(found: Examples, backend: Backend) -> Excerpt:
    converter = build_converter(backend.config.data.converter)
    view = model_view(found, converter, backend.config.model.max_seq_len)
    return Excerpt(view["inputs"], view["length"], view["targets"], view.get("controls"))


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
    told = [f"{_name(line)}: {reason}" for line, reason in refused]
    text = "; ".join(told) if len(told) > 1 else str(refused[0][1])
    which = piece.filename or "the music"
    return NotConvertible(refused[0][1].rule, f"{which} does not fit {backend.config.name}: {text}")


def _name(line: NoteSequence) -> str:
    note = line.notes[0]
    names = [info.name for info in line.instrument_infos if info.instrument == note.instrument]
    kind = "drums" if note.is_drum else f"program {note.program}"
    return f"instrument {note.instrument} ({', '.join([*names, kind])})"


def _add(
    whole: NoteSequence,
    window: NoteSequence,
    offset: float,
    first: float,
    last: float,
    slack: float,
) -> None:
    """Adds what begins between `first` and `last` seconds of a window to a piece."""
    for note in window.notes:
        if not first - slack <= note.start_time < last - slack:
            continue
        added = whole.notes.add()
        added.CopyFrom(note)
        end = note.end_time if note.is_drum else min(note.end_time, last)
        added.start_time, added.end_time = note.start_time + offset, end + offset
    _add_states(whole.text_annotations, window.text_annotations, "text", offset, first, last)
    _add_states(whole.key_signatures, window.key_signatures, "key", offset, first, last)


def _add_states(
    into: Any, events: Any, field: str, offset: float, first: float, last: float
) -> None:
    """Adds what is in force from `first` to `last`, where it differs from what is so already."""
    for number, event in enumerate(events):
        until = events[number + 1].time if number + 1 < len(events) else np.inf
        if until <= first or event.time >= last:
            continue
        if into and getattr(into[-1], field) == getattr(event, field):
            continue
        added = into.add()
        added.CopyFrom(event)
        added.time = max(event.time, first) + offset
