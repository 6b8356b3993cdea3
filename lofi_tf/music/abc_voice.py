"""A voice of a tune: its notes, one after the other."""

import copy
import dataclasses
import re
from fractions import Fraction

from lofi_tf.errors import NotConvertible
from lofi_tf.music.abc_fields import SIGNS, Accidentals
from lofi_tf.music.abc_tokens import length_of, symbols_of
from lofi_tf.music.chords import degrees_of
from lofi_tf.music.sections import Mark, endings_of
from lofi_tf.music.sequence_proto import NoteSequence
from lofi_tf.music.time_changes import DEFAULT_QPM

_OCTAVE = {"C": 60, "D": 62, "E": 64, "F": 65, "G": 67, "A": 69, "B": 71}
_PITCHES = _OCTAVE | {letter.lower(): pitch + 12 for letter, pitch in _OCTAVE.items()}
# https://abcnotation.com/wiki/abc:standard:v2.1#decorations, as note_seq has them
_VELOCITIES = {
    **{"pppp": 30, "ppp": 30, "pp": 45, "p": 60, "mp": 75},
    **{"mf": 90, "f": 105, "ff": 120, "fff": 127, "ffff": 127},
}
_TRANSPOSE = re.compile(r"\b(octave|transpose|t)=\s*(-?\d+)")
_MAX_BARS = 100  # of a rest


Key = tuple[str, str]  # of a note: letter and octave, as written


@dataclasses.dataclass
class _Group:
    """What sounds at once, a note, a chord or a rest.

    Attributes:
        start, end: seconds.
        notes: by what is written.
        begun: those that begin here; others are tied to a note before.
    """

    start: float
    end: float
    notes: dict[Key, NoteSequence.Note]
    begun: list[NoteSequence.Note]


@dataclasses.dataclass
class _Tuplet:
    factor: Fraction
    num_left: int


