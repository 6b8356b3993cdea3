"""What is rendered to be paired with its sound: notes, chords and phrases of an instrument."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lofi_tf.data.converters.note_events import NoteEvent
from lofi_tf.data.converters.symbols import HIGHEST_PITCH, LOWEST_PITCH
from lofi_tf.music.instruments import Instrument
from lofi_tf.music.sequence_proto import NoteSequence

CHORDS = ((0, 4, 7), (0, 3, 7), (0, 4, 7, 11), (0, 3, 7, 10), (0, 4, 7, 10), (0, 5, 7))
PHRASE_SECONDS = 6.0
_STEP_SECONDS = 0.25
_NOTE_STEPS = (1, 1, 2, 2, 2, 3, 4)  # of which a phrase's notes are drawn
_SCALE = (0, 2, 4, 5, 7, 9, 11)
_REST = 0.15  # chance of a rest after a note


class NoteClip(NamedTuple):
    """Notes, from 0 s on, played in one go; those of a source are kept in one split."""

    notes: tuple[NoteEvent, ...]
    source: str


def note_clips(
    instrument: Instrument, velocities: Sequence[int], seconds: float, pitches: Sequence[int] = ()
) -> list[NoteClip]:
    """Returns every note of an instrument at every velocity; all of a pitch have one source.

    Of its range it plays what symbols reach, and of that the pitches, if any are given.
    """
    low, high = max(instrument.low, LOWEST_PITCH), min(instrument.high, HIGHEST_PITCH)
    chosen = [pitch for pitch in range(low, high + 1) if not pitches or pitch in pitches]
    return [
        NoteClip((NoteEvent(pitch, velocity, 0.0, seconds),), f"{instrument.name}/{pitch}")
        for pitch in chosen
        for velocity in velocities
    ]


def chord_clips(
    instrument: Instrument, velocities: Sequence[int], seconds: float, count: int, seed: int
) -> list[NoteClip]:
    """Returns chords of three and four notes, each of one of the velocities, drawn by the seed."""
    random = np.random.default_rng([seed, instrument.program, 1])
    low, high = max(instrument.low, LOWEST_PITCH), min(instrument.high, HIGHEST_PITCH)
    clips = []
    for _ in range(count):
        kind = CHORDS[random.integers(len(CHORDS))]
        root = int(random.integers(low, max(low + 1, high - kind[-1] + 1)))
        velocity = int(random.choice(velocities))
        notes = tuple(
            NoteEvent(root + step, velocity, 0.0, seconds) for step in kind if root + step <= high
        )
        name = "-".join(str(note.pitch) for note in notes)
        clips.append(NoteClip(notes, f"{instrument.name}/chord-{name}"))
    return clips


def phrase_clips(
    instrument: Instrument, velocities: Sequence[int], count: int, seed: int
) -> list[NoteClip]:
    """Returns melodies of 6 s in a major key, mostly by steps, drawn by the seed."""
    random = np.random.default_rng([seed, instrument.program, 2])
    return [
        NoteClip(
            _phrase(instrument, velocities, random), f"{instrument.name}/phrase-{seed}-{number}"
        )
        for number in range(count)
    ]


def sequence_of(clips: Sequence[NoteClip], program: int, spacing_seconds: float) -> NoteSequence:
    """Returns a sequence that plays clips one after the other, `spacing_seconds` apart."""
    sequence = NoteSequence()
    for number, clip in enumerate(clips):
        begin = number * spacing_seconds
        for note in clip.notes:
            sequence.notes.add(
                pitch=note.pitch,
                velocity=note.velocity,
                start_time=begin + note.start,
                end_time=begin + note.end,
                program=program,
            )
    return sequence


def _phrase(instrument, velocities, random) -> tuple[NoteEvent, ...]:
    key = int(random.integers(12))
    low, high = max(instrument.low, LOWEST_PITCH), min(instrument.high, HIGHEST_PITCH)
    scale = [pitch for pitch in range(low, high + 1) if (pitch - key) % 12 in _SCALE]
    place, step, notes = int(random.integers(len(scale))), 0, []
    while step * _STEP_SECONDS < PHRASE_SECONDS:
        size = int(random.choice(_NOTE_STEPS))
        start = step * _STEP_SECONDS
        end = min(start + size * _STEP_SECONDS, PHRASE_SECONDS)
        notes.append(NoteEvent(scale[place], int(random.choice(velocities)), start, end))
        step += size + int(random.random() < _REST)
        place = int(np.clip(place + random.integers(-3, 4), 0, len(scale) - 1))
    return tuple(notes)
