"""Repeats, endings and parts of a piece: its sections, and the order in which they are played."""

import dataclasses
import itertools
import re
from collections.abc import Iterable
from typing import NamedTuple

from lofi_tf.music.sequence_proto import NoteSequence

# Fields of a NoteSequence that are in force until the next of their kind.
_STATES = ("tempos", "time_signatures", "key_signatures", "text_annotations")
_SAME_SECONDS = 1e-6
_MAX_PLAYED = 1000  # sections; more is a tune that is not meant so


class Mark(NamedTuple):
    """A bar line that means more than the end of a bar, or the beginning of a part.

    Attributes:
        time: in seconds.
        backward: how often what was before is played, 0 without a sign.
        forward: how often what follows is played, 0 without a sign.
        is_double: a double bar without signs of repetition.
        endings: the times through at which what follows is played.
        part: name of the part that begins.
    """

    time: float
    backward: int = 0
    forward: int = 0
    is_double: bool = False
    endings: tuple[int, ...] = ()
    part: str = ""


@dataclasses.dataclass
class _Section:
    start: float
    num_times: int = 1
    begins: bool = False  # a repeat goes back to here
    endings: tuple[int, ...] = ()
    part: str = ""


def endings_of(text: str) -> tuple[int, ...]:
    """Returns the numbers of an ending, such as `1,3` or `1-3`."""
    found: list[int] = []
    for first, last in re.findall(r"(\d+)(?:-(\d+))?", text):
        found += range(int(first), min(int(last or first), int(first) + 20) + 1)
    return tuple(found)


def add_sections(sequence: NoteSequence, marks: list[Mark], parts: str, end: float) -> NoteSequence:
    """Returns a tune with sections and groups of them, as note_seq's reader sets them.

    Args:
        sequence: its notes as they are written, nothing twice.
        marks: in the order of their time.
        parts: the order of its parts, such as `A2(BC)2`, or nothing.
        end: of the last note or rest, in seconds.
    """
    found = NoteSequence()
    found.CopyFrom(sequence)
    sections, seen = _sections(marks)
    if not seen:
        return found
    if len(sections) > 1 and sections[-1].start >= end:
        sections.pop()
    for number, section in enumerate(sections):
        found.section_annotations.add(time=section.start, section_id=number)
    for number, times in itertools.groupby(_in_order(sections, parts)):
        group = found.section_groups.add(num_times=len(list(times)))
        group.sections.add(section_id=number)
    return found


def played(sequence: NoteSequence) -> NoteSequence:
    """Returns a piece with its sections one after the other as their groups say."""
    starts = [section.time for section in sequence.section_annotations]
    ends = [*starts[1:], sequence.total_time]
    order = [
        section.section_id
        for group in sequence.section_groups
        for _ in range(group.num_times)
        for section in group.sections
    ]
    if order == list(range(len(starts))):
        return sequence
    found = NoteSequence()
    found.CopyFrom(sequence)
    for name in ("notes", *_STATES, "section_annotations", "section_groups"):
        found.ClearField(name)
    time = 0.0
    for number in order:
        _append(found, sequence, starts[number], ends[number], time - starts[number])
        time += ends[number] - starts[number]
    found.total_time = time
    return found


def _append(
    found: NoteSequence, sequence: NoteSequence, begin: float, end: float, shift: float
) -> None:
    """Adds to `found` what begins in a section, later by `shift`, and what is in force there."""
    for note in sequence.notes:
        if begin <= note.start_time + _SAME_SECONDS < end:
            new = found.notes.add()
            new.CopyFrom(note)
            new.start_time, new.end_time = note.start_time + shift, note.end_time + shift
    for name in _STATES:
        events = sorted(getattr(sequence, name), key=lambda event: event.time)
        inside = [event for event in events if begin < event.time + _SAME_SECONDS < end]
        before = [event for event in events if event.time + _SAME_SECONDS <= begin]
        is_new = not inside or inside[0].time > begin + _SAME_SECONDS
        for event in before[-1:] * is_new + inside:
            new = getattr(found, name).add()
            new.CopyFrom(event)
            new.time = max(event.time, begin) + shift


def _sections(marks: Iterable[Mark]) -> tuple[list[_Section], bool]:
    """Returns the sections between marks, and whether any mark meant something."""
    sections, seen, is_open = [_Section(0.0)], False, False
    for mark in marks:
        last = sections[-1]
        is_double = mark.is_double and not is_open
        if not (mark.backward or mark.forward or mark.endings or mark.part):
            if not is_double or not mark.time:
                continue
        seen = True
        if mark.backward and last.start == mark.time and len(sections) > 1:
            last = sections[-2]
        if mark.backward:
            last.num_times, is_open = mark.backward, False
        elif mark.endings and last.endings and last.num_times == 1:
            last.num_times = 2  # a repeat sign that was forgotten
        if mark.time > sections[-1].start:
            sections.append(_Section(mark.time))
        new = sections[-1]
        is_next_ending = mark.endings and len(sections) > 1 and sections[-2].endings
        new.begins = not is_next_ending and (new.begins or not mark.endings)
        new.endings, new.part = mark.endings or new.endings, mark.part or new.part
        is_open |= bool(mark.forward)
    return sections, seen


def _in_order(sections: list[_Section], parts: str) -> list[int]:
    """Returns the numbers of the sections as they are played."""
    firsts = [number for number, section in enumerate(sections) if section.part]
    if not firsts or not parts:
        return _played(sections, 0)
    names = {}
    for first, after in zip(firsts, [*firsts[1:], len(sections)], strict=True):
        names.setdefault(sections[first].part, _played(sections[first:after], first))
    order = [name for name in _spelled_out(parts) if name in names]
    return [number for name in order for number in names[name]] or _played(sections, 0)


def _played(sections: list[_Section], first: int) -> list[int]:
    """Returns the numbers, from `first` on, of sections played with their repeats."""
    order, place, start, times = [], 0, 0, 1
    while place < len(sections) and len(order) < _MAX_PLAYED:
        section = sections[place]
        if section.begins and place != start:
            start, times = place, 1
        if section.endings and times not in section.endings:
            place += 1
            continue
        order.append(first + place)
        num_times = _last_ending(sections, place) or section.num_times
        if section.num_times > 1 and times < num_times:
            times, place = times + 1, start
        else:
            place += 1
    return order


def _last_ending(sections: list[_Section], place: int) -> int:
    """Returns the highest number among the endings around one, or 0."""

    def near(others: Iterable[_Section]) -> list[int]:
        found = itertools.takewhile(lambda section: section.endings, others)
        return [number for section in found for number in section.endings]

    return max(near(sections[place:]) + near(reversed(sections[: place + 1])), default=0)


def _spelled_out(parts: str) -> str:
    """Returns the order of parts a letter each: `A2(BC)2` is AABCBC."""
    parts = re.sub(r"[^A-Za-z0-9()]", "", parts)[:100]
    innermost = re.compile(r"\(([A-Za-z]*)\)(\d*)|([A-Za-z])(\d+)")

    def repeated(found: re.Match) -> str:
        group, times, letter, letter_times = found.groups()
        text, count = (letter, letter_times) if letter else (group, times)
        return (text * min(int(count or 1), 20))[:_MAX_PLAYED]

    previous = ""
    while previous != parts:
        previous, parts = parts, innermost.sub(repeated, parts)[:_MAX_PLAYED]
    return re.sub(r"[^A-Za-z]", "", parts)
