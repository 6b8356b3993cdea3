"""MusicXML made plain before note_seq's parser reads it.

That parser refuses drums without pitch, chord symbols of transposing instruments, metres such as
3+4/8 and kinds of chords that it does not know. It puts grace notes at time zero, C flat and B
sharp an octave off, knows no metronome marks and no transposition by octaves, and begins a part in
the tempo in which the one before has ended.
"""

import copy
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple
from xml.etree.ElementTree import Element, SubElement

from lofi_tf.music.sections import Mark, endings_of

_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_SHARP_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_FIFTHS = "FCGDAEB"

# Where drums stand on a staff of five lines -> their pitch in General MIDI, for scores that do not
# say it: https://www.w3.org/2021/06/musicxml40/tutorial/percussion
_DRUMS = {
    **{"D4": 44, "E4": 35, "F4": 36, "G4": 41, "A4": 43, "B4": 47, "C5": 38, "D5": 48, "E5": 50},
    **{"F5": 51, "G5": 42, "A5": 49, "B5": 57},
}
_SNARE = 38

_BEATS = {
    **{"long": 16, "breve": 8, "whole": 4, "half": 2, "quarter": 1, "eighth": Fraction(1, 2)},
    **{"16th": Fraction(1, 4), "32nd": Fraction(1, 8)},
}


class _Tempo(NamedTuple):
    """A tempo: in a measure, so many quarters after its beginning."""

    measure: int
    quarters: Fraction
    qpm: str


class _Place(NamedTuple):
    """An element of a measure, so many quarters after its beginning."""

    measure: int
    element: Element
    quarters: Fraction


def made_plain(score: Element, chord_kinds: frozenset[str]) -> tuple[Element, list[bool]]:
    """Returns a score as it sounds, and for each note but rests whether it is a drum.

    Args:
        score: a `<score-partwise>`.
        chord_kinds: those that the parser knows; other chord symbols are left out.
    """
    score = copy.deepcopy(score)
    for attributes in score.iter("attributes"):
        for divisions in attributes.findall("divisions"):
            if (divisions.text or "").strip() == "0":
                attributes.remove(divisions)  # the measures before, or else quarters, count
    drums: list[bool] = []
    parts = score.findall("part")
    for part in parts:
        pitches = _drum_pitches(score, part.get("id", ""))
        drums += _plain_part(part, pitches, chord_kinds)
    _share_tempi(parts)
    return score, drums


def marks_of(score: Element, starts: list[float]) -> list[Mark]:
    """Returns the repeats and endings of a score's first part.

    Args:
        score: a `<score-partwise>`.
        starts: where its measures begin, in seconds, and where the last one ends.
    """
    part, marks = score.find("part"), []
    measures = part.findall("measure") if part is not None else []
    for measure, start, end in zip(measures, starts, starts[1:], strict=False):
        for line in measure.findall("barline"):
            repeat, ending = line.find("repeat"), line.find("ending")
            direction = repeat.get("direction") if repeat is not None else ""
            times = _whole(repeat.get("times"), 2) if repeat is not None else 2
            if direction == "forward":
                marks.append(Mark(start, forward=2))
            if ending is not None and ending.get("type") == "start":
                marks.append(Mark(start, endings=endings_of(ending.get("number", ""))))
            elif ending is not None and direction != "backward":
                marks.append(Mark(end, is_double=True))
            if direction == "backward":
                marks.append(Mark(end, backward=max(2, times)))
    return marks


def _drum_pitches(score: Element, part: str) -> dict[str, int]:
    """Returns the pitch of each drum of a part, by its id."""
    found = {}
    for listed in score.findall("part-list/score-part"):
        for instrument in listed.findall("midi-instrument") if listed.get("id") == part else ():
            number = _whole(instrument.findtext("midi-unpitched"), 0)
            if 1 <= number <= 128:
                found[instrument.get("id", "")] = number - 1
    return found