class Voice:
    """Turns symbols of music code into notes of one instrument.

    Attributes:
        time: where it is, in seconds.
        marks: the bar lines that mean repeats, endings and sections.
        instrument, accidentals, unit, metre, qpm: what is in force.
    """

    def __init__(self, sequence: NoteSequence, instrument: int):
        self.instrument = instrument
        self.time, self.qpm = 0.0, DEFAULT_QPM
        self.accidentals: Accidentals = {}
        self.unit: Fraction | None = None
        self.metre: tuple[int, int] | None = None
        self.marks: list[Mark] = []
        self._sequence = sequence
        self._shift, self._velocity = 0, _VELOCITIES["mf"]
        self._bar_start = self._bar_end = 0.0
        self._bar_accidentals: Accidentals = {}
        self._last: _Group | None = None
        self._tied: dict[Key, NoteSequence.Note] = {}
        self._tuplet, self._broken = _Tuplet(Fraction(1), 0), ""

    def copy(self, instrument: int) -> "Voice":
        """Returns a voice that begins with the same settings."""
        found = copy.copy(self)
        found.instrument, found.time, found.marks = instrument, 0.0, []
        found._bar_start = found._bar_end = 0.0
        found._bar_accidentals = {}
        found._last, found._tied = None, {}
        found._tuplet, found._broken = _Tuplet(Fraction(1), 0), ""
        return found

    def transpose(self, text: str) -> None:
        """Takes in what a field K: or V: says of octaves and transposition."""
        for name, number in _TRANSPOSE.findall(text):
            self._shift = int(number) * (12 if name == "octave" else 1)

    def take(self, symbol: str, found: re.Match) -> None:
        """Takes in a symbol of music code; `found` is its match."""
        if symbol == "note":
            self._place([self._note(found)], length_of(found))
        elif symbol == "chord":
            self._take_chord(found)
        elif symbol == "rest":
            self._place([], length_of(found, "rest_"))
        elif symbol == "rest_bars":
            beats, beat = self.metre or (4, 4)
            num_bars = min(int(found["bars"] or 1), _MAX_BARS)
            self.time += self._seconds(num_bars * Fraction(beats, beat))
        elif symbol == "bar":
            self._take_bar(found)
        elif symbol == "colons" and len(found.group()) % 2 == 0:
            times = len(found.group()) // 2 + 1
            self._begin_bar(Mark(self.time, times, times))
        elif symbol == "tuplet":
            self._tuplet = self._tuplet_of(found)
        elif symbol == "broken":
            self._broken = found.group()
        elif symbol == "tie" and self._last:
            self._tied = dict(self._last.notes)
        elif symbol == "annotation":
            self._annotate(found["words"])
        elif symbol == "decoration":
            self._velocity = _VELOCITIES.get(found["dynamics"], self._velocity)
        elif symbol == "overlay":
            self._bar_end, self.time = max(self._bar_end, self.time), self._bar_start

    def _take_bar(self, found: re.Match) -> None:
        before, after = len(found["before"]), len(found["after"])
        endings = endings_of(found["endings"] or "")
        backward, forward = before and before + 1, after and after + 1
        is_double = len(found["lines"]) > 1 and not (before or after or endings)
        self._begin_bar(Mark(self.time, backward, forward, is_double, endings))

    def _begin_bar(self, mark: Mark) -> None:
        self.time = max(self.time, self._bar_end)
        self._bar_start, self._bar_end = self.time, 0.0
        self._bar_accidentals = {}
        if any(mark[1:]):
            self.marks.append(mark._replace(time=self.time))

    def _annotate(self, text: str) -> None:
        kinds = NoteSequence.TextAnnotation
        is_chord = text[:1] in tuple("ABCDEFG") and degrees_of(text) is not None
        kind = kinds.CHORD_SYMBOL if is_chord else kinds.UNKNOWN
        self._sequence.text_annotations.add(time=self.time, text=text, annotation_type=kind)

    def _tuplet_of(self, found: re.Match) -> _Tuplet:
        """Returns p notes in the time of q, for the next r."""
        size = int(found["p"]) or 1
        is_compound = self.metre is not None and self.metre[0] in (6, 9, 12)
        usual = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}.get(size, 3 if is_compound else 2)
        time = int(found["q"] or 0) or usual
        return _Tuplet(Fraction(time, size), int(found["r"] or 0) or size)

    def _take_chord(self, found: re.Match) -> None:
        notes, lengths, last = [], [], None
        for symbol, inside in symbols_of(found["inside"]):
            if symbol == "note":
                last = self._note(inside)
                notes.append(last)
                lengths.append(length_of(inside))
            elif symbol == "tie" and last:
                notes[-1] = (*last[:2], True)
            elif symbol == "annotation":
                self._annotate(inside["words"])
        if notes:
            self._place(notes, lengths[0] * length_of(found, "chord_"))

    def _note(self, found: re.Match) -> tuple[Key, int, bool]:
        """Returns what is written, the pitch, and that it is not tied."""
        letter, octaves, sign = found["letter"], found["octaves"], found["sign"]
        key, name = (letter, octaves), letter.upper()
        if sign:
            self._bar_accidentals[name] = SIGNS[sign]
        accidental = self._bar_accidentals.get(name, self.accidentals.get(name, 0))
        pitch = _PITCHES[letter] + accidental + self._shift
        pitch += 12 * (octaves.count("'") - octaves.count(","))
        if key in self._tied and not sign:
            pitch = self._tied[key].pitch
        if not 0 <= pitch <= 127:
            raise NotConvertible("bad_abc", f"pitches are 0 to 127. Received: {found.group()!r}")
        return key, pitch, False

    def _seconds(self, length: Fraction) -> float:
        """Returns the time of a part of a whole note, by the very operations of note_seq."""
        return (1 / (self.qpm / 60)) * (length / Fraction(1, 4))

    def _place(self, notes: list[tuple[Key, int, bool]], times: Fraction) -> None:
        """Adds what sounds at once, so many unit lengths long, and goes on to its end."""
        length = (self.unit or Fraction(1, 8)) * times
        if self._tuplet.num_left:
            length *= self._tuplet.factor
            self._tuplet.num_left -= 1
        group = _Group(self.time, self.time + self._seconds(length), {}, [])
        self.time = group.end
        tied, self._tied = self._tied, {}
        for key, pitch, is_tied in notes:
            note = tied.get(key)
            if note is None or note.pitch != pitch:
                note = self._sequence.notes.add(
                    pitch=pitch,
                    velocity=self._velocity,
                    start_time=group.start,
                    instrument=self.instrument,
                )
                group.begun.append(note)
            note.end_time = group.end
            group.notes[key] = note
            if is_tied:
                self._tied[key] = note
        if self._broken and self._last:
            self._break(self._last, group)
        self._broken, self._last = "", group

    def _break(self, first: _Group, second: _Group) -> None:
        """Makes one of two longer and the other shorter, as `>` and `<` say, if they are alike."""
        size = first.end - first.start
        if abs(size - (second.end - second.start)) > 1e-9:
            return
        change = size * (1 - 0.5 ** len(self._broken))
        if self._broken[0] == "<":
            change = -change
        first.end += change
        second.start += change
        for note in first.notes.values():
            note.end_time = first.end
        for note in second.begun:
            note.start_time = second.start
