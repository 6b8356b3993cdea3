"""Recordings of single notes, whose names say what they are: `piano/Cs4.ogg`, `A#3_v96.wav`."""

import re
from pathlib import Path

import numpy as np
import soxr

from lofi_tf.audio import channels
from lofi_tf.audio.io import read_audio
from lofi_tf.data.converters.note_events import NoteEvent
from lofi_tf.data.converters.paired import Pair
from lofi_tf.errors import NotConvertible

DEFAULT_VELOCITY = 80
ONSET_DB = -40.0  # below the loudest, from where on a note is there

_PITCH = re.compile(r"(?:^|[\s_\-.])([A-Ga-g])(#|s|sharp|b|flat)?(-?\d)(?=$|[\s_\-.])")
_MIDI_PITCH = re.compile(r"(?:^|[\s_\-.])(?:midi)?(\d{2,3})(?=$|[\s_\-.])")
_VELOCITY = re.compile(r"(?:^|[\s_\-.])v(?:el)?(\d{1,3})(?=$|[\s_\-.])")
_DYNAMICS = re.compile(r"(?:^|[\s_\-.])(p{1,3}|mp|mf|f{1,3})(?=$|[\s_\-.])")
_CLASSES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_SIGNS = {"": 0, "#": 1, "s": 1, "sharp": 1, "b": -1, "flat": -1}
_LEVELS = {"ppp": 16, "pp": 33, "p": 49, "mp": 64, "mf": 80, "f": 96, "ff": 112, "fff": 126}


def pitch_and_velocity(name: str) -> tuple[int, int]:
    """Returns the MIDI pitch and velocity that a file's name says.

    A pitch is `C4` (60), `Cs4` or `C#4`, `Db4`, or a number from 12 on; a velocity is `v96` or from
    `ppp` to `fff`, 80 where there is none.

    Raises:
        NotConvertible: `no_pitch`.
    """
    stem = Path(name).stem
    found, number = _PITCH.search(stem), _MIDI_PITCH.search(_VELOCITY.sub(" ", stem))
    if found:
        letter, sign, octave = found.groups()
        pitch = 12 * (int(octave) + 1) + _CLASSES[letter.upper()] + _SIGNS[sign or ""]
    elif number:
        pitch = int(number[1])
    else:
        raise NotConvertible("no_pitch", f"its name says no pitch, such as C4 or 60: {stem}")
    velocity, level = _VELOCITY.search(stem), _DYNAMICS.search(stem)
    if velocity:
        return pitch, int(np.clip(int(velocity[1]), 1, 127))
    return pitch, _LEVELS[level[1]] if level else DEFAULT_VELOCITY


def pair_of_file(
    path: str | Path, instrument: str, sample_rate: int, seconds: float, octaves: int = 0
) -> Pair:
    """Returns the first seconds of a note, from its onset on, in mono at `sample_rate`.

    The file's name says the note; it sounds so many octaves higher.

    Raises:
        NotConvertible: `no_pitch`, `silent`, `too_short`, or what is wrong with the file.
    """
    pitch, velocity = pitch_and_velocity(Path(path).name)
    pitch += 12 * octaves
    audio = read_audio(path)
    mono = channels.mono(audio.samples)[:, 0]
    if audio.sample_rate != sample_rate:
        mono = soxr.resample(mono, audio.sample_rate, sample_rate, "HQ")
    level = np.abs(mono)
    loud = np.flatnonzero(level > level.max(initial=0) * 10 ** (ONSET_DB / 20))
    if not len(loud) or level.max() == 0:
        raise NotConvertible("silent", "nothing sounds in it")
    size = round(seconds * sample_rate)
    kept = mono[loud[0] :][:size]
    end = min(size, loud[-1] - loud[0] + 1) / sample_rate
    if end < seconds / 2:
        raise NotConvertible("too_short", f"it sounds for {end:.2f} s, of {seconds:.2f} asked for")
    kept = np.pad(kept, (0, max(0, size - len(kept))))
    return Pair(kept.astype(np.float32), [NoteEvent(pitch, velocity, 0.0, end)], instrument)
