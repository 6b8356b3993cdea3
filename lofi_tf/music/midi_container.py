"""What stands around a standard MIDI file: RIFF, MacBinary, headers of downloads."""

import struct

from lofi_tf.errors import NotConvertible

_HEADER = b"MThd"
_MAX_BEFORE = 4096  # bytes of another kind before the header

# First bytes of what people name .mid -> its name.
_OTHERS = {
    b"ID3": "an MP3 file",
    b"\xff\xfb": "an MP3 file",
    b"\xff\xf3": "an MP3 file",
    b"\xff\xf2": "an MP3 file",
    b"OggS": "an Ogg file",
    b"fLaC": "a FLAC file",
    b"FORM": "an IFF file (XMI, AIFF)",
    b"MUS\x1a": "a MUS file of Doom",
    b"RIFF": "a RIFF file without MIDI",
    b"PK\x03\x04": "a ZIP archive",
    b"\x1f\x8b": "a gzip archive",
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"%PDF": "a PDF file",
    b"<": "a web page or XML",
}


def unwrap(data: bytes) -> bytes:
    """Returns the standard MIDI file in `data`, from its header on.

    Raises:
        NotConvertible: none is there; the message says what is, where that can be told.
    """
    if data.startswith(_HEADER):
        return data
    if data.startswith(b"RIFF") and data[8:12] == b"RMID":
        return _riff_data(data)
    start = data.find(_HEADER + b"\0\0\0", 0, _MAX_BEFORE)
    if start >= 0:
        return data[start:]
    found = next((name for magic, name in _OTHERS.items() if data.lstrip().startswith(magic)), "")
    what = f"this is {found}" if found else "no MIDI header"
    raise NotConvertible("not_midi", f"{what}. Received: {data[:8]!r}")


def is_midi(data: bytes) -> bool:
    """Says whether `unwrap` finds a MIDI file at the beginning or in a RIFF file."""
    return data.startswith(_HEADER) or (data.startswith(b"RIFF") and data[8:12] == b"RMID")


def _riff_data(data: bytes) -> bytes:
    """Returns the chunk `data` of a RIFF file; a size that is too large ends with the file."""
    position = 12
    while position + 8 <= len(data):
        name, size = struct.unpack_from("<4sL", data, position)
        if name == b"data":
            return data[position + 8 : position + 8 + size]
        position += 8 + size + size % 2
    raise NotConvertible("not_midi", "a RIFF file without MIDI data")
