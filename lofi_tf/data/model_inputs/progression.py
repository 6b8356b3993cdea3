"""The progression converter's TensorFlow half: from stored tokens to what the model eats."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import tensorflow as tf

from lofi_tf.data.converters.progression_tracks import FIRST_CHORD
from lofi_tf.music.chord_qualities import NUM_QUALITIES

if TYPE_CHECKING:
    from lofi_tf.data.converters.progression import ProgressionConverter

Spec = Mapping[str, tf.TensorSpec]


def example_spec(options: "ProgressionConverter") -> Spec:
    """Returns what is stored of an example."""
    tokens = tf.TensorSpec([options.slice_steps], tf.uint16)
    return {"tokens": tokens, "length": tf.TensorSpec([], tf.int32)}


def model_spec(options: "ProgressionConverter") -> Spec:
    """Returns what the model eats of an example."""
    steps = tf.TensorSpec([options.slice_steps, options.depth], tf.float32)
    return {"inputs": steps, "targets": steps, "length": tf.TensorSpec([], tf.int32)}


def to_model(
    options: "ProgressionConverter",
    example: Mapping[str, tf.Tensor],
    training: bool,
    seed: tf.Tensor | None,
) -> dict[str, tf.Tensor]:
    """Returns the model's view of stored examples; see `ProgressionConverter.to_model`."""
    tokens, length = tf.cast(example["tokens"], tf.int32), tf.convert_to_tensor(example["length"])
    if training and options.transpose_range is not None:
        low, high = options.transpose_range
        shift = tf.random.stateless_uniform(tf.shape(length), seed, low, high + 1, tf.int32)
        tokens = transposed_chords(tokens, shift[..., None])
    steps = tf.range(tf.shape(tokens)[-1])
    inside = tf.cast(steps < length[..., None], tf.float32)[..., None]  # [..., T, 1]
    one_hot = tf.one_hot(tokens, options.depth) * inside
    shape = length.shape.concatenate(model_spec(options)["inputs"].shape)
    one_hot = tf.ensure_shape(one_hot, shape)
    return {"inputs": one_hot, "targets": one_hot, "length": length}


def transposed_chords(tokens: tf.Tensor, shift: tf.Tensor) -> tf.Tensor:
    """Returns tokens, int32 [..., T], whose roots are moved by half steps, int32 [..., 1]."""
    root, quality = (tokens - FIRST_CHORD) // NUM_QUALITIES, (tokens - FIRST_CHORD) % NUM_QUALITIES
    moved = FIRST_CHORD + tf.math.floormod(root + shift, 12) * NUM_QUALITIES + quality
    return tf.where(tokens >= FIRST_CHORD, moved, tokens)
