"""Chord progressions: stored tokens as one-hot steps."""

import tensorflow as tf

from lofi_tf.data.converters.progression import ProgressionConverter
from lofi_tf.data.converters.progression_tracks import FIRST_CHORD
from lofi_tf.data.model_inputs.steps import Arrays, Seed, drawn_shift, inside
from lofi_tf.music.chord_qualities import NUM_QUALITIES


def to_model(options: ProgressionConverter, example: Arrays, training: bool, seed: Seed) -> Arrays:
    """Returns what the model is fed of stored examples; `transpose_range` moves the roots."""
    tokens, length = tf.cast(example["tokens"], tf.int32), tf.convert_to_tensor(example["length"])
    shift = drawn_shift(options.transpose_range, tf.shape(length), training, seed)
    if shift is not None:
        tokens = transposed_chords(tokens, shift[..., None])
    one_hot = tf.one_hot(tokens, options.depth) * inside(length, tf.shape(tokens)[-1])
    return {"inputs": one_hot, "targets": one_hot, "length": length}


def transposed_chords(tokens: tf.Tensor, shift: tf.Tensor) -> tf.Tensor:
    """Returns tokens, int32 [..., T], whose roots are moved by half steps, int32 [..., 1]."""
    root, quality = (tokens - FIRST_CHORD) // NUM_QUALITIES, (tokens - FIRST_CHORD) % NUM_QUALITIES
    moved = FIRST_CHORD + tf.math.floormod(root + shift, 12) * NUM_QUALITIES + quality
    return tf.where(tokens >= FIRST_CHORD, moved, tokens)
