"""What the information fields of ABC say: keys, metres, note lengths, tempi.

The standard: https://abcnotation.com/wiki/abc:standard:v2.1
"""

import re
from fractions import Fraction
from typing import NamedTuple

from lofi_tf.music.sequence_proto import NoteSequence

Accidentals = dict[str, int]

_SHARPS_ORDER = "FCGDAEB"
_PITCH_CLASSES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
SIGNS = {"^^": 2, "^": 1, "=": 0, "_": -1, "__": -2}
_MODES = NoteSequence.KeySignature

# The first letters of a mode -> the mode, and how many sharps it has more than major.
_KEYS = {
    "maj": (_MODES.MAJOR, 0),
    "ion": (_MODES.MAJOR, 0),
    "min": (_MODES.MINOR, -3),
    "aeo": (_MODES.MINOR, -3),
    "mix": (_MODES.MIXOLYDIAN, -1),
    "dor": (_MODES.DORIAN, -2),
    "phr": (_MODES.PHRYGIAN, -4),
    "lyd": (_MODES.LYDIAN, 1),
    "loc": (_MODES.LOCRIAN, -5),
}

_KEY = re.compile(r"([A-Ga-g])([#b]?)\s*([A-Za-z]*)")
_KEY_ACCIDENTALS = re.compile(r"(?:(?:\^\^?|__?|=)[A-Ga-g])+")
_KEY_ACCIDENTAL = re.compile(r"(\^\^?|__?|=)([A-Ga-g])")
_BAGPIPES = re.compile(r"H[Pp]\b")
_METRE = re.compile(r"\(?(\d+(?:\s*\+\s*\d+)*)\)?\s*/\s*(\d+)")
_UNIT = re.compile(r"(\d+)(?:\s*/\s*(\d+))?")
_BEATS = re.compile(r"((?:\d+/\d+\s*)+)=\s*(\d+(?:\.\d+)?)")
_UNITS = re.compile(r"(?:C?(\d*)\s*=\s*)?(\d+(?:\.\d+)?)$")


class Key(NamedTuple):
    """A key.

    Attributes:
        accidentals: semitones up or down of each letter that has a sharp or a flat.
        tonic: pitch class, or None where there is no key.
        mode: of a NoteSequence's key signature.
    """

    accidentals: Accidentals
    tonic: int | None
    mode: int


class Rate(NamedTuple):
    """A tempo: so many beats a minute, each a part of a whole note, or so many unit lengths."""

    beat: Fraction | None
    num_units: int
    beats_per_minute: float

    def qpm(self, unit: Fraction) -> float:
        """Returns quarter notes a minute where the unit length of notes is `unit`."""
        beat = self.num_units * unit if self.beat is None else self.beat
        return float((beat / Fraction(1, 4)) * self.beats_per_minute)


def key_of(text: str) -> Key:
    """Returns the key that a field K: names; without a name there is none, and no sharps."""
    if _BAGPIPES.match(text):
        return Key(_accidentals(2), None, 0)
    found = _KEY.match(text)
    if not found:
        return Key(_changed({}, text), None, 0)
    letter, sign, word = found.groups()
    letter = letter.upper()
    short = "min" if word in ("m", "M") else word[:3].lower()
    mode, more = _KEYS.get(short, _KEYS["maj"])
    sign_value = {"#": 1, "b": -1, "": 0}[sign]
    sharps = _SHARPS_ORDER.index(letter) - 1 + 7 * sign_value + more
    explicit = re.search(r"\bexp\b", text)
    accidentals = {} if explicit else _accidentals(sharps)
    tonic = (_PITCH_CLASSES[letter] + sign_value) % 12
    return Key(_changed(accidentals, text[found.end(2) :]), tonic, mode)


def _accidentals(sharps: int) -> Accidentals:
    """Returns what so many sharps, or flats where negative, make of the letters."""
    places = enumerate(_SHARPS_ORDER)
    found = {letter: (sharps - 1 - place) // 7 + 1 for place, letter in places}
    return {letter: value for letter, value in found.items() if value}


def _changed(accidentals: Accidentals, text: str) -> Accidentals:
    """Returns accidentals with those that a field adds, such as `^f _b`."""
    words = [word for word in text.split() if _KEY_ACCIDENTALS.fullmatch(word)]
    pairs = [pair for word in words for pair in _KEY_ACCIDENTAL.findall(word)]
    return accidentals | {letter.upper(): SIGNS[sign] for sign, letter in pairs}


def metre_of(text: str) -> tuple[int, int] | None:
    """Returns the metre of a field M:, or None where there is none."""
    text = text.strip()
    if text in ("C", "c"):
        return 4, 4
    if text in ("C|", "c|"):
        return 2, 2
    found = _METRE.match(text)
    if not found:
        return None
    beats = sum(map(int, found.group(1).split("+")))
    return (beats, int(found.group(2))) if beats and int(found.group(2)) else None


def unit_of(text: str) -> Fraction | None:
    """Returns the unit length of a field L:, in whole notes, or None where it names none."""
    found = _UNIT.match(text)
    if not found or not int(found.group(1)) or found.group(2) and not int(found.group(2)):
        return None
    return Fraction(int(found.group(1)), int(found.group(2) or 1))


def usual_unit(metre: tuple[int, int] | None) -> Fraction:
    """Returns the unit length where no field names it."""
    return Fraction(1, 16) if metre and metre[0] / metre[1] < 0.75 else Fraction(1, 8)


def rate_of(text: str) -> Rate | None:
    """Returns the tempo of a field Q:, or None where it has words alone."""
    text = re.sub('"[^"]*"', " ", text).strip()
    if found := _BEATS.search(text):
        try:
            beat = sum((Fraction(beat) for beat in found.group(1).split()), Fraction(0))
        except ZeroDivisionError:
            return None
        rate = Rate(beat, 1, _number(found.group(2)))
    elif found := _UNITS.search(text):
        rate = Rate(None, int(found.group(1) or 1), _number(found.group(2)))
    else:
        return None
    return rate if rate.beats_per_minute and (rate.beat or rate.num_units) else None


def _number(text: str) -> float:
    return float(text) if "." in text else int(text)
