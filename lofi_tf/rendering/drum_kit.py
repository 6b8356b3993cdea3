"""Drums from a folder of recordings, a hit a file.

Names say the drum: `bd.wav`, `sd_2.flac`, `hh/soft.wav`, `kick.wav`, `36.wav`. Of several files of
a drum the seed draws one.
"""

import math
import re
from pathlib import Path

import numpy as np
import soxr

from lofi_tf.audio.io import is_audio_file, read_audio
from lofi_tf.errors import LofiError, naming
from lofi_tf.rendering.voices import CHOKE_SECONDS

# General MIDI's percussion by the names that sample folders use.
DRUMS = {
    "bd": (36, 35), "sd": (38, 40), "rim": (37,), "cp": (39,), "hh": (42, 44), "oh": (46,),
    "lt": (45, 41, 43), "mt": (47, 48), "ht": (50,), "cr": (49, 57, 52, 55), "rd": (51, 53, 59),
    "cb": (56,), "tb": (54,), "sh": (70, 82, 69),
}  # fmt: skip
ALIASES = {
    "kick": "bd", "bassdrum": "bd", "snare": "sd", "sn": "sd", "rimshot": "rim", "rs": "rim",
    "clap": "cp", "hat": "hh", "hihat": "hh", "ch": "hh", "chh": "hh", "closedhat": "hh",
    "openhat": "oh", "ohh": "oh", "ho": "oh", "lowtom": "lt", "midtom": "mt", "hightom": "ht",
    "crash": "cr", "ride": "rd", "cowbell": "cb", "tambourine": "tb", "shaker": "sh",
}  # fmt: skip
MAX_SECONDS = 20.0  # of a hit; what comes after is left out
_HATS = (42, 44, 46)
_PITCH = re.compile(r"\d{2,3}")


class Kit:
    """The hits of a folder and its subfolders; the seed draws among several files of a drum.

    Raises:
        LofiError: no such folder, no file in it whose name says a drum, or a recording that cannot
            be read.
    """

    def __init__(self, folder: str | Path, sample_rate: int, seed: int):
        self._hits: dict[int, np.ndarray] = {}
        found = _files(Path(folder))
        draw = np.random.default_rng([seed, 36])
        for pitches, paths in sorted(found.items()):
            path = paths[int(draw.integers(len(paths)))]
            sound = _read(path, sample_rate)
            for pitch in pitches:
                self._hits.setdefault(pitch, sound)
        self._rate = sample_rate

    @property
    def pitches(self) -> set[int]:
        """MIDI pitches that have a hit."""
        return set(self._hits)

    def hit(self, pitch: int, velocity: int, start: int) -> "Hit":
        """Returns one hit, from sample `start` of the track on."""
        hat = 1 if pitch in _HATS else 0
        return Hit(self._hits[pitch], velocity, start, self._rate, hat)


class Hit:
    """A hit of a drum; like `voices.Voice` it is added to a stretch of the track, from `start` on.

    Its sound is float32 [2, n]. Hits of one number `exclusive` cut each other off; 0 is none.
    """

    def __init__(self, sound: np.ndarray, velocity: int, start: int, rate: int, exclusive: int):
        self.start, self.end, self.exclusive = start, start + sound.shape[1], exclusive
        self._sound, self._gain = sound, np.float32((velocity / 127) ** 2)
        self._rate, self._cut = rate, math.inf

    def choke(self, at: int) -> None:
        """Fades the hit out from a sample of the track on."""
        self._cut = min(self._cut, at)
        self.end = min(self.end, at + math.ceil(CHOKE_SECONDS * self._rate))

    def add_to(self, out: np.ndarray, begin: int) -> None:
        """Adds what sounds from sample `begin` of the track on to `out` [2, n]."""
        first, last = max(self.start, begin), min(self.end, begin + out.shape[1])
        if first >= last:
            return
        sound = self._sound[:, first - self.start : last - self.start] * self._gain
        if self._cut < math.inf:
            passed = (np.arange(first, last) - self._cut) / (CHOKE_SECONDS * self._rate)
            sound = sound * np.clip(1 - passed, 0, 1).astype(np.float32)
        out[:, first - begin : last - begin] += sound


def drum_of(path: Path) -> tuple[int, ...]:
    """Returns the MIDI pitches that a file's name, or else its folder's, says; () for none."""
    for text in (path.stem, path.parent.name):
        words = re.split(r"[\s_\-.]+", text.lower())
        pairs = map("".join, zip(words, words[1:], strict=False))  # open hat
        for word in (*pairs, *words):
            name = ALIASES.get(word.rstrip("0123456789"), word.rstrip("0123456789"))
            if name in DRUMS:
                return DRUMS[name]
    first = re.split(r"[\s_\-.]+", path.stem)[0]
    return (int(first),) if _PITCH.fullmatch(first) and int(first) < 128 else ()


def _files(folder: Path) -> dict[tuple[int, ...], list[Path]]:
    if not folder.is_dir():
        raise LofiError(f"a drum kit is a folder of recordings. Received: {folder}")
    found: dict[tuple[int, ...], list[Path]] = {}
    for path in sorted(folder.rglob("*")):
        pitches = drum_of(path) if path.is_file() and is_audio_file(path) else ()
        if pitches:
            found.setdefault(pitches, []).append(path)
    if not found:
        names = ", ".join(DRUMS)
        raise LofiError(
            f"no recording in {folder} is named after a drum. Allowed: {names}, or a MIDI pitch "
            "such as 36.wav"
        )
    return found


def _read(path: Path, sample_rate: int) -> np.ndarray:
    """Returns a hit as float32 [2, n]."""
    with naming(path):
        samples, rate, _ = read_audio(path)
    samples = samples[: int(MAX_SECONDS * rate)]
    if rate != sample_rate:
        samples = soxr.resample(samples, rate, sample_rate, "HQ")
    pair = samples[:, [0, -1 if samples.shape[1] == 2 else 0]]
    return np.ascontiguousarray(pair.T, np.float32)
