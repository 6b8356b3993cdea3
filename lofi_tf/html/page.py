"""A finished piece, a map of a latent, or both, as one HTML file that needs nothing else."""

import base64
import html
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from lofi_tf.audio.io import probe, read_blocks
from lofi_tf.errors import LofiError
from lofi_tf.files import write_file
from lofi_tf.html.picture import Section, named_tracks, sections_in
from lofi_tf.html.sound_shape import SoundShape, sound_shape
from lofi_tf.music.quantize import first_qpm
from lofi_tf.rendering.render import sequence_of

MIME = {".wav": "audio/wav", ".flac": "audio/flac", ".ogg": "audio/ogg"}
MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)  # Hz


def page_of_file(
    music: str | Path, path: str | Path, sound: str | Path, latent_map: dict | None = None
) -> None:
    """Writes the page of a music file; the markers of a MIDI file begin its sections."""
    sequence = sequence_of(music)
    tempo = first_qpm(sequence)
    facts = {"tempo": f"{tempo:.4g} beats to the minute"}
    sections = sections_in(sequence, music)
    track_page(sequence, path, sound, sections, Path(music).stem, facts, latent_map)


def track_page(
    sequence,
    path: str | Path,
    sound: str | Path,
    sections: list[Section] = (),
    title: str = "",
    facts: dict[str, Any] | None = None,
    latent_map: dict | None = None,
) -> None:
    """Writes a page with a player, a piano roll by track and sections to jump to.

    Args:
        sequence: NoteSequence in seconds.
        path: The HTML file to write; it appears only when whole.
        sound: The rendered sound. Ogg goes into the page as it is, WAV and FLAC as MP3.
        sections: Name, start and end of each section, in seconds.
        title: What stands above.
        facts: What is told of the piece, by name, such as its key.
        latent_map: What `lofi_tf.html.latent_map.latent_map` returns, to stand below.

    Raises:
        LofiError: If the piece has no notes or the sound has another ending.
        NotConvertible: If the sound cannot be read.
    """
    if Path(sound).suffix.lower() not in MIME or not sequence.notes:
        raise LofiError(f"a page needs notes and sound ({', '.join(MIME)}). Received: {sound}")
    tracks = [
        {"name": name, "notes": [[n.start_time, n.end_time, n.pitch] for n in notes]}
        for name, notes in named_tracks(sequence)
    ]
    shape = sound_shape(sound)
    ends = [note.end_time for note in sequence.notes] + [section[2] for section in sections]
    piece = {"end": max([*ends, shape.seconds]), "tracks": tracks, "sections": list(sections)}
    rows = [f"<dt>{html.escape(str(k))}<dd>{html.escape(str(v))}" for k, v in (facts or {}).items()]
    parts = {
        "facts": "".join(rows),
        "sound": _source(Path(sound)),
        "piece": _json({**piece, "wave": _wave(shape)}),
        "script": _text("page.js"),
    }
    body = _filled("track.html", parts) + (_map(latent_map) if latent_map else "")
    _write(path, title, body)


def map_page(latent_map: dict, path: str | Path, title: str = "") -> None:
    """Writes a page of a map alone; takes what `track_page` takes."""
    _write(path, title or latent_map["model"], _map(latent_map))


def _map(latent_map: dict) -> str:
    scripts = [_text(name) for name in ("map_math.js", "synth.js", "map.js")]
    parts = {
        "model": html.escape(latent_map["model"]),
        "data": _json(latent_map),
        "script": "\n".join(scripts),
    }
    return _filled("map.html", parts)


def _write(path: str | Path, title: str, body: str) -> None:
    page = _filled("page.html", {"title": html.escape(title), "body": body})
    write_file(path, page)


def _filled(template: str, parts: dict[str, str]) -> str:
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], _text(template))


def _text(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")


def _wave(shape: SoundShape) -> dict[str, Any]:
    """Returns a sound's outline in hundredths, column by column."""
    low, high = (np.rint(100 * side).astype(int).tolist() for side in (shape.low, shape.high))
    return {"seconds": shape.column_seconds, "low": low, "high": high}


def _source(sound: Path) -> str:
    """Returns a sound as the address of its own bytes."""
    kind, data = MIME[sound.suffix.lower()], None
    if sound.suffix.lower() != ".ogg" and probe(sound).sample_rate in MP3_RATES:
        kind, data = "audio/mpeg", _mp3(sound)
    return f"data:{kind};base64," + base64.b64encode(data or sound.read_bytes()).decode()


def _mp3(sound: Path) -> bytes:
    """Returns a sound as an MP3 file: every browser plays it, Safari before 18.4 no Ogg."""
    info, made = probe(sound), io.BytesIO()
    with soundfile.SoundFile(made, "w", info.sample_rate, info.channels, format="MP3") as file:
        for block in read_blocks(sound):
            file.write(block)
    return made.getvalue()
