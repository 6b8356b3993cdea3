"""The performance converter's TensorFlow half: from stored events to what the model eats."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import tensorflow as tf

from lofi_tf.data.converters.performance_events import Vocabulary
from lofi_tf.data.model_inputs.melody import transposed_triads
from lofi_tf.music.chords import NUM_TRIADS

if TYPE_CHECKING:
    from lofi_tf.data.converters.performance import MultiPerformanceConverter

Spec = Mapping[str, tf.TensorSpec]


def example_spec(options: "MultiPerformanceConverter") -> Spec:
    """Returns what is stored of an example."""
    shape = [options.num_segments, options.max_events_per_instrument]
    spec = {"events": tf.TensorSpec(shape, tf.int16)}
    if options.chord_encoding:
        spec["chords"] = tf.TensorSpec(shape, tf.int8)
    return spec | {"length": tf.TensorSpec(shape[:1], tf.int32)}


def model_spec(options: "MultiPerformanceConverter") -> Spec:
    """Returns what the model eats of an example."""
    steps = options.num_segments * options.max_events_per_instrument
    depths = {"inputs": options.depth, "targets": options.depth}
    if options.control_depth:
        depths["controls"] = options.control_depth
    spec = {name: tf.TensorSpec([steps, depth], tf.float32) for name, depth in depths.items()}
    return spec | {"length": tf.TensorSpec([options.num_segments], tf.int32)}


def to_model(
    options: "MultiPerformanceConverter",
    example: Mapping[str, tf.Tensor],
    training: bool,
    seed: tf.Tensor | None,
) -> dict[str, tf.Tensor]:
    """Returns the model's view of stored examples; see `MultiPerformanceConverter.to_model`."""
    columns = {name: tf.cast(part, tf.int32) for name, part in example.items()}
    events, length = columns["events"], columns["length"]
    inside = tf.range(options.max_events_per_instrument) < length[..., None]
    if training and options.transpose_range is not None:
        low, high = options.transpose_range
        lead = tf.shape(length)[:-1]
        shift = tf.random.stateless_uniform(lead, seed, low, high + 1, tf.int32)
        shift = allowed_shift(events, inside, shift, options.vocabulary)[..., None, None]
        events = transposed_events(events, shift, options.vocabulary)
        if "chords" in columns:
            columns["chords"] = transposed_triads(columns["chords"], shift)
    one_hot = _rows(options, events, inside, options.depth)
    found = {"inputs": one_hot, "targets": one_hot, "length": length}
    if options.control_depth:
        found["controls"] = _rows(options, columns["chords"], inside, NUM_TRIADS)
    lead, spec = length.shape[:-1], model_spec(options)
    return {
        name: tf.ensure_shape(part, lead.concatenate(spec[name].shape))
        for name, part in found.items()
    }


def transposed_events(events: tf.Tensor, shift: tf.Tensor, vocabulary: Vocabulary) -> tf.Tensor:
    """Returns events moved by half steps; the segments of drums stay.

    Args:
        events: int32 [..., segments, E].
        shift: half steps up, int32 [..., 1, 1]; no note leaves the range of pitches.
        vocabulary: the numbers of the events.
    """
    moves = _melodic(events, vocabulary) & (events < vocabulary.first_shift)
    return tf.where(moves, events + shift, events)


def allowed_shift(
    events: tf.Tensor, inside: tf.Tensor, shift: tf.Tensor, vocabulary: Vocabulary
) -> tf.Tensor:
    """Returns the shift nearest to the given one with which all notes stay in range, int32 [...].

    Args:
        events: int32 [..., segments, E].
        inside: which of them are within their segment's length, bool.
        shift: half steps up, int32 [...].
        vocabulary: the numbers of the events.
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
    options: "MultiPerformanceConverter", numbers: tf.Tensor, inside: tf.Tensor, depth: int
) -> tf.Tensor:
    """Returns one-hot rows, zero past each segment's length, float32 [..., C * I * E, depth]."""
    rows = tf.one_hot(tf.where(inside, numbers, -1), depth)
    steps = options.num_segments * options.max_events_per_instrument
    return tf.reshape(rows, tf.concat([tf.shape(numbers)[:-2], [steps, depth]], 0))
