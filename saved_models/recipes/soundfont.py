"""Makes the SoundFont that comes along smaller: `soundfont.py FluidR3Mono_GM.sf3 OUTPUT.sf3`.

Sounds of the programs and kits that composed tracks use stay as they are. All others, which only
MIDI files of elsewhere ask for, are encoded anew at fewer bits, with the same number of samples,
so that loops and everything else in the file stay true.
"""

import io
import struct
import sys
from pathlib import Path

import numpy as np
import soundfile

from lofi_tf.composing.planning import instruments
from lofi_tf.rendering.soundfont import SAMPLE, SoundFont

COMPRESSION = 0.9  # of Vorbis: 1 is the smallest
VORBIS = 0x10


def smaller(source: Path, target: Path) -> None:
    """Writes the smaller SoundFont."""
    data, font = source.read_bytes(), SoundFont(source)
    heads = font.tables["shdr"].copy()
    kept, (first, last) = _of_tracks(font), font.samples_at
    pieces, at = [], 0
    for number, head in enumerate(heads[:-1]):
        piece = data[first + int(head["start"]) : first + int(head["end"])]
        if number not in kept and head["kind"] & VORBIS:
            piece = _encoded(piece)
        head["start"], head["end"] = at, at + len(piece)
        pieces.append(piece)
        at += len(piece)
    samples = b"".join(pieces)
    samples += b"\0" * (len(samples) % 2)
    tables = data[data.index(b"LIST", last) : data.index(b"shdr", last) + 8] + heads.tobytes()
    body = data[12 : first - 20] + b"LIST" + struct.pack("<L", 12 + len(samples)) + b"sdtasmpl"
    body += struct.pack("<L", len(samples)) + samples + tables
    target.write_bytes(b"RIFF" + struct.pack("<L", 4 + len(body)) + b"sfbk" + body)
    _check(SoundFont(source), SoundFont(target), kept)


def _of_tracks(font: SoundFont) -> set[int]:
    """Returns the samples of the programs and kits that tracks use."""
    found = set()
    for part, programs in instruments().items():
        for program in programs:
            zones = font.zones(program, part == "drums")
            found |= {int(zone.values[SAMPLE]) for zone in zones}
    return found


def _encoded(piece: bytes) -> bytes:
    """Returns a sample at fewer bits, or as it is where that is no smaller."""
    samples, rate = soundfile.read(io.BytesIO(piece), dtype="float32")
    out = io.BytesIO()
    soundfile.write(
        out, samples, rate, format="OGG", subtype="VORBIS", compression_level=COMPRESSION
    )
    again, _ = soundfile.read(io.BytesIO(out.getvalue()))
    fits = len(again) == len(samples) and len(out.getvalue()) < len(piece)
    return out.getvalue() if fits else piece


def _check(before: SoundFont, after: SoundFont, kept: set[int]) -> None:
    """Refuses a file that is not the one before, but for the bits of sounds."""
    for name, table in before.tables.items():
        if name != "shdr":
            np.testing.assert_array_equal(table, after.tables[name])
    for number in range(len(before.tables["shdr"]) - 1):
        one, other = before.sample(number), after.sample(number)
        assert one[1:] == other[1:], number
        assert number not in kept or np.array_equal(one.curves, other.curves), number
    for preset in range(128):
        assert before.instead(preset, False) == after.instead(preset, False)


if __name__ == "__main__":
    smaller(Path(sys.argv[1]), Path(sys.argv[2]))
