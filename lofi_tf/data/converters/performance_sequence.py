"""Decoded performance segments as a NoteSequence."""

from typing import Any

import numpy as np

from lofi_tf.data.converters.excerpt_codes import before_end
from lofi_tf.data.converters.performance_events import (
    DRUM_PROGRAM,
    Vocabulary,
    decode,
    event_steps,
    limited,
)
from lofi_tf.data.converters.tracks import empty_sequence
from lofi_tf.music.chords import figure_of
from lofi_tf.music.quantize import Grid
from lofi_tf.music.splits import CHORD_SYMBOL


def sequence_of_segments(
    tokens: np.ndarray,
    chords: np.ndarray | None,
    vocabulary: Vocabulary,
    chunk_steps: int,
    grid: Grid,
) -> Any:
    """Returns the NoteSequence of decoded segments: tokens and any triads, int64 [C, I, E].

    An instrument's chunks follow each other; its program is that of the first.
    """
    sequence = empty_sequence(grid.qpm)
    seconds = 60.0 / (grid.steps_per_quarter * grid.qpm)
    timed = []
    for instrument in range(tokens.shape[1]):
        programs, events = [], []
        for chunk, segment in enumerate(tokens[:, instrument]):
            segment = before_end(segment, vocabulary.end_token)
            is_event = segment < vocabulary.first_program
            programs.append([*(segment[~is_event] - vocabulary.first_program).tolist(), 0][0])
            if chords is not None:
                figures = chords[chunk, instrument, : len(segment)][is_event]
                timed += _timed(
                    segment[is_event], figures, vocabulary, chunk * chunk_steps, chunk_steps
                )
            events += limited(segment[is_event].tolist(), chunk_steps, vocabulary)
        program, is_drum = programs[0], programs[0] == DRUM_PROGRAM
        for note in decode(events, vocabulary):
            sequence.notes.add(
                pitch=note.pitch,
                velocity=note.velocity,
                start_time=note.start * seconds,
                end_time=note.end * seconds,
                instrument=instrument,
                program=0 if is_drum else program,
                is_drum=is_drum,
            )
    sequence.total_time = max((note.end_time for note in sequence.notes), default=0.0)
    _add_chords(sequence, timed, seconds)
    return sequence


def _timed(
    events: np.ndarray, triads: np.ndarray, vocabulary: Vocabulary, begin: int, num_steps: int
) -> list[tuple[int, str]]:
    """Returns the step and the chord symbol of each event within the chunk."""
    steps = event_steps(events, vocabulary)
    inside = steps < num_steps
    figures = [figure_of(triad) for triad in triads[inside].tolist()]
    return list(zip((begin + steps[inside]).tolist(), figures, strict=True))


def _add_chords(sequence: Any, timed: list[tuple[int, str]], seconds: float) -> None:
    """Writes chord symbols [(step, figure)] where they change."""
    before = None
    for step, figure in sorted(timed):
        if figure != before:
            sequence.text_annotations.add(
                annotation_type=CHORD_SYMBOL, time=step * seconds, text=figure
            )
        before = figure
