"""Any song as a lo-fi track: its melody kept, its tempo brought down, and what it lacks added."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lofi_tf.composing.compose import TRACK_TICKS_PER_QUARTER
from lofi_tf.composing.instrument_models import Players
from lofi_tf.composing.plan import PARTS, Plan
from lofi_tf.composing.planning import TONIC_NAMES, PlanOptions, make_plan, moods
from lofi_tf.composing.song_bass import clear_of, song_bass
from lofi_tf.composing.song_chords import SongChord, song_chords
from lofi_tf.composing.song_drums import song_drums
from lofi_tf.composing.song_keys import song_keys
from lofi_tf.composing.song_roles import SongPart, notes_of, song_parts
from lofi_tf.composing.song_sections import song_sections
from lofi_tf.composing.song_time import SongTime, song_time
from lofi_tf.composing.step_notes import Note, swung
from lofi_tf.composing.telling import told
from lofi_tf.errors import LofiError
from lofi_tf.files import write_file
from lofi_tf.music.chord_qualities import chord_figure
from lofi_tf.music.keys import MAJOR, key_of
from lofi_tf.music.midi import midi_bytes
from lofi_tf.music.sequence_proto import NoteSequence
from lofi_tf.music.splits import CHORD_SYMBOL

LEFT_TO_BASS = 48  # pitch below which accompaniment is left to a bass that is added
AHEAD = 0.5  # steps by which what is added may begin before the song
SWUNG = 0.15  # steps: songs whose off-beats are later, on the mean, swing already
_MIXED = (0, 7, 10, 32, 91, 93)  # controls that a mix decides: bank, volume, pan, sends
_MODES = ("major", "minor")


@dataclasses.dataclass(frozen=True)
class Arranged:
    """A song that became a track; `lofi_tf.render` plays it.

    Attributes:
        plan: of its beat, sections, instruments and sound.
        piece: NoteSequence.
        sections: name, start and end in seconds.
        added: names of `PARTS` that the song lacked.
        told: what was done, in two lines at most.
    """

    plan: Plan
    piece: Any
    sections: list[tuple[str, float, float]]
    added: tuple[str, ...]
    told: str

    def write(self, path: str | Path) -> None:
        """Writes the MIDI file, sections and chords in its markers."""
        write_file(path, self.to_bytes())

    def to_bytes(self) -> bytes:
        """Returns the MIDI file that `write` writes."""
        return midi_bytes(self.piece, [(start, name) for name, start, _ in self.sections])


def arrange(
    sequence: Any,
    seed: int,
    wishes: PlanOptions = PlanOptions(),  # noqa: B008
    players: Players | None = None,
) -> Arranged:
    """Returns a song as a lo-fi track; the same song, seed and wishes give the same track.

    Args:
        sequence: a NoteSequence.
        seed: of all that is drawn.
        wishes: mood, qpm, swing and preset of the track; the others mean nothing here.
        players: models that are open already.

    Raises:
        LofiError: a song without notes, or a wish out of its range.
    """
    wishes = PlanOptions(mood=wishes.mood, qpm=wishes.qpm, swing=wishes.swing, preset=wishes.preset)
    first = make_plan(seed, dataclasses.replace(wishes, sections=[("verse", 4)]))
    if not sequence.notes:
        raise LofiError("there is nothing to make a track of: the music has no notes")
    time = song_time(sequence, moods()[first.mood]["qpm"], wishes.qpm)
    parts = song_parts(sequence, time)
    straight = wishes.swing is not None or _is_straight(notes_of(parts, *PARTS))
    tonic, mode = key_of(sequence) or (0, MAJOR)
    plan = dataclasses.replace(
        first,
        qpm=time.qpm,
        key=TONIC_NAMES[_MODES[mode]][tonic],
        swing=first.swing if straight and time.is_straight else 0.5,
        sections=song_sections(time, parts, moods()[first.mood]["energy"], seed),
    )
    song = _Song(plan, sequence, time, parts)
    return song.arranged(players or Players(), straight)


@dataclasses.dataclass(frozen=True)
class _Song:
    """A song, and the plan of what becomes of it."""

    plan: Plan
    sequence: Any
    time: SongTime
    parts: list[SongPart]

    def arranged(self, players: Players, straight: bool) -> Arranged:
        plan, time = self.plan, self.time
        roles = {part.role for part in self.parts}
        pitched = notes_of(self.parts, "melody", "chords", "bass")
        chords, guessed = song_chords(self.sequence, time, pitched)
        new: dict[str, list[Note]] = {}
        kicks: Mapping[str, Sequence[float]] = {}
        if "drums" not in roles and any(bar.played for bar in time.bars):
            new["drums"], kicks = song_drums(plan, players, time)
        if "bass" not in roles and chords:
            new["bass"] = song_bass(plan, players, time, chords, kicks)
        if "chords" not in roles and chords:
            bass = new.get("bass") or notes_of(self.parts, "bass")
            new["chords"] = song_keys(plan, time, chords, bass, pitched)
        if "bass" in new:
            new["bass"] = clear_of(new["bass"], chords, [*pitched, *new.get("chords", ())])
        first = min(note.start for note in pitched) - AHEAD if pitched else 0.0
        for role in set(new) - {"drums"}:
            new[role] = [note for note in new[role] if note.start >= first]
        piece = self._piece(new, chords)
        added = tuple(name for name in PARTS if new.get(name))
        line = told(plan, time, self.parts, added, (chords, guessed), straight)
        return Arranged(plan, piece, self._sections(), added, line)

    def seconds(self, step: float) -> float:
        """Returns when a step is, swing included."""
        return swung(step, self.plan.swing) * 15.0 / self.plan.qpm

    def _piece(self, new: Mapping[str, list[Note]], chords: Sequence[SongChord]) -> Any:
        """Returns the NoteSequence: of each role the song's parts, then what is new."""
        piece = NoteSequence(ticks_per_quarter=TRACK_TICKS_PER_QUARTER)
        piece.tempos.add(qpm=self.plan.qpm)
        self._add_metres(piece)
        tonic, mode = key_of(self.sequence) or (0, MAJOR)
        piece.key_signatures.add(key=tonic, mode=mode)
        rows = []
        for role in PARTS:
            own = [part for part in self.parts if part.role == role]
            for number, part in enumerate(own, 1):
                notes = _upper(part) if "bass" in new else part.notes
                rows.append((role, number, notes, part.key))
            if new.get(role):
                rows.append((role, 1, new[role], None))
        for instrument, (role, number, notes, key) in enumerate(rows):
            name = role if number == 1 else f"{role} {number}"
            piece.instrument_infos.add(instrument=instrument, name=name)
            voice = instrument, self._program(role, number), role == "drums"
            self._add_notes(piece, notes, voice)
            if key is not None:
                self._add_controls(piece, key, voice)
        for chord in chords:
            figure = chord_figure(chord.chord, (tonic, mode))
            piece.text_annotations.add(
                annotation_type=CHORD_SYMBOL, text=figure, time=self.seconds(max(0.0, chord.start))
            )
        last = max(note.end_time for note in piece.notes)
        piece.total_time = max(self.seconds(self.time.steps_of_all), last)
        return piece

    def _program(self, role: str, number: int) -> int:
        """Returns what plays a part: the plan's, of a further melody another of the mood's."""
        program = self.plan.parts[role].program
        if role != "melody" or number == 1:
            return program
        others = [other for other in moods()[self.plan.mood]["melody"] if other != program]
        return others[(number - 2) % len(others)] if others else program

    def _add_notes(self, piece: Any, notes: Sequence[Note], voice: tuple[int, int, bool]) -> None:
        instrument, program, is_drum = voice
        for note in notes:
            start = self.seconds(max(0.0, note.start))
            piece.notes.add(
                pitch=note.pitch, velocity=note.velocity, start_time=start,
                end_time=max(self.seconds(note.end), start + 0.01),
                instrument=instrument, program=program, is_drum=is_drum,
            )  # fmt: skip

    def _add_controls(self, piece: Any, key: tuple, voice: tuple[int, int, bool]) -> None:
        """Adds pedals, bends and what else a part's own expression is."""
        new = dict(zip(("instrument", "program", "is_drum"), voice, strict=True))
        theirs = [c for c in self.sequence.control_changes if _key(c) == key]
        for change in theirs:
            if change.control_number not in _MIXED:
                piece.control_changes.add(
                    time=self._moved(change.time), control_number=change.control_number,
                    control_value=change.control_value, **new,
                )  # fmt: skip
        for bend in self.sequence.pitch_bends:
            if _key(bend) == key:
                piece.pitch_bends.add(time=self._moved(bend.time), bend=bend.bend, **new)

    def _moved(self, seconds: float) -> float:
        return self.seconds(max(0.0, self.time.steps(seconds)))

    def _add_metres(self, piece: Any) -> None:
        before = None
        for bar in self.time.bars:
            if (bar.numerator, bar.denominator) != before:
                before = bar.numerator, bar.denominator
                piece.time_signatures.add(
                    time=self.seconds(bar.start), numerator=before[0], denominator=before[1]
                )

    def _sections(self) -> list[tuple[str, float, float]]:
        found, bar = [], 0
        for section in self.plan.sections:
            bars = self.time.bars[bar : bar + section.bars]
            bar += section.bars
            span = self.seconds(bars[0].start), self.seconds(bars[-1].end)
            found.append((section.name, *span))
        return found


def _key(event: Any) -> tuple[int, int, bool]:
    return event.instrument, event.program, event.is_drum


def _is_straight(notes: Sequence[Note]) -> bool:
    """Says whether neither the eighths nor the sixteenths of a song are late already."""
    places = np.array([note.start for note in notes])
    eighths, sixteenths = places % 4 - 2, places % 2 - 1
    late = (eighths[(eighths > -0.5) & (eighths < 0.9)], sixteenths[np.abs(sixteenths) < 0.5])
    return all(not len(each) or each.mean() < SWUNG for each in late)


def _upper(part: SongPart) -> tuple[Note, ...]:
    """Returns the notes of an accompaniment without those that a bass plays in its place.

    Nothing of a melody is left out, nor what is the highest that begins at its time.
    """
    if part.role != "chords":
        return part.notes
    tops: dict[int, int] = {}
    for note in part.notes:
        at = round(2 * note.start)
        tops[at] = max(tops.get(at, 0), note.pitch)
    return tuple(
        note
        for note in part.notes
        if note.pitch >= LEFT_TO_BASS or note.pitch == tops[round(2 * note.start)]
    )
