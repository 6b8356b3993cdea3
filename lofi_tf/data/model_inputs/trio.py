"""Trios: three stored tokens a step, each one-hot."""

import tensorflow as tf

from lofi_tf.data.converters.tracks import NO_EVENT, NOTE_OFF
from lofi_tf.data.converters.trio import TrioConverter
from lofi_tf.data.model_inputs.melody import control_rows, transposed_harmony, transposed_tokens
from lofi_tf.data.model_inputs.steps import Arrays, Seed, drawn_shift


def to_model(options: TrioConverter, example: Arrays, training: bool, seed: Seed) -> Arrays:
    """Returns what the model is fed of stored examples.

    In training, `transpose_range` moves melody, bass, chords and keys by one draw an example;
    drums do not move. A note that leaves the range of pitches is left out, as in melodies.
    """
    columns = {name: tf.cast(part, tf.int32) for name, part in example.items()}
    length = columns.pop("length")
    lines = tf.unstack(columns.pop("tokens"), axis=-1)  # three of [..., T]
    shift = drawn_shift(options.transpose_range, tf.shape(length), training, seed)
    if shift is not None:
        shift, depth = shift[..., None], options.track_depths[0]
        lines[:2] = [transposed_line(line, shift, depth) for line in lines[:2]]
        columns = transposed_harmony(columns, shift)
    pairs = zip(lines, options.track_depths, strict=True)
    one_hot = tf.concat([tf.one_hot(line, depth) for line, depth in pairs], -1)
    controls = control_rows(columns)
    return {"inputs": one_hot, "targets": one_hot, **controls, "length": length}


def transposed_line(tokens: tf.Tensor, shift: tf.Tensor, num_events: int) -> tf.Tensor:
    """Returns melody tokens moved up by half steps, as `transposed_tokens`.

    A note-off before all notes is kept: it ends a note that began before the example.
    """
    earlier = tf.math.cumsum(tf.cast(tokens != NO_EVENT, tf.int32), -1, exclusive=True)
    moved = transposed_tokens(tokens, shift, num_events)
    return tf.where((tokens == NOTE_OFF) & (earlier == 0), NOTE_OFF, moved)
