"""SoundFonts: which sample sounds at which note of which program, and with what settings.

Files of the SoundFont 2.04 specification (.sf2), and those whose samples are Ogg Vorbis (.sf3).
Modulators are left out.
"""

import functools
import io
import mmap
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile

from lofi_tf.errors import LofiError
from lofi_tf.rendering.interpolation import AFTER, BEFORE, curves

DRUM_BANK = 128

# Generators by their numbers in the specification.
START, END, LOOP_START, LOOP_END, START_COARSE = 0, 1, 2, 3, 4
MOD_LFO_TO_PITCH, VIB_LFO_TO_PITCH, MOD_ENV_TO_PITCH = 5, 6, 7
FILTER_FC, FILTER_Q, MOD_LFO_TO_FC, MOD_ENV_TO_FC = 8, 9, 10, 11
END_COARSE, MOD_LFO_TO_VOLUME, PAN = 12, 13, 17
MOD_LFO_DELAY, MOD_LFO_FREQ, VIB_LFO_DELAY, VIB_LFO_FREQ = 21, 22, 23, 24
MOD_DELAY, MOD_ATTACK, MOD_HOLD, MOD_DECAY, MOD_SUSTAIN, MOD_RELEASE = 25, 26, 27, 28, 29, 30
MOD_KEY_TO_HOLD, MOD_KEY_TO_DECAY = 31, 32
VOL_DELAY, VOL_ATTACK, VOL_HOLD, VOL_DECAY, VOL_SUSTAIN, VOL_RELEASE = 33, 34, 35, 36, 37, 38
VOL_KEY_TO_HOLD, VOL_KEY_TO_DECAY = 39, 40
INSTRUMENT, KEY_RANGE, VELOCITY_RANGE, LOOP_START_COARSE, KEY, VELOCITY = 41, 43, 44, 45, 46, 47
ATTENUATION, LOOP_END_COARSE, COARSE_TUNE, FINE_TUNE, SAMPLE = 48, 50, 51, 52, 53
SAMPLE_MODES, SCALE_TUNING, EXCLUSIVE_CLASS, ROOT_KEY = 54, 56, 57, 58
NUM_GENERATORS = 61

_DEFAULTS = np.zeros(NUM_GENERATORS, np.int32)
_DEFAULTS[FILTER_FC] = 13500
_DEFAULTS[[*range(MOD_LFO_DELAY, MOD_DECAY + 1), MOD_RELEASE]] = -12000
_DEFAULTS[[MOD_LFO_FREQ, VIB_LFO_FREQ]] = 0
_DEFAULTS[[*range(VOL_DELAY, VOL_DECAY + 1), VOL_RELEASE]] = -12000
_DEFAULTS[[KEY, VELOCITY, ROOT_KEY]] = -1
_DEFAULTS[SCALE_TUNING] = 100
# What a preset does not add to its instruments.
_INSTRUMENT_ONLY = (
    *(START, END, LOOP_START, LOOP_END, START_COARSE, END_COARSE, LOOP_START_COARSE),
    *(LOOP_END_COARSE, KEY, VELOCITY, SAMPLE_MODES, EXCLUSIVE_CLASS, ROOT_KEY),
    *(INSTRUMENT, KEY_RANGE, VELOCITY_RANGE, SAMPLE),
)

TABLES = {
    "phdr": [("name", "S20"), ("program", "<u2"), ("bank", "<u2"), ("bag", "<u2"), ("_", "V12")],
    "inst": [("name", "S20"), ("bag", "<u2")],
    "pbag": [("generator", "<u2"), ("_", "<u2")],
    "ibag": [("generator", "<u2"), ("_", "<u2")],
    "pgen": [("number", "<u2"), ("amount", "<i2")],
    "igen": [("number", "<u2"), ("amount", "<i2")],
    "shdr": [
        *(("name", "S20"), ("start", "<u4"), ("end", "<u4"), ("loop_start", "<u4")),
        *(("loop_end", "<u4"), ("rate", "<u4"), ("key", "u1"), ("cents", "i1")),
        *(("_", "<u2"), ("kind", "<u2")),
    ],
}
_NAMES = {
    *(name.encode() for name in TABLES),
    *(b"LIST", b"smpl", b"sm24", b"pmod", b"imod", b"ifil", b"isng", b"INAM", b"irom", b"iver"),
    *(b"ICRD", b"IENG", b"IPRD", b"ICOP", b"ICMT", b"ISFT"),
}
_VORBIS, _ROM = 0x10, 0x8000  # bits of a sample's kind