def _plain_part(part: Element, pitches: dict[str, int], chord_kinds: frozenset[str]) -> list[bool]:
    semitones, drums = 0, []
    for measure in part.findall("measure"):
        has_metre = False
        for child in list(measure):
            if child.tag == "attributes":
                semitones = _transposition(child, semitones)
                has_metre = _plain_metres(child, has_metre)
                _plain_keys(child, semitones)
            elif child.tag == "note" and child.find("grace") is not None:
                measure.remove(child)
            elif child.tag == "note":
                is_drum = _plain_note(child, pitches, semitones)
                if child.find("rest") is None:
                    drums.append(is_drum)
            elif child.tag == "harmony" and not _plain_chord(child, semitones, chord_kinds):
                measure.remove(child)
            elif child.tag == "direction":
                _add_tempo_of_mark(child)
            elif child.tag == "sound" and child.get("tempo"):
                place = list(measure).index(child)
                measure.remove(child)
                measure.insert(place, _direction(str(child.get("tempo"))))
    return drums


def _transposition(attributes: Element, semitones: int) -> int:
    """Takes transpositions out of some attributes; returns what is in force then."""
    for found in attributes.findall("transpose"):
        semitones = _whole(found.findtext("chromatic"), 0)
        semitones += 12 * _whole(found.findtext("octave-change"), 0)
        attributes.remove(found)
    return semitones


def _plain_metres(attributes: Element, has_metre: bool) -> bool:
    """Leaves one metre a measure, with one number of beats; says whether there is one."""
    for time in attributes.findall("time"):
        beats = [text for beat in time.findall("beats") for text in (beat.text or "").split("+")]
        types = {_whole(kind.text, 0) for kind in time.findall("beat-type")}
        total = sum(_whole(text, 0) for text in beats)
        if has_metre or not total or len(types) != 1 or 0 in types:
            attributes.remove(time)
            continue
        has_metre = True
        if len(beats) > 1:
            for child in list(time):
                time.remove(child)
            SubElement(time, "beats").text = str(total)
            SubElement(time, "beat-type").text = str(types.pop())
    return has_metre


def _plain_keys(attributes: Element, semitones: int) -> None:
    for key in attributes.findall("key"):
        fifths = key.find("fifths")
        if fifths is None:
            attributes.remove(key)
        elif semitones:
            fifths.text = str(_up(_whole(fifths.text, 0), semitones))


def _up(fifths: int, semitones: int) -> int:
    """Returns a place on the line of fifths so many semitones higher, within -6 to 6."""
    return (fifths + 7 * semitones + 5) % 12 - 5 if semitones % 12 else fifths


def _plain_note(note: Element, pitches: dict[str, int], semitones: int) -> bool:
    """Gives a note its sounding pitch; says whether it is a drum."""
    unpitched, pitch = note.find("unpitched"), note.find("pitch")
    if unpitched is not None:
        instrument = note.find("instrument")
        name = instrument.get("id", "") if instrument is not None else ""
        staff = f"{unpitched.findtext('display-step')}{unpitched.findtext('display-octave')}"
        number = pitches.get(name, _DRUMS.get(staff, _SNARE))
        place = list(note).index(unpitched)
        note.remove(unpitched)
        note.insert(place, _pitch(number))
        return True
    if pitch is not None:
        step = _STEPS.get(pitch.findtext("step", "").strip())
        alter = int(float(pitch.findtext("alter") or 0))
        octave = _whole(pitch.findtext("octave"), 4)
        # note_seq reads C flat and B sharp in the octave that is written.
        if step is not None and (semitones or not 0 <= step + alter < 12):
            place = list(note).index(pitch)
            note.remove(pitch)
            note.insert(place, _pitch(12 * (octave + 1) + step + alter + semitones))
    return False


