"""Pieces of music for the tests of converters and pipelines, and what converters make of them."""

import numpy as np
import tensorflow as tf

from lofi_tf.data.model_inputs.view import to_model
from lofi_tf.music.chords import figure_of, triad_of
from lofi_tf.music.sequence_proto import NoteSequence

SIXTEENTH = 0.125  # seconds at 120 qpm
STEP_24 = 1 / 48  # seconds: a 24th of a quarter at 120 qpm
MELODY, BASS, DRUMS = (0, 0, False), (1, 33, False), (9, 0, True)  # instrument, program, drums


def completed(sequence, step=1.0, chords=(), keys=(), tempos=(), metres=()):
    """Returns a NoteSequence with what else it is given, and its length.

    Chords are (text, step), keys (key, step), tempos (qpm, seconds), metres
    (numerator, denominator, seconds).
    """
    for text, at in chords:
        sequence.text_annotations.add(text=text, time=at * step, annotation_type=1)
    for key, at in keys:
        sequence.key_signatures.add(key=key, time=at * step)
    for qpm, time in tempos:
        sequence.tempos.add(qpm=qpm, time=time)
    for numerator, denominator, time in metres:
        sequence.time_signatures.add(numerator=numerator, denominator=denominator, time=time)
    sequence.total_time = max((note.end_time for note in sequence.notes), default=0)
    return sequence


def melody_piece(*notes, **others):
    """Returns a NoteSequence of (pitch, first step, step after the last) notes, in sixteenths."""
    sequence = NoteSequence()
    for pitch, start, end in notes:
        sequence.notes.add(
            pitch=pitch, velocity=80, start_time=start * SIXTEENTH, end_time=end * SIXTEENTH
        )
    return completed(sequence, SIXTEENTH, **others)


def trio_piece(*notes, **others):
    """Returns a NoteSequence of (part, pitch, first step, step after the last) notes."""
    sequence = NoteSequence()
    for (instrument, program, is_drum), pitch, start, end in notes:
        sequence.notes.add(
            pitch=pitch,
            velocity=80,
            start_time=start * SIXTEENTH,
            end_time=end * SIXTEENTH,
            instrument=instrument,
            program=program,
            is_drum=is_drum,
        )
    return completed(sequence, SIXTEENTH, **others)


def beat(num_bars, *parts, first_bar=0):
    """Returns notes of a quarter for `trio_piece`, two of each part in each bar."""
    bars = range(first_bar, first_bar + num_bars)
    return [(part, 40 + bar, 16 * bar + s, 16 * bar + s + 4) for bar in bars for part in parts
            for s in (0, 8)]  # fmt: skip


def ensemble_piece(*notes, pedals=(), **others):
    """Returns a NoteSequence of (instrument, pitch, first step, step after the last) notes.

    Steps are 24ths of a quarter. Instrument 9 is drums; the others' program is ten times their
    number. Pedals are (instrument, value, step).
    """
    sequence = NoteSequence()
    for instrument, pitch, start, end in notes:
        drums = instrument == 9
        sequence.notes.add(
            pitch=pitch,
            velocity=80,
            start_time=start * STEP_24,
            end_time=end * STEP_24,
            instrument=instrument,
            program=0 if drums else 10 * instrument,
            is_drum=drums,
        )
    for instrument, value, at in pedals:
        sequence.control_changes.add(
            control_number=64, control_value=value, time=at * STEP_24, instrument=instrument
        )
    return completed(sequence, STEP_24, **others)


def drum_piece(*notes, is_drum=True, **others):
    """Returns a NoteSequence of (pitch, velocity, seconds) notes; its length is not known."""
    sequence = NoteSequence()
    for pitch, velocity, start in notes:
        sequence.notes.add(
            pitch=pitch, velocity=velocity, start_time=start, end_time=start + 0.1, is_drum=is_drum
        )
    sequence = completed(sequence, **others)
    sequence.ClearField("total_time")
    return sequence


def named_piece(*notes, tempos=((0, 120),), name="piece"):
    """Returns a NoteSequence of (pitch, start, end) or (pitch, start, end, velocity), in seconds.

    Tempos are (seconds, qpm).
    """
    sequence = NoteSequence(filename=name, id=name)
    for pitch, start, end, *velocity in notes:
        sequence.notes.add(
            pitch=pitch, start_time=start, end_time=end, velocity=(velocity or [80])[0]
        )
    return completed(sequence, tempos=[(qpm, time) for time, qpm in tempos])


def scale(seconds, first=60):
    """Returns notes for `named_piece`, one each half second."""
    return [(first + step % 12, step / 2, step / 2 + 0.5) for step in range(2 * seconds)]


def moved_piece(sequence, shift):
    """Returns a piece transposed before it is converted."""
    moved = NoteSequence.FromString(sequence.SerializeToString())
    for note in moved.notes:
        note.pitch += 0 if note.is_drum else shift
    for key in moved.key_signatures:
        key.key = (key.key + shift) % 12
    for chord in moved.text_annotations:
        triad = triad_of(chord.text)
        if triad:
            quality, root = divmod(triad - 1, 12)
            chord.text = figure_of(1 + 12 * quality + (root + shift) % 12)
    return moved


def batch_of(converter, sequence):
    """Returns the examples of a piece, [N, ...] each."""
    examples = list(converter.to_examples(sequence))
    return {name: np.stack([e[name] for e in examples]) for name in examples[0]}


def views(converter, sequence, training=False, seed=0):
    """Yields the model's view of each example of a piece."""
    for example in converter.to_examples(sequence):
        view = to_model(converter, example, training, tf.constant([seed, 1]))
        yield {name: part.numpy() for name, part in view.items()}


def tokens_of(converter, sequence):
    """Returns the tokens of each example of a piece, by parts where there are several."""
    return [example["tokens"].T.tolist() for example in converter.to_examples(sequence)]


def events_of(converter, sequence):
    """Returns the tokens of every segment that is there, of every example."""
    return [
        [row[:length].tolist() for row, length in zip(e["events"], e["length"], strict=True)]
        for e in converter.to_examples(sequence)
    ]


DUO = ensemble_piece(
    (0, 60, 0, 24), (0, 64, 24, 48), (9, 36, 0, 12), (9, 38, 48, 60), (0, 62, 48, 90)
)