class Zone(NamedTuple):
    """One sample of a program, the lowest and highest it sounds at, and int32 [61] by generator."""

    keys: tuple[int, int]
    velocities: tuple[int, int]
    values: np.ndarray


class Recording(NamedTuple):
    """A recording in a SoundFont.

    Attributes:
        data: float32 [n].
        rate: Hz.
        key: MIDI pitch that it was recorded at.
        cents: what corrects its pitch.
        loop_start, loop_end: samples from its start.
    """

    data: np.ndarray
    rate: int
    key: int
    cents: int
    loop_start: int
    loop_end: int


class Sample(NamedTuple):
    """A recording, to be played at any pitch.

    Attributes:
        curves: float32 [4, n + 1], the polynomials from each sample to the next, the last to zero.
        size: n.
        rate: Hz.
        key: MIDI pitch that it was recorded at.
        cents: what corrects its pitch.
        loop_start, loop_end: samples from its start.
    """

    curves: np.ndarray
    size: int
    rate: int
    key: int
    cents: int
    loop_start: int
    loop_end: int


def default_soundfont() -> Path:
    """Returns the General MIDI SoundFont that comes along: Fluid (R3) Mono, under MIT."""
    return Path(__file__).parent / "general_midi.sf3"


def forget() -> None:
    """Lets go of all fonts that nobody has any more, and of what was read of the others."""
    SoundFont.sample.cache_clear()
    SoundFont._zones.cache_clear()


