"""Performances: the stored events of each segment as one-hot rows."""

import tensorflow as tf

from lofi_tf.data.converters.performance import MultiPerformanceConverter
from lofi_tf.data.converters.performance_events import Vocabulary
from lofi_tf.data.model_inputs.melody import transposed_triads
from lofi_tf.data.model_inputs.steps import Arrays, Seed, drawn_shift
from lofi_tf.music.chords import NUM_TRIADS


def to_model(
    options: MultiPerformanceConverter, example: Arrays, training: bool, seed: Seed
) -> Arrays:
    """Returns what the model is fed of stored examples.

    In training, `transpose_range` moves pitches and chords by one draw an example; drums do not
    move. The draw stops where a note would leave the range of pitches. (Magenta leaves such notes
    out before it converts; only notes at the very ends of the range differ.)
    """
    columns = {name: tf.cast(part, tf.int32) for name, part in example.items()}
    events, length = columns["events"], columns["length"]
    inside = tf.range(options.max_events_per_instrument) < length[..., None]
    shift = drawn_shift(options.transpose_range, tf.shape(length)[:-1], training, seed)
    if shift is not None:
        shift = allowed_shift(events, inside, shift, options.vocabulary)[..., None, None]
        events = transposed_events(events, shift, options.vocabulary)
        if "chords" in columns:
            columns["chords"] = transposed_triads(columns["chords"], shift)
    one_hot = _rows(options, events, inside, options.depth)
    inputs = {"inputs": one_hot, "targets": one_hot, "length": length}
    if options.control_depth:
        inputs["controls"] = _rows(options, columns["chords"], inside, NUM_TRIADS)
    return inputs


def transposed_events(events: tf.Tensor, shift: tf.Tensor, vocabulary: Vocabulary) -> tf.Tensor:
    """Returns events [..., segments, E] moved by half steps [..., 1, 1]; segments of drums stay."""
    moves = _melodic(events, vocabulary) & (events < vocabulary.first_shift)
    return tf.where(moves, events + shift, events)


def allowed_shift(
    events: tf.Tensor, inside: tf.Tensor, shift: tf.Tensor, vocabulary: Vocabulary
) -> tf.Tensor:
    """Returns the shift nearest to the given one with which all notes stay in range, int32 [...].

    Of the events [..., segments, E] those count that are `inside` their segment's length.
    """
    num_pitches = vocabulary.num_pitches
    sounds = _melodic(events, vocabulary) & (events < num_pitches) & inside
    highest = tf.reduce_max(tf.where(sounds, events, 0), [-2, -1])
    lowest = tf.reduce_min(tf.where(sounds, events, num_pitches - 1), [-2, -1])
    return tf.clip_by_value(shift, -lowest, num_pitches - 1 - highest)


def _melodic(events: tf.Tensor, vocabulary: Vocabulary) -> tf.Tensor:
    """Returns which segments are no drums', bool [..., segments, 1]."""
    return events[..., :1] != vocabulary.drum_program


def _rows(
    options: MultiPerformanceConverter, numbers: tf.Tensor, inside: tf.Tensor, depth: int
) -> tf.Tensor:
    """Returns one-hot rows, zero past each segment's length, float32 [..., C * I * E, depth]."""
    rows = tf.one_hot(tf.where(inside, numbers, -1), depth)
    steps = options.num_segments * options.max_events_per_instrument
    return tf.reshape(rows, tf.concat([tf.shape(numbers)[:-2], [steps, depth]], 0))
