"""MIDI files and sounds as clips: what a page is told of them."""

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lofi_tf.audio.io import probe, read_blocks
from lofi_tf.errors import LofiError
from lofi_tf.music.bar_lines import nominal_qpm, whole_bars
from lofi_tf.music.keys import MAJOR, key_of, sharps_of, spelled
from lofi_tf.music.midi import read_midi
from lofi_tf.music.midi_events import META, SET_TEMPO, TRACK_NAME
from lofi_tf.music.midi_markers import sections_of
from lofi_tf.music.midi_text import text_of
from lofi_tf.music.song import MARKER, Song
from lofi_tf.music.song_metre import quarter_ticks
from lofi_tf.music.song_parts import Part, parts_of
from lofi_tf.music.tempo_map import TempoMap
from lofi_tf.rendering.track_events import role_of
from lofi_tf.studio.shapes import MOST_BEATS, MOST_NOTES

MOST_CHORDS, MOST_SECTIONS, MOST_TEXT = 2000, 500, 120
NUM_PEAKS = 240  # of a sound's picture
_TEXT, _LANE = 0x01, b"Chords"
_SAME = 1 / 96  # quarter notes: what is nearer to a bar line lies on it
_LOW = 48  # pitch: lines below it on the mean are basses


def now() -> str:
    """Returns the time, as clips have it."""
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")


def shown(text: str) -> str:
    """Returns a text of a file without signs that cannot be shown, and not too long."""
    return "".join(sign for sign in text if sign.isprintable())[:MOST_TEXT].strip()


def about_song(song: Song, part: str | None = None) -> dict[str, Any]:
    """Returns the fields of a clip that its MIDI file tells.

    Args:
        song: the file.
        part: what it is, where that is known.

    Raises:
        LofiError: more notes or beats than a clip may have.
    """
    check_size(song)
    piece = piece_of(song)
    bars = whole_bars(piece)
    if bars.quarters > MOST_BEATS:
        raise LofiError(f"a clip lasts {MOST_BEATS:g} beats at most. Received: {bars.quarters:g}")
    first = min(piece.tempos, key=lambda tempo: tempo.time, default=None)
    roles = {role_in(song, one) for one in parts_of(song)}
    return {
        "kind": "notes",
        "part": part or (roles.pop() if len(roles) == 1 else "song"),
        "qpm": round(nominal_qpm(first.qpm) if first else bars.qpm, 6),
        "bars": bars.count,
        "beats_per_bar": 4.0 * bars.numerator / bars.denominator,
        "beats": round(float(bars.quarters), 6),
        "seconds": round(float(bars.seconds), 6),
        "key": _key(piece),
        "chords": chords_of(song),
        "sections": sections_in(song),
    }


def piece_of(song: Song) -> Any:
    """Returns the music of a song; where the file ends on a bar line, that is how long it is.

    So a loop may end in silence.
    """
    piece = read_midi(song.to_bytes())
    by_notes, end = piece.total_time, song.length
    seconds = float(TempoMap(song.division, song.metas(SET_TEMPO)).seconds(np.array([end]))[0])
    if seconds > by_notes:
        piece.total_time = seconds
        if abs(whole_bars(piece).quarters - end / quarter_ticks(song)) > _SAME:
            piece.total_time = by_notes
    return piece


def check_size(song: Song) -> None:
    """Refuses a song of more notes than a page could draw."""
    if len(song.notes) > MOST_NOTES:
        raise LofiError(f"a clip has {MOST_NOTES} notes at most. Received: {len(song.notes)}")


def about_sound(path: Path, qpm: float) -> dict[str, Any]:
    """Returns the fields of a clip that its WAV file tells; its beats are those of a tempo."""
    info = probe(path)
    beats = info.seconds * qpm / 60
    return {
        "kind": "sound",
        "part": "sound",
        "qpm": qpm,
        "bars": max(1, -int(-beats // 4)),
        "beats_per_bar": 4.0,
        "beats": round(beats, 6),
        "seconds": round(info.seconds, 6),
        "peaks": peaks_of(path),
    }


def peaks_of(path: Path) -> list[float]:
    """Returns the highest absolute samples of equal stretches of a file."""
    width = max(1, -(-probe(path).num_samples // NUM_PEAKS))
    found = np.zeros(NUM_PEAKS)
    count = 0
    for block in read_blocks(path):
        highest = np.abs(block).max(axis=1)
        places = np.minimum((count + np.arange(len(highest))) // width, NUM_PEAKS - 1)
        np.maximum.at(found, places, highest)
        count += len(highest)
    return [round(float(min(peak, 1.0)), 3) for peak in found]


def chords_of(song: Song) -> list[tuple[float, str]]:
    """Returns beats and chord symbols, of the track that `midi_bytes` writes them on."""
    quarter = quarter_ticks(song)
    lanes = [track for track in song.tracks if (0, META, TRACK_NAME, _LANE) in track]
    found = [
        (round(event[0] / quarter, 6), shown(text_of(event[3])))
        for track in lanes
        for event in track
        if event[1:3] == (META, _TEXT)
    ]
    return sorted(found)[:MOST_CHORDS]


def sections_in(song: Song) -> list[tuple[float, str]]:
    """Returns beats and names of the sections that a song's markers begin."""
    quarter = quarter_ticks(song)
    markers = [(tick / quarter, text_of(text).strip()) for tick, text in song.metas(MARKER)]
    found = sections_of(markers, max(song.length / quarter, 1e-6))
    return [(round(start, 6), shown(name)) for name, start, _ in found][:MOST_SECTIONS]


def role_in(song: Song, part: Part) -> str:
    """Returns what a part is: by its name and program, or else by how it plays."""
    role = role_of(part.name, part.program, part.is_drum)
    if role != "other":
        return role
    return _guessed(part.notes)


def _guessed(notes: Sequence[Any]) -> str:
    if len({note.start for note in notes}) < 0.8 * len(notes):
        return "chords"
    return "bass" if sum(note.pitch for note in notes) < _LOW * len(notes) else "melody"


def _key(piece: Any) -> str | None:
    """Returns the key that a piece names, or else the one that fits it best."""
    told = min(piece.key_signatures, key=lambda key: key.time, default=None)
    found = (told.key % 12, int(told.mode)) if told is not None else key_of(piece)
    if found is None:
        return None
    tonic, mode = found
    mode = min(mode, 1)
    return spelled(tonic, sharps_of(tonic, mode), mode) + ("" if mode == MAJOR else "m")
