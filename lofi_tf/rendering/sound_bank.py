"""A few programs of a SoundFont as a small one of their own, its samples in 16 bits.

For players that load what they play, and cannot decode compressed samples. Modulators are left
out, as everywhere here.
"""

import struct
from collections.abc import Iterable

import numpy as np

from lofi_tf.rendering.soundfont import DRUM_BANK, INSTRUMENT, SAMPLE, TABLES, SoundFont

_AFTER = 46  # zeros that the specification wants after each sample
_COMPRESSED = 0x10  # a bit of a sample's kind
_MODULATOR_BYTES = 10


def bank_of(font: SoundFont, programs: Iterable[tuple[int, bool]]) -> bytes:
    """Returns an .sf2 file of some programs.

    Args:
        font: that has them.
        programs: General MIDI's from 0, each with whether it is a kit of drums; in place of one
            that is missing comes what the font plays instead, under the number that was asked for.

    Raises:
        LofiError: a damaged font.

    Example:
        >>> bank_of(SoundFont(default_soundfont()), [(0, True)])[8:12]
        b'sfbk'
    """
    cut = _Cut(font)
    for program, is_drum in programs:
        cut.add_preset(program, is_drum)
    return cut.to_bytes()


class _Cut:
    """Tables that grow by presets, their instruments and samples."""

    def __init__(self, font: SoundFont):
        self._font = font
        self._rows: dict[str, list] = {name: [] for name in TABLES}
        self._numbers: dict[tuple[str, int], int] = {}  # of what is in already
        self._samples: list[np.ndarray] = []
        self._size = 0

    def add_preset(self, program: int, is_drum: bool) -> None:
        """Adds a preset and what it needs."""
        head = self._font.tables["phdr"][self._font.preset(program, is_drum)]
        bank = DRUM_BANK if is_drum else 0
        self._rows["phdr"].append((head["name"], program, bank, len(self._rows["pbag"])))
        self._add_bags("p", self._font.preset(program, is_drum), INSTRUMENT)

    def _add_bags(self, side: str, owner: int, last: int) -> None:
        heads = self._font.tables["phdr" if side == "p" else "inst"]
        bags, generators = self._font.tables[f"{side}bag"], self._font.tables[f"{side}gen"]
        for number in range(int(heads[owner]["bag"]), int(heads[owner + 1]["bag"])):
            first, after = (int(bags[n]["generator"]) for n in (number, number + 1))
            zone = [
                (kind, self._needed(kind, amount & 0xFFFF) if kind == last else amount)
                for kind, amount in generators[["number", "amount"]][first:after].tolist()
            ]
            self._rows[f"{side}bag"].append((len(self._rows[f"{side}gen"]),))
            self._rows[f"{side}gen"] += zone

    def _needed(self, kind: int, number: int) -> int:
        """Returns the new number of an instrument or a sample."""
        if (kind, number) not in self._numbers:
            add = self._add_instrument if kind == INSTRUMENT else self._add_sample
            self._numbers[kind, number] = add(number)
        return self._numbers[kind, number]

    def _add_instrument(self, number: int) -> int:
        name, place = self._font.tables["inst"][number]["name"], len(self._rows["inst"])
        self._rows["inst"].append((name, len(self._rows["ibag"])))
        self._add_bags("i", number, SAMPLE)
        return place

    def _add_sample(self, number: int) -> int:
        head, place = self._font.tables["shdr"][number], len(self._rows["shdr"])
        found, start = self._font.recording(number), self._size
        words = np.clip(np.rint(found.data * 32768), -32768, 32767).astype("<i2")
        self._samples.append(np.pad(words, (0, _AFTER)))
        self._size += len(words) + _AFTER
        ends = start, start + len(words), start + found.loop_start, start + found.loop_end
        kind = (int(head["kind"]) & ~_COMPRESSED & 0x8000) | 1  # of its own, not half of a pair
        row = (head["name"], *ends, found.rate, found.key, found.cents, kind)
        self._rows["shdr"].append(row)
        return place

    def to_bytes(self) -> bytes:
        """Returns the file."""
        samples = np.concatenate([*self._samples, np.zeros(0, "<i2")]).tobytes()
        tables = b"".join(_chunk(name, data) for name, data in self._tables())
        info = _chunk(b"ifil", struct.pack("<HH", 2, 4)) + _chunk(b"isng", b"EMU8000\0")
        info += _chunk(b"INAM", b"programs\0\0")
        body = _chunk(b"LIST", b"INFO" + info)
        body += _chunk(b"LIST", b"sdta" + _chunk(b"smpl", samples))
        body += _chunk(b"LIST", b"pdta" + tables)
        return b"RIFF" + struct.pack("<L", 4 + len(body)) + b"sfbk" + body

    def _tables(self):
        """Yields name and bytes of each table, in the order of the specification."""
        rows = self._rows
        ends = {
            "phdr": (b"EOP", 0, 0, len(rows["pbag"])),
            "pbag": (len(rows["pgen"]),),
            "pgen": (0, 0),
            "inst": (b"EOI", len(rows["ibag"])),
            "ibag": (len(rows["igen"]),),
            "igen": (0, 0),
            "shdr": (b"EOS", 0, 0, 0, 0, 0, 0, 0, 0),
        }
        for name in ("phdr", "pbag", "pmod", "pgen", "inst", "ibag", "imod", "igen", "shdr"):
            data = bytes(_MODULATOR_BYTES)  # the end of an empty list
            if name in ends:
                data = _table(name, [*rows[name], ends[name]])
            yield name.encode(), data


def _table(name: str, rows: list[tuple]) -> bytes:
    table = np.zeros(len(rows), np.dtype(TABLES[name]))
    fields = [field for field in table.dtype.names if field != "_"]
    for field, values in zip(fields, zip(*rows, strict=True), strict=True):
        table[field] = values
    return table.tobytes()


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<L", len(data)) + data + b"\0" * (len(data) % 2)
