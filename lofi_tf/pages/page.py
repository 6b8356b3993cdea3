"""A finished piece as one HTML file that needs nothing else."""

import base64
import html
import json
import re
from pathlib import Path
from typing import Any

from lofi_tf.data.tfrecord import whole_file
from lofi_tf.errors import LofiError
from lofi_tf.pages.picture import Section, sections_in, tracks_of
from lofi_tf.render.rendering import sequence_of

MIME = {".wav": "audio/wav", ".flac": "audio/flac", ".ogg": "audio/ogg"}


def page_of_file(music: str | Path, path: str | Path, sound: str | Path) -> None:
    """Writes the page of a music file; the markers of a MIDI file begin its sections."""
    sequence = sequence_of(music)
    tempo = sequence.tempos[0].qpm if sequence.tempos else 120.0
    facts = {"tempo": f"{tempo:.4g} beats to the minute"}
    track_page(sequence, path, sound, sections_in(sequence, music), Path(music).stem, facts)


def track_page(
    sequence,
    path: str | Path,
    sound: str | Path,
    sections: list[Section] = (),
    title: str = "",
    facts: dict[str, Any] | None = None,
) -> None:
    """Writes a page with a player, a piano roll by track and sections to jump to.

    Args:
        sequence: NoteSequence in seconds.
        path: The HTML file to write; it appears only when whole.
        sound: The rendered sound (WAV, FLAC, Ogg), which goes into the page as it is.
        sections: Name, start and end of each section, in seconds.
        title: What stands above.
        facts: What is told of the piece, by name, such as its key.

    Raises:
        LofiError: If the piece has no notes or the sound has another ending.
    """
    kind = MIME.get(Path(sound).suffix.lower())
    if not kind or not sequence.notes:
        raise LofiError(f"a page needs notes and sound ({', '.join(MIME)}). Received: {sound}")
    tracks = [
        {"name": name, "notes": [[n.start_time, n.end_time, n.pitch] for n in notes]}
        for name, notes in tracks_of(sequence)
    ]
    end = max([note.end_time for note in sequence.notes] + [section[2] for section in sections])
    piece = json.dumps({"end": end, "tracks": tracks, "sections": list(sections)})
    rows = [f"<dt>{html.escape(str(k))}<dd>{html.escape(str(v))}" for k, v in (facts or {}).items()]
    here = Path(__file__).parent
    parts = {
        "title": html.escape(title),
        "facts": "".join(rows),
        "sound": f"data:{kind};base64," + base64.b64encode(Path(sound).read_bytes()).decode(),
        "piece": piece.replace("<", "\\u003c"),
        "script": (here / "page.js").read_text(encoding="utf-8"),
    }
    page = (here / "page.html").read_text(encoding="utf-8")
    page = re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], page)
    with whole_file(path) as file:
        file.write(page.encode("utf-8"))
