"""MusicXML to NoteSequences, by note_seq's parser."""

import io
import warnings
import zipfile
import zlib
from xml.etree import ElementTree

from lofi_tf.errors import NotConvertible
from lofi_tf.music.sequence_proto import NoteSequence

_CONTAINER = "META-INF/container.xml"
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


def read_musicxml(data: bytes, max_bytes: int) -> NoteSequence:
    """Reads a whole MusicXML score, plain or zipped, of `max_bytes` at most once unzipped.

    Raises:
        NotConvertible: the bytes are no score, or one that note_seq cannot read.
    """
    if data.startswith(b"PK"):
        data = _unzip(data, max_bytes)
    try:
        score = ElementTree.fromstring(data)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise NotConvertible("bad_xml", str(error)) from error
    if score.tag != "score-partwise":
        raise NotConvertible("not_musicxml", f"needs <score-partwise>. Received: <{score.tag}>")
    reader, document = _musicxml_modules()
    try:
        return reader.musicxml_to_sequence_proto(document(score))
    except Exception as error:  # note_seq's parser raises errors of every kind on odd scores
        raise _problem(error, "bad_musicxml") from error


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
    """Returns note_seq's MusicXML reader, and its document class over a parsed score."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its audio packages warn about missing players
        from note_seq import musicxml_parser, musicxml_reader

    class Document(musicxml_parser.MusicXMLDocument):
        @staticmethod
        def _get_score(filename):
            return filename

    return musicxml_reader, Document


def _problem(error: Exception, otherwise: str) -> NotConvertible:
    name = type(error).__name__
    return NotConvertible(_RULES.get(name, otherwise), f"{name}: {error}".rstrip(": "))
