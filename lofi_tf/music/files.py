"""Music files to NoteSequences, with the names and ids that Magenta gives them."""

import collections
import dataclasses
import hashlib
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lofi_tf.errors import LofiWarning, NotConvertible, naming
from lofi_tf.music.abc_tunebook import read_abc
from lofi_tf.music.midi_container import is_midi
from lofi_tf.music.midi_events import SET_TEMPO, read_events
from lofi_tf.music.midi_reader import sequence_of
from lofi_tf.music.midi_writer import midi_bytes
from lofi_tf.music.scores import read_musicxml
from lofi_tf.music.sections import played
from lofi_tf.music.sequence_proto import NoteSequence
from lofi_tf.music.song import Song
from lofi_tf.music.tempo_map import TempoMap

MIDI, MUSICXML, ABC = "midi", "musicxml", "abc"

# What each ending holds, in lower case; the word is part of a sequence's id.
KINDS = {
    ".mid": MIDI,
    ".midi": MIDI,
    ".kar": MIDI,
    ".rmi": MIDI,
    ".xml": MUSICXML,
    ".musicxml": MUSICXML,
    ".mxl": MUSICXML,
    ".abc": ABC,
}

MAX_FILE_BYTES = 64 * 2**20


class Converted(NamedTuple):
    """What a file gave: a sequence for each tune, and why others or parts of it are missing."""

    sequences: list[NoteSequence]
    problems: list[NotConvertible]


def is_music_file(path: str | Path) -> bool:
    """Says whether the name ends like a file that can be converted, in any case."""
    return Path(path).suffix.lower() in KINDS


def sequences_from_file(
    path: str | Path, filename: str, collection_name: str
) -> list[NoteSequence]:
    """Reads the music of one file, passing over tunes of an ABC file that cannot be read.

    Its ending is one of `KINDS`, in any case. All sequences, one at least, have the filename (below
    the collection's folder), the collection's name and an id as Magenta sets them.

    Raises:
        NotConvertible: nothing in the file can be read; `rule` says why.
    """
    converted = convert_file(path, filename, collection_name)
    if not converted.sequences:
        raise converted.problems[0]
    return converted.sequences


def read_music(path: str | Path) -> NoteSequence:
    """Returns the music of one file, of several tunes the first; scores with their repeats.

    Raises:
        LofiError: the file, and why it cannot be read.

    A `LofiWarning` says what of a damaged MIDI file is missing.

    Example:
        >>> tune = lofi_tf.read_music("tune.abc")
        >>> [note.pitch for note in tune.notes][:3]
        [60, 62, 64]
    """
    with naming(path):
        sequences, problems = convert_file(path, str(path), "", as_played=True)
        if not sequences:
            raise problems[0]
    if _kind(path) != ABC:
        for problem in problems:
            warnings.warn(f"{path}: {problem}; what is there is read", LofiWarning, stacklevel=2)
    return sequences[0]


def read_song(path: str | Path) -> Song:
    """Returns one file as a song, of which nothing is lost; a score as its MIDI file.

    Raises:
        LofiError: the file, and why it cannot be read.

    A `LofiWarning` says what of a damaged MIDI file is missing.
    """
    if KINDS.get(Path(path).suffix.lower()) != MIDI:
        return _song_of(read_music(path))
    with naming(path):
        data = _read_bytes(Path(path))
        found = _content(data)
        if found and found != MIDI:
            raise NotConvertible("mislabelled", f"the name says {MIDI}, the content is {found}")
        song = Song.of_bytes(data)
    for problem in song.problems:
        warnings.warn(f"{path}: {problem}; what is there is read", LofiWarning, stacklevel=2)
    return song


def _song_of(score: NoteSequence) -> Song:
    """Returns the MIDI file of a score, and the chord symbols that it knows."""
    song = Song.of_bytes(midi_bytes(score))
    times = TempoMap(song.division, song.metas(SET_TEMPO))
    chords = [a for a in score.text_annotations if a.annotation_type == a.CHORD_SYMBOL]
    ticks = times.ticks(np.array([chord.time for chord in chords]))
    texts = [chord.text for chord in chords]
    return dataclasses.replace(song, chords=tuple(zip(ticks.tolist(), texts, strict=True)))


def convert_file(
    path: str | Path, filename: str, collection_name: str, as_played: bool = False
) -> Converted:
    """Reads the music of one file and what was wrong with the rest; raises nothing for it.

    Takes what `sequences_from_file` takes, and whether scores are read as they are played, with
    their repeats; else as records have them.
    """
    # A name that is not UTF-8 reached us with escapes that no record can hold.
    filename = filename.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    try:
        kind = _kind(path)
        tunes, problems = _read(_read_bytes(Path(path)), kind, as_played)
    except NotConvertible as problem:
        return Converted([], [problem])
    seen: collections.Counter[int] = collections.Counter()
    for sequence in tunes:
        number = sequence.reference_number
        seen[number] += 1
        hashed = f"{filename}_{number}" if kind == ABC else filename
        if seen[number] > 1:  # a number that an earlier tune has: Magenta refuses the file
            hashed = f"{hashed}_{seen[number]}"
        digest = hashlib.sha1(hashed.encode("utf-8")).hexdigest()
        sequence.id = f"/id/{kind}/{collection_name}/{digest}"
        sequence.filename = filename
        sequence.collection_name = collection_name
    return Converted(tunes, problems)


def _kind(path: str | Path) -> str:
    suffix = Path(path).suffix.lower()
    if suffix not in KINDS:
        allowed = ", ".join(KINDS)
        raise NotConvertible("unknown_ending", f"allowed endings: {allowed}. Received: {suffix!r}")
    return KINDS[suffix]


def _read_bytes(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if not path.is_file():
            why = "it is a folder, a file is wanted" if path.is_dir() else "not a regular file"
            raise NotConvertible("unreadable", why)
        if size > MAX_FILE_BYTES:
            message = f"{size} bytes. Allowed: {MAX_FILE_BYTES} ({MAX_FILE_BYTES >> 20} MiB)"
            raise NotConvertible("huge_file", message)
        data = path.read_bytes()
    except OSError as error:
        raise NotConvertible("unreadable", error.strerror or str(error)) from error
    if not data:
        raise NotConvertible("empty_file", "the file is empty")
    return data


def _read(
    data: bytes, kind: str, as_played: bool
) -> tuple[list[NoteSequence], list[NotConvertible]]:
    found = _content(data)
    if found and found != kind:
        raise NotConvertible("mislabelled", f"the name says {kind}, the content is {found}")
    if kind == ABC:
        tunes, problems = read_abc(data)
        return [played(tune) for tune in tunes] if as_played else tunes, problems
    if kind == MUSICXML:
        return [read_musicxml(data, MAX_FILE_BYTES, as_played)], []
    events = read_events(data)
    return [sequence_of(events)], events.problems


def _content(data: bytes) -> str:
    """Returns what the first bytes tell of, or nothing."""
    if is_midi(data):
        return MIDI
    start = data[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
    return MUSICXML if start.startswith(b"<") or data.startswith(b"PK\x03\x04") else ""
