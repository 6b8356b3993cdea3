"""A plan played: four parts as one piece in its key, its swing and its sections."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lofi_tf.composing import voicing
from lofi_tf.composing.bass import bass_notes
from lofi_tf.composing.beats import Kit, drum_kit, drum_notes, kicks_of
from lofi_tf.composing.blocks import blocks_of
from lofi_tf.composing.chords import transposed
from lofi_tf.composing.colours import tonic_chord
from lofi_tf.composing.comping import chord_notes
from lofi_tf.composing.harmony import Harmony, block_chords, harmony_of
from lofi_tf.composing.instrument_models import Players
from lofi_tf.composing.melody import melody_notes
from lofi_tf.composing.model_checks import check_models
from lofi_tf.composing.plan import PARTS, Plan, parse_key
from lofi_tf.composing.step_notes import END_BARS, Note, swung
from lofi_tf.data.converters.progression_tracks import ChordEvent
from lofi_tf.files import write_file
from lofi_tf.generation.scoring import merged
from lofi_tf.music.chord_qualities import NUM_QUALITIES, chord_figure
from lofi_tf.music.midi import midi_bytes
from lofi_tf.music.quantize import STEPS_PER_BAR
from lofi_tf.music.sequence_proto import NoteSequence
from lofi_tf.music.splits import CHORD_SYMBOL
from lofi_tf.rendering.settings import EVERY_PART, load_preset

TRACK_TICKS_PER_QUARTER = 480
LOWEST = {"bass": 28, "chords": 40, "melody": 58}  # pitches; what a key moves below goes up again
OnPart = Callable[[str], None]


@dataclasses.dataclass(frozen=True)
class Track:
    """A composed track.

    Attributes:
        plan: that it was made by.
        notes: of each part, in steps before swing, in C major or A minor.
        chords: at which step of the track which chord begins, in C major or A minor.
        piece: NoteSequence, in its key and tempo.
        sections: name, start and end in seconds.
    """

    plan: Plan
    notes: dict[str, list[Note]]
    chords: list[ChordEvent]
    piece: Any
    sections: list[tuple[str, float, float]]

    def write(self, path: str | Path) -> None:
        """Writes the MIDI file, sections and chords in its markers."""
        write_file(path, self.to_bytes())

    def to_bytes(self) -> bytes:
        """Returns the MIDI file that `write` writes."""
        return midi_bytes(self.piece, [(start, name) for name, start, _ in self.sections])


def compose(
    plan: Plan, players: Players | None = None, on_part: OnPart = lambda part: None
) -> Track:
    """Returns the track of a plan; the same plan gives the same track.

    Args:
        plan: what is to be played.
        players: models that are open already.
        on_part: told each part as it begins.

    Raises:
        LofiError: a model that the plan names is not there, or makes other music.
    """
    check_models(plan)
    studio = _Studio(plan, players or Players())
    notes = {}
    for name in ("drums", "chords", "bass", "melody"):
        on_part(name)
        notes[name] = studio.notes(name)
    chords = _chords_of(plan, studio.harmony(plan.parts["chords"].seed))
    _end(plan, notes, chords)
    return Track(plan, notes, chords, _piece(plan, notes, chords), _sections(plan))


def levels_of(plan: Plan) -> dict[str, float]:
    """Returns the levels of a track's parts in dB: its preset's, and its own above them."""
    levels = dict(load_preset(plan.preset).gain_db)
    for name, part in plan.parts.items():
        levels[name] = levels.get(name, levels.get(EVERY_PART, 0.0)) + part.gain_db
    return levels


class _Studio:
    """Plays parts, each chord progression and groove once."""

    def __init__(self, plan: Plan, players: Players):
        self.plan, self.players = plan, players
        self._harmonies, self._kits = {}, {}

    def harmony(self, seed: int) -> Harmony:
        """Returns the chords of the themes that a seed gives."""
        if seed not in self._harmonies:
            part = self.plan.parts["chords"]
            self._harmonies[seed] = harmony_of(self.plan, self.players, part, seed)
        return self._harmonies[seed]

    def kit(self, seed: int) -> Kit:
        """Returns the drums that a seed gives."""
        if seed not in self._kits:
            part = self.plan.parts["drums"]
            self._kits[seed] = drum_kit(self.plan, self.players, part, seed)
        return self._kits[seed]

    def notes(self, name: str) -> list[Note]:
        """Returns the notes of a part."""
        plan, part = self.plan, self.plan.parts[name]
        if not any(name in section.parts for section in plan.sections):
            return []
        if name == "drums":
            return drum_notes(plan, self.players, part, self.kit(part.seed), part.seed)
        if name == "chords":
            return chord_notes(plan, part.seed, self.harmony(part.seed))
        over = self.harmony(part.over["chords"])
        if name == "melody":
            return melody_notes(plan, self.players, part, over)
        kicks = {}
        if any("drums" in section.parts for section in plan.sections):
            kicks = kicks_of(self.kit(part.over["drums"]).loops)
        return bass_notes(plan, self.players, part, over, kicks)


def _chords_of(plan: Plan, themes: Harmony) -> list[ChordEvent]:
    """Returns where other chords begin in the track, the last one its tonic."""
    found: list[ChordEvent] = []
    for block in blocks_of(plan):
        first = block.start_bar * STEPS_PER_BAR
        for strike in merged(block_chords(plan, themes, block), block.steps):
            chord = transposed(strike.chord, block.section.shift)
            found.append(ChordEvent(first + strike.start, first + strike.end, chord))
    last = plan.num_bars * STEPS_PER_BAR
    end = last + END_BARS * STEPS_PER_BAR
    return [*found, ChordEvent(last, end, tonic_chord(plan.mode))]


def _end(plan: Plan, notes: dict[str, list[Note]], chords: Sequence[ChordEvent]) -> None:
    """Adds the last chord, which rings on, to the parts that play in the last section."""
    last, playing = chords[-1], plan.sections[-1].parts
    if "chords" in playing:
        pitches = voicing.next_voices(last.chord, None)
        if "bass" not in playing:
            pitches = (voicing.root_below(last.chord, pitches), *pitches)
        notes["chords"] += [
            Note(last.start + 0.4 * number, last.end, pitch, 52)
            for number, pitch in enumerate(pitches)
        ]
    if "bass" in playing:
        root = 24 + last.chord // NUM_QUALITIES
        pitch = root if root >= LOWEST["bass"] else root + 12
        notes["bass"].append(Note(last.start, last.end, pitch, 70))


def _piece(plan: Plan, notes: dict[str, list[Note]], chords: Sequence[ChordEvent]) -> Any:
    """Returns the NoteSequence of notes in steps."""
    piece = NoteSequence(ticks_per_quarter=TRACK_TICKS_PER_QUARTER)
    piece.tempos.add(qpm=plan.qpm)
    piece.time_signatures.add(numerator=4, denominator=4)
    tonic, name = parse_key(plan.key)
    mode = NoteSequence.KeySignature.Mode.Value(name.upper())
    piece.key_signatures.add(key=tonic, mode=mode)
    for instrument, name in enumerate(PARTS):
        piece.instrument_infos.add(instrument=instrument, name=name)
        is_drum, program = name == "drums", plan.parts[name].program
        for note in sorted(notes[name]):
            pitch = note.pitch if is_drum else _in_key(note.pitch, plan.shift, LOWEST[name])
            start, end = (_seconds(plan, step) for step in (max(0.0, note.start), note.end))
            piece.notes.add(
                pitch=pitch, velocity=note.velocity, start_time=start, end_time=end,
                instrument=instrument, program=program, is_drum=is_drum,
            )  # fmt: skip
    for strike in chords:
        figure = chord_figure(transposed(strike.chord, plan.shift), (tonic, mode))
        piece.text_annotations.add(
            annotation_type=CHORD_SYMBOL, text=figure, time=_seconds(plan, strike.start)
        )
    last = max((note.end_time for note in piece.notes), default=0.0)
    piece.total_time = max(_seconds(plan, (plan.num_bars + END_BARS) * STEPS_PER_BAR), last)
    return piece


def _sections(plan: Plan) -> list[tuple[str, float, float]]:
    found, bar = [], 0
    for section in plan.sections:
        start, bar = bar, bar + section.bars
        found.append((section.name, *(_seconds(plan, b * STEPS_PER_BAR) for b in (start, bar))))
    name, start, _ = found[-1]
    end = _seconds(plan, (bar + END_BARS) * STEPS_PER_BAR)
    return [*found[:-1], (name, start, end)]


def _seconds(plan: Plan, step: float) -> float:
    return swung(step, plan.swing) * 15.0 / plan.qpm


def _in_key(pitch: int, shift: int, lowest: int) -> int:
    moved = pitch + shift
    return moved if moved >= lowest else moved + 12
