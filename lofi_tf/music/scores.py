"""MusicXML to NoteSequences, by note_seq's parser."""

import contextlib
import io
import warnings
import zipfile
import zlib
from typing import Any
from xml.etree import ElementTree

from lofi_tf.errors import NotConvertible
from lofi_tf.music.musicxml_score import made_plain, marks_of
from lofi_tf.music.sections import add_sections, played
from lofi_tf.music.sequence_proto import NoteSequence

_CONTAINER = "META-INF/container.xml"
_MAX_PROLOG = 2**16  # bytes before the score begins
_SCORE_MIME_TYPE = "application/vnd.recordare.musicxml+xml"

# What zipfile raises on damaged archives, and on encrypted ones or unknown compression.
_ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    KeyError,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
)

# Names of note_seq's errors -> rules; any other is a damaged file.
_RULES = {
    "AlternatingTimeSignatureError": "unsupported_metre",
    "MultipleTimeSignatureError": "unsupported_metre",
    "TimeSignatureParseError": "unsupported_metre",
    "ChordSymbolParseError": "unsupported_chord",
    "KeyParseError": "unsupported_key",
    "UnpitchedNoteError": "unpitched_note",
}


def read_musicxml(data: bytes, max_bytes: int, as_played: bool) -> NoteSequence:
    """Reads a whole MusicXML score, plain or zipped, of `max_bytes` at most once unzipped.

    Args:
        data: the bytes.
        max_bytes: bound.
        as_played: with its repeats and without note_seq's mistakes. Else as Magenta's records have
            it, wherever note_seq reads it.

    Raises:
        NotConvertible: the bytes are no score, or one that cannot be read.
    """
    if data.startswith(b"PK"):
        data = _unzip(data, max_bytes)
    score = _parsed(data)
    if score.tag != "score-partwise":
        raise NotConvertible("not_musicxml", f"needs <score-partwise>. Received: <{score.tag}>")
    reader, document, chord_kinds = _musicxml_modules()
    if not as_played:
        with contextlib.suppress(Exception):  # it raises errors of every kind on odd scores
            return reader.musicxml_to_sequence_proto(document(score))
        score = _parsed(data)  # as it was: the parser mends some measures in place
    try:
        score, drums = made_plain(score, chord_kinds)
        found = document(score)
        _set_minor_keys(found)
        sequence = reader.musicxml_to_sequence_proto(found)
    except Exception as error:
        raise _problem(error, "bad_musicxml") from error
    for note, is_drum in zip(sequence.notes, drums, strict=True):
        note.is_drum = is_drum
    for key in sequence.key_signatures:
        if key.mode == key.MINOR:  # the tonic of the major key, as note_seq has it
            key.key = (key.key + 9) % 12
    if not as_played or not found.parts:
        return sequence
    starts = [measure.start_time_position for measure in found.parts[0].measures]
    marks = marks_of(score, [*starts, sequence.total_time])
    return played(add_sections(sequence, marks, "", sequence.total_time))


def _set_minor_keys(document: Any) -> None:
    """Sets what note_seq takes for major, whatever the mode."""
    for measure in (measure for part in document.parts for measure in part.measures):
        modes = measure.xml_measure.findall("attributes/key/mode")
        if modes and modes[-1].text == "minor":
            measure.key_signature.mode = "minor"


def _parsed(data: bytes) -> ElementTree.Element:
    if b"<!ENTITY" in data[:_MAX_PROLOG].replace(b"\0", b""):  # in UTF-16 too
        raise NotConvertible("bad_xml", "entities of its own are not allowed")
    try:
        return ElementTree.fromstring(data)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise NotConvertible("bad_xml", str(error)) from error


def _unzip(data: bytes, max_bytes: int) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            name = _score_name(archive)
            size = archive.getinfo(name).file_size
            if size > max_bytes:
                message = f"{size} bytes once unzipped. Allowed: {max_bytes}"
                raise NotConvertible("huge_file", message)
            return archive.read(name)
    except NotConvertible:
        raise
    except _ZIP_ERRORS as error:
        raise NotConvertible("bad_archive", str(error)) from error


def _score_name(archive: zipfile.ZipFile) -> str:
    """Returns the name of the score: what the container says, else the only XML file.

    Some programs write the container with unescaped apostrophes, so that no parser reads it.
    """
    names = archive.namelist()
    try:
        container = ElementTree.fromstring(archive.read(_CONTAINER))
    except (KeyError, ElementTree.ParseError):
        container = ElementTree.Element("container")
    for root in container.findall("./rootfiles/rootfile"):
        name = root.get("full-path", "")
        if root.get("media-type", _SCORE_MIME_TYPE) == _SCORE_MIME_TYPE and name in names:
            return name
    scores = [name for name in names if name.lower().endswith((".xml", ".musicxml"))]
    scores = [name for name in scores if not name.startswith("META-INF/")]
    if len(scores) != 1:
        raise NotConvertible("bad_archive", f"needs one score. Received: {scores}")
    return scores[0]


def _musicxml_modules():
    """Returns note_seq's reader, its document class over a parsed score, and chords it knows."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its audio packages warn about missing players
        from note_seq import musicxml_parser, musicxml_reader

    class Document(musicxml_parser.MusicXMLDocument):
        @staticmethod
        def _get_score(filename):
            return filename

    return (
        musicxml_reader,
        Document,
        frozenset(musicxml_parser.ChordSymbol.CHORD_KIND_ABBREVIATIONS),
    )


def _problem(error: Exception, otherwise: str) -> NotConvertible:
    name = type(error).__name__
    return NotConvertible(_RULES.get(name, otherwise), f"{name}: {error}".rstrip(": "))
