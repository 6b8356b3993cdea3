"""A finished piece as one picture: its tracks, its sections, its sound."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lofi_tf.errors import LofiError
from lofi_tf.html.sound_shape import LEAST_DB, SoundShape, sound_shape
from lofi_tf.music.files import KINDS, MIDI
from lofi_tf.music.midi_markers import read_markers, sections_of
from lofi_tf.music.quantize import first_qpm
from lofi_tf.plotting.figures import new_figure, save_png
from lofi_tf.rendering.render import sequence_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Section = tuple[str, float, float]  # name, start and end in seconds
INCHES_WIDE = 16
MOST_BAR_NUMBERS = 24
MOST_LETTERS = 40  # of a name


def track_picture(
    sequence,
    path: str | Path,
    sections: list[Section] = (),
    sound: str | Path | None = None,
    title: str = "",
) -> None:
    """Writes a PNG of a piece: a piano roll by track, and below it the sound where given.

    Args:
        sequence: NoteSequence in seconds, as `read_midi` returns it.
        path: The PNG to write; it appears only when whole.
        sections: Name, start and end of each section, in seconds.
        sound: Path of the rendered sound (WAV, FLAC, Ogg), of any length.
        title: What stands above.

    Raises:
        LofiError: If the piece has no notes, a section ends before it begins, or the sound
            cannot be read.
    """
    save_png(draw_track(sequence, sections, sound and sound_shape(sound), title), path)


def picture_of_file(music: str | Path, path: str | Path, sound: str | Path | None = None) -> None:
    """Writes the picture of a music file; the markers of a MIDI file begin its sections."""
    sequence = sequence_of(music)
    track_picture(sequence, path, sections_in(sequence, music), sound, Path(music).stem)


def sections_in(sequence, music: str | Path) -> list[Section]:
    """Returns the sections of a music file, whose notes are given, by its markers."""
    music = Path(music)
    markers = read_markers(music.read_bytes()) if KINDS[music.suffix.lower()] == MIDI else []
    end = max((note.end_time for note in sequence.notes), default=0.0)
    return sections_of(markers, end)


def draw_track(
    sequence, sections: list[Section] = (), shape: SoundShape | None = None, title: str = ""
) -> "Figure":
    """Returns the figure that `track_picture` writes, one axes a track."""
    if not sequence.notes:
        raise LofiError("a picture of a piece needs notes; this one has none")
    for name, start, end in sections:
        if not 0 <= start < end:
            raise LofiError(f"section {name!r} must end after it begins; got {start} to {end} s")
    tracks = named_tracks(sequence)
    heights = [1.0] * len(tracks) + ([0.7, 1.3] if shape else [])
    inches = (INCHES_WIDE, 1.1 + 1.1 * sum(heights))
    figure, grid = new_figure(inches, len(heights), height_ratios=heights)
    rows = grid[:, 0]
    end = max(note.end_time for note in sequence.notes)
    end = max([end, *(section[2] for section in sections), shape.seconds if shape else 0.0])
    for number, (axes, (name, notes)) in enumerate(zip(rows, tracks, strict=False)):
        _draw_notes(axes, name, notes, f"C{number % 10}")
    if shape:
        _draw_sound(rows[-2], rows[-1], shape)
    for axes in rows:
        _draw_time(axes, sequence, sections, end, named=axes is rows[0])
    for axes in rows[:-1]:
        axes.tick_params(labelbottom=False)
    tempo = first_qpm(sequence)
    rows[-1].set_xlabel(f"bars at {tempo:.4g} beats to the minute", fontsize=8)
    figure.suptitle(_plain(title), fontsize=12)
    return figure


def named_tracks(sequence) -> list[tuple[str, list]]:
    """Returns the name and the notes of each track that has notes, in the order of the file."""
    names = {info.instrument: info.name for info in sequence.instrument_infos}
    notes: dict[tuple[int, bool], list] = {}
    for note in sequence.notes:
        notes.setdefault((note.instrument, note.is_drum), []).append(note)
    return [
        (names.get(key[0]) or ("drums" if key[1] else f"track {key[0] + 1}"), notes[key])
        for key in sorted(notes)
    ]


def bar_starts(sequence, end: float) -> np.ndarray:
    """Returns where the bars begin, in seconds up to `end`, by the tempos and time signatures."""
    tempos = sorted((tempo.time, tempo.qpm) for tempo in sequence.tempos) or [(0.0, 120.0)]
    meters = sorted(
        (meter.time, 4 * meter.numerator / meter.denominator) for meter in sequence.time_signatures
    ) or [(0.0, 4.0)]
    starts, now = [], 0.0
    while now < end:
        starts.append(now)
        left = [beats for time, beats in meters if time <= now + 1e-6][-1:] or [meters[0][1]]
        now = _after(now, left[0], tempos)
    return np.array(starts)


def _after(now: float, beats: float, tempos: list[tuple[float, float]]) -> float:
    """Returns the time that lies so many beats after now."""
    while True:
        qpm = ([qpm for time, qpm in tempos if time <= now + 1e-9] or [tempos[0][1]])[-1]
        change = next((time for time, _ in tempos if time > now + 1e-9), np.inf)
        if now + beats * 60 / qpm <= change:
            return now + beats * 60 / qpm
        beats -= (change - now) * qpm / 60
        now = change


def _draw_notes(axes, name: str, notes: list, colour: str) -> None:
    spans = [(note.start_time, max(note.end_time - note.start_time, 0.02)) for note in notes]
    for pitch in sorted({note.pitch for note in notes}):
        bars = [span for span, note in zip(spans, notes, strict=True) if note.pitch == pitch]
        axes.broken_barh(bars, (pitch - 0.45, 0.9), facecolors=colour)
    axes.set_ylim(min(n.pitch for n in notes) - 2, max(n.pitch for n in notes) + 2)
    axes.set_ylabel(_plain(name), fontsize=8, color=colour, rotation=0, ha="right", va="center")


def _draw_sound(upper, lower, shape: SoundShape) -> None:
    borders = shape.column_seconds * np.arange(len(shape.low) + 1)
    upper.fill_between(borders[:-1], shape.low, shape.high, step="post", color="0.4")
    upper.set_ylim(-1, 1)
    upper.set_ylabel("sound", fontsize=8, rotation=0, ha="right", va="center")
    edges, level = shape.edges_hz, shape.level_db
    lower.pcolormesh(borders, edges, level, vmin=LEAST_DB, vmax=0, cmap="magma", rasterized=True)
    lower.set_yscale("log")
    lower.set_ylabel("Hz", fontsize=8, rotation=0, ha="right", va="center")


def _draw_time(axes, sequence, sections: list[Section], end: float, named: bool) -> None:
    bars = bar_starts(sequence, end)
    step = 2 ** max(0, int(np.ceil(np.log2(len(bars) / MOST_BAR_NUMBERS))))
    axes.set_xticks(bars[::step], range(1, len(bars) + 1, step))
    axes.set_xlim(0, end)
    axes.grid(axis="x", alpha=0.3)
    axes.tick_params(labelsize=7)
    for name, start, stop in sections:
        for border in (start, stop):
            axes.axvline(border, color="0.3", linewidth=0.8, linestyle="--")
        if named:
            place = {"xycoords": axes.get_xaxis_transform(), "fontsize": 8, "va": "bottom"}
            axes.annotate(_plain(name), ((start + stop) / 2, 1.02), ha="center", **place)


def _plain(text: str) -> str:
    """Returns a text, shortened, that matplotlib does not take for a formula."""
    text = "".join(letter for letter in text if letter.isprintable())
    if len(text) > MOST_LETTERS:
        text = text[: MOST_LETTERS - 1] + "…"
    return text.replace("$", r"\$")