def _pitch(number: int) -> Element:
    """Returns the element of a MIDI pitch."""
    pitch, name = Element("pitch"), _SHARP_NAMES[number % 12]
    SubElement(pitch, "step").text = name[0]
    SubElement(pitch, "alter").text = str(len(name) - 1)
    SubElement(pitch, "octave").text = str(number // 12 - 1)
    return pitch


def _plain_chord(harmony: Element, semitones: int, chord_kinds: frozenset[str]) -> bool:
    """Gives a chord symbol its sounding root and bass; says whether the parser can read it."""
    kind = (harmony.findtext("kind") or "").strip()
    if kind not in chord_kinds or (kind != "none" and harmony.find("root/root-step") is None):
        return False
    for name in ("root", "bass"):
        step, alter = harmony.find(f"{name}/{name}-step"), harmony.find(f"{name}/{name}-alter")
        letter = (step.text or "").strip() if step is not None else ""
        if not semitones or step is None or letter not in _STEPS:
            continue
        sign = _whole(alter.text, 0) if alter is not None else 0
        place = _up(_FIFTHS.index(letter) - 1 + 7 * sign, semitones) + 1
        step.text = _FIFTHS[place % 7]
        if alter is None:
            alter = SubElement(harmony.find(name), f"{name}-alter")  # type: ignore[arg-type]
        alter.text = str(place // 7)
    return True


def _add_tempo_of_mark(direction: Element) -> None:
    """Adds the tempo of a metronome mark where nothing else says it."""
    mark = direction.find("direction-type/metronome")
    if mark is None or any(sound.get("tempo") for sound in direction.findall("sound")):
        return
    units = mark.findall("beat-unit")
    beat = _BEATS.get((units[0].text or "").strip()) if len(units) == 1 else None
    try:
        rate = float(mark.findtext("per-minute") or "")
    except ValueError:  # words, or a number with them
        return
    if beat and rate > 0:
        dotted = 2 - Fraction(1, 2 ** len(mark.findall("beat-unit-dot")))
        SubElement(direction, "sound", tempo=f"{rate * float(beat * dotted):g}")


def _direction(qpm: str) -> Element:
    direction = Element("direction")
    SubElement(direction, "sound", tempo=qpm)
    return direction


def _share_tempi(parts: list[Element]) -> None:
    """Gives all parts the tempi of the first, where there are several."""
    tempi = list(_tempi(parts[0])) if parts else []
    if not tempi or (len(tempi) == 1 and tempi[0][:2] == (0, 0)):
        return
    if tempi[0][:2] != (0, 0):
        tempi.insert(0, _Tempo(0, Fraction(0), "120"))
    for part in parts[1:]:
        for sound in part.iter("sound"):
            sound.attrib.pop("tempo", None)
        places = list(_places(part))
        for tempo in tempi:
            _insert(part, places, tempo)


def _insert(part: Element, places: list[_Place], tempo: _Tempo) -> None:
    """Puts a tempo before what begins then in a part, or at the end of its measure."""
    measures = part.findall("measure")
    if tempo.measure >= len(measures):
        return
    measure = measures[tempo.measure]
    for number, child, quarters in places:
        is_then = number == tempo.measure and quarters >= tempo.quarters
        if is_then and child.tag != "attributes":
            measure.insert(list(measure).index(child), _direction(tempo.qpm))
            return
    measure.append(_direction(tempo.qpm))


def _tempi(part: Element) -> Iterator[_Tempo]:
    for number, child, quarters in _places(part):
        for sound in child.findall("sound") if child.tag == "direction" else ():
            if sound.get("tempo"):
                yield _Tempo(number, quarters, str(sound.get("tempo")))


def _places(part: Element) -> Iterator[_Place]:
    divisions = Fraction(1)
    for number, measure in enumerate(part.findall("measure")):
        at = Fraction(0)
        for child in list(measure):
            divisions = Fraction(_whole(child.findtext("divisions"), 0)) or divisions
            yield _Place(number, child, at)
            length = _whole(child.findtext("duration"), 0) / divisions
            if child.tag == "backup":
                at -= length
            elif child.tag == "forward" or (child.tag == "note" and child.find("chord") is None):
                at += length


def _whole(text: str | None, otherwise: int) -> int:
    try:
        return int(float(text or ""))
    except (ValueError, OverflowError):
        return otherwise