class SoundFont:
    """An open SoundFont; samples are read when they are first asked for.

    Raises:
        LofiError: a file that cannot be read, or is no SoundFont.
    """

    def __init__(self, path: str | Path):
        self.path = str(path)
        try:
            with open(path, "rb") as file:
                self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "the file is empty"
            raise LofiError(f"cannot read the SoundFont {path}: {why}") from error
        if self._bytes[:4] != b"RIFF" or self._bytes[8:12] != b"sfbk":
            raise LofiError(f"a SoundFont is an .sf2 or .sf3 file. Received: {path}")
        chunks = self._chunks()
        missing = [name for name in (*TABLES, "smpl") if name not in chunks]
        if missing:
            raise LofiError(f"{path} is a damaged SoundFont: it has no {', '.join(missing)}")
        self.samples_at = chunks["smpl"]
        self.tables = {name: self._table(name, chunks[name]) for name in TABLES}
        heads = self.tables["phdr"][:-1]
        self._presets = {(int(h["bank"]), int(h["program"])): i for i, h in enumerate(heads)}
        if not self._presets:
            raise LofiError(f"{path} is a SoundFont without a preset")

    def zones(self, program: int, is_drum: bool) -> tuple[Zone, ...]:
        """Returns the zones of a program; where it is missing, of the nearest that is there."""
        return self._zones(self.preset(program, is_drum))

    def instead(self, program: int, is_drum: bool) -> str | None:
        """Returns what is played in place of a program that is missing; None if it is there."""
        head = self.tables["phdr"][self.preset(program, is_drum)]
        bank = DRUM_BANK if is_drum else 0
        if (int(head["bank"]), int(head["program"])) == (bank, program):
            return None
        name = head["name"].split(b"\0")[0].decode("latin-1").strip()
        return f"{head['program']} ({name})" if name else str(head["program"])

    @functools.lru_cache(maxsize=512)  # noqa: B019 - fonts live as long as they are used
    def sample(self, index: int) -> Sample:
        """Returns a sample by its number."""
        found = self.recording(index)
        between = curves(np.pad(found.data, (BEFORE, AFTER + 1)))
        return Sample(between, len(found.data), *found[1:])

    def recording(self, index: int) -> Recording:
        """Returns what a sample was recorded as, by its number."""
        heads = self.tables["shdr"]
        if not 0 <= index < len(heads) - 1:
            raise LofiError(f"{self.path} is a damaged SoundFont: it has no sample {index}")
        head = heads[index]
        start, end = int(head["start"]), int(head["end"])
        loop = int(head["loop_start"]), int(head["loop_end"])
        if int(head["kind"]) & _VORBIS:
            data = self._decoded(start, end)
        else:
            first, last = self.samples_at
            begin, stop = min(first + 2 * start, last), min(first + 2 * end, last)
            stop -= (stop - begin) % 2
            words = np.frombuffer(self._bytes[begin:stop], "<i2")
            data = words.astype(np.float32) / np.float32(32768)
            loop = loop[0] - start, loop[1] - start
        if int(head["kind"]) & _ROM or not len(data):
            data = np.zeros(1, np.float32)
        key = 60 if head["key"] > 127 else int(head["key"])
        return Recording(data, max(400, int(head["rate"])), key, int(head["cents"]), *loop)

    def preset(self, program: int, is_drum: bool) -> int:
        """Returns the number of a program's preset, or of the nearest that is there."""
        wanted = [(DRUM_BANK, program), (DRUM_BANK, 0)] if is_drum else [(0, program)]
        for name in wanted:
            if name in self._presets:
                return self._presets[name]
        kin = [name for name in self._presets if (name[0] == DRUM_BANK) == is_drum]
        near = min(kin or self._presets, key=lambda name: (abs(name[1] - program), name[0]))
        return self._presets[near]

    @functools.lru_cache(maxsize=512)  # noqa: B019
    def _zones(self, preset: int) -> tuple[Zone, ...]:
        zones = []
        for outer in self._bags("p", preset, INSTRUMENT):
            for inner in self._bags("i", outer.values[INSTRUMENT], SAMPLE):
                keys = _common(outer.keys, inner.keys)
                velocities = _common(outer.velocities, inner.velocities)
                if keys[0] > keys[1] or velocities[0] > velocities[1]:
                    continue
                added = outer.values.copy()
                added[list(_INSTRUMENT_ONLY)] = 0
                zones.append(Zone(keys, velocities, inner.values + added))
        return tuple(zones)

    def _bags(self, side: str, owner: int, last: int) -> list[Zone]:
        """Returns the zones of a preset (`p`) or an instrument (`i`) that end in a generator."""
        heads = self.tables["phdr" if side == "p" else "inst"]
        bags, generators = self.tables[f"{side}bag"], self.tables[f"{side}gen"]
        if not 0 <= owner < len(heads) - 1:
            raise LofiError(f"{self.path} is a damaged SoundFont: it has no instrument {owner}")
        defaults = _DEFAULTS if side == "i" else np.zeros_like(_DEFAULTS)
        common = Zone((0, 127), (0, 127), defaults)
        found = []
        first, after = int(heads[owner]["bag"]), int(heads[owner + 1]["bag"])
        for number in range(first, min(after, len(bags) - 1)):
            part = generators[int(bags[number]["generator"]) : int(bags[number + 1]["generator"])]
            zone = _zone(part, common)
            if last in part["number"]:
                found.append(zone)
            elif number == first:
                common = zone
        return found

    def _decoded(self, start: int, end: int) -> np.ndarray:
        first, last = self.samples_at
        try:
            data = self._bytes[first + start : min(first + end, last)]
            return soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)[0][:, 0]
        except (soundfile.SoundFileError, RuntimeError) as error:
            raise LofiError(f"{self.path}: a compressed sample cannot be decoded") from error

    def _chunks(self) -> dict[str, tuple[int, int]]:
        """Returns where each chunk begins and ends; lists count as what is in them.

        What lists say of their size does not matter: some writers leave out the byte that is to
        follow a chunk of odd size, MuseScore's among them, or count it.
        """
        found, at, data = {}, 12, self._bytes
        while at + 8 <= len(data):
            name = data[at : at + 4]
            if name == b"LIST":
                at += 12
                continue
            size = int.from_bytes(data[at + 4 : at + 8], "little")
            stop = min(at + 8 + size, len(data))
            found.setdefault(name.decode("latin-1"), (at + 8, stop))
            near = [place for place in (stop + size % 2, stop, stop + 1) if self._is_chunk(place)]
            tables = data.find(b"pdta", at + 9)  # where the size of the chunk is wrong
            at = near[0] if near else tables - 8 if tables > 0 else len(data)
        return found

    def _is_chunk(self, at: int) -> bool:
        """Says whether a chunk that SoundFonts have begins at a place, or the file ends there."""
        return at >= len(self._bytes) or self._bytes[at : at + 4] in _NAMES

    def _table(self, name: str, where: tuple[int, int]) -> np.ndarray:
        kind = np.dtype(TABLES[name])
        data = self._bytes[where[0] : where[1]]
        return np.frombuffer(data[: len(data) // kind.itemsize * kind.itemsize], kind)


def _zone(part: np.ndarray, common: Zone) -> Zone:
    values, keys, velocities = common.values.copy(), common.keys, common.velocities
    for number, amount in zip(part["number"].tolist(), part["amount"].tolist(), strict=True):
        low, high = amount & 0xFF, (amount >> 8) & 0xFF
        if number == KEY_RANGE:
            keys = (low, high)
        elif number == VELOCITY_RANGE:
            velocities = (low, high)
        elif number in (INSTRUMENT, SAMPLE):
            values[number] = amount & 0xFFFF
        elif number < NUM_GENERATORS:
            values[number] = amount
    return Zone(keys, velocities, values)


def _common(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return max(one[0], other[0]), min(one[1], other[1])
