"""Piano-roll pictures of NoteSequences."""

from typing import TYPE_CHECKING

import numpy as np

from lofi_tf.music.quantize import first_qpm
from lofi_tf.plotting.figures import new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DRUM_LABELS = {
    36: "kick", 38: "snare", 42: "closed hi-hat", 46: "open hi-hat", 43: "low tom", 45: "low tom",
    47: "mid tom", 48: "mid tom", 50: "high tom", 49: "crash", 51: "ride",
}  # fmt: skip

FAINTEST = 0.3  # opacity of the softest note
GAP_SHARE, GAP_BEATS = 0.2, 0.08  # what is left free at a note's end, and how much at most
LEAST_SHARE = 1 / 600  # of the picture's width, a pixel and a half
LABEL_SHARE = 1 / 20  # of a roll's height that a label takes


def draw_piano_roll(sequences: list, titles: list[str]) -> "Figure":
    """Returns a figure of NoteSequences one above the other.

    Time runs in beats along x, with a line a bar; each pitch has a row, drums by their names; a
    note is the darker the louder it is, and ends a little early, so that the next stands apart.
    All have the same rows and the same beats, so that they can be compared.
    """
    figure, grid = new_figure((10, 2.6 * len(sequences)), len(sequences))
    notes = [note for sequence in sequences for note in sequence.notes]
    rows = _rows(notes)
    labelled = {pitch: _label(pitch, notes) for pitch in _apart(rows)}
    beats = np.concatenate([np.zeros([1, 2]), *map(_beats, sequences)])
    # A late hit may sound past the last bar: up to a sixteenth opens no bar of its own.
    span = min(0.0, beats.min()), 4 * max(1, int(np.ceil((beats.max() - 0.25) / 4)))
    for axes, sequence, title in zip(grid[:, 0], sequences, titles, strict=True):
        _draw(axes, sequence, rows, span)
        axes.set_yticks([rows[pitch] for pitch in labelled], list(labelled.values()))
        if rows:
            axes.set_ylim(min(rows.values()) - 0.6, max(rows.values()) + 0.6)
        axes.set_title(title, loc="left", fontsize=9)
    return figure


def _draw(axes, sequence, rows: dict[int, int], span: tuple[float, int]) -> None:
    """Draws notes in the rows of their pitches, over a span of beats."""
    notes, beats = list(sequence.notes), _beats(sequence)
    for pitch, row in rows.items():
        chosen = [number for number, note in enumerate(notes) if note.pitch == pitch]
        if not chosen:
            continue
        bars = [(beats[n, 0], _width(beats[n, 1] - beats[n, 0], span[1])) for n in chosen]
        shades = [_shade(notes[number]) for number in chosen]
        axes.broken_barh(bars, (row - 0.4, 0.8), facecolors=shades)
    axes.set_xticks(np.arange(0, span[1] + 1, 4))
    axes.set_xlim(*span)
    axes.grid(axis="x", alpha=0.4)
    axes.tick_params(labelsize=7)
    axes.set_xlabel(f"beats at {first_qpm(sequence):g} to the minute", fontsize=7)


def _beats(sequence) -> np.ndarray:
    """Returns where notes begin and end, in beats [N, 2]."""
    times = [(note.start_time, note.end_time) for note in sequence.notes]
    return np.array(times).reshape(-1, 2) * first_qpm(sequence) / 60.0


def _width(beats: float, all_beats: int) -> float:
    """Returns what is drawn of a note's beats: less a gap, but enough to be seen."""
    return max(beats - min(GAP_SHARE * beats, GAP_BEATS), LEAST_SHARE * all_beats)


def _shade(note) -> tuple[float, float, float, float]:
    red, green, blue = (0.12, 0.47, 0.71) if note.is_drum else (0.17, 0.63, 0.17)
    return red, green, blue, FAINTEST + (1.0 - FAINTEST) * note.velocity / 127.0


def _rows(notes) -> dict[int, int]:
    pitches = sorted({note.pitch for note in notes})
    if all(note.is_drum for note in notes):
        return {pitch: row for row, pitch in enumerate(pitches)}
    return {pitch: pitch for pitch in pitches}


def _apart(rows: dict[int, int]) -> list[int]:
    """Returns the pitches, from the lowest up, whose labels do not touch."""
    labelled: list[int] = []
    least = LABEL_SHARE * (max(rows.values(), default=0) - min(rows.values(), default=0) + 1.2)
    for pitch, row in rows.items():
        if not labelled or row - rows[labelled[-1]] >= least:
            labelled.append(pitch)
    return labelled


def _label(pitch: int, notes) -> str:
    drum = any(note.is_drum for note in notes if note.pitch == pitch)
    return DRUM_LABELS.get(pitch, str(pitch)) if drum else str(pitch)
