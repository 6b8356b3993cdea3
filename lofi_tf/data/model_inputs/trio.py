"""The trio converter's TensorFlow half: from stored tokens to what the model eats."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import tensorflow as tf

from lofi_tf.data.converters.tracks import NO_EVENT, NOTE_OFF
from lofi_tf.data.model_inputs.melody import NUM_KEYS, transposed_tokens, transposed_triads
from lofi_tf.music.chords import NUM_TRIADS

if TYPE_CHECKING:
    from lofi_tf.data.converters.trio import TrioConverter

Spec = Mapping[str, tf.TensorSpec]


def example_spec(options: "TrioConverter") -> Spec:
    """Returns what is stored of an example."""
    spec = {"tokens": tf.TensorSpec([options.slice_steps, 3], tf.int16)}
    for name, there in (("chords", options.chord_encoding), ("keys", options.condition_on_key)):
        if there:
            spec[name] = tf.TensorSpec([options.slice_steps], tf.uint8)
    return spec | {"length": tf.TensorSpec([], tf.int32)}


def model_spec(options: "TrioConverter") -> Spec:
    """Returns what the model eats of an example."""
    depth = sum(options.depths)
    depths = {"inputs": depth, "targets": depth}
    if options.control_depth:
        depths["controls"] = options.control_depth
    spec = {n: tf.TensorSpec([options.slice_steps, d], tf.float32) for n, d in depths.items()}
    return spec | {"length": tf.TensorSpec([], tf.int32)}


def to_model(
    options: "TrioConverter",
    example: Mapping[str, tf.Tensor],
    training: bool,
    seed: tf.Tensor | None,
) -> dict[str, tf.Tensor]:
    """Returns the model's view of stored examples; see `TrioConverter.to_model`."""
    columns = {name: tf.cast(part, tf.int32) for name, part in example.items()}
    length = columns.pop("length")
    lines = tf.unstack(columns.pop("tokens"), axis=-1)  # three of [..., T]
    if training and options.transpose_range is not None:
        low, high = options.transpose_range
        shift = tf.random.stateless_uniform(tf.shape(length), seed, low, high + 1, tf.int32)
        shift = shift[..., None]
        lines[:2] = [transposed_line(line, shift, options.depths[0]) for line in lines[:2]]
        if "chords" in columns:
            columns["chords"] = transposed_triads(columns["chords"], shift)
        if "keys" in columns:
            columns["keys"] = tf.math.floormod(columns["keys"] + shift, NUM_KEYS)
    pairs = zip(lines, options.depths, strict=True)
    one_hot = tf.concat([tf.one_hot(line, depth) for line, depth in pairs], -1)
    found = {"inputs": one_hot, "targets": one_hot, "length": length}
    depths = {"chords": NUM_TRIADS, "keys": NUM_KEYS}
    controls = [tf.one_hot(columns[n], depth) for n, depth in depths.items() if n in columns]
    if controls:
        found["controls"] = tf.concat(controls, -1)
    lead, spec = length.shape, model_spec(options)
    return {
        name: tf.ensure_shape(part, lead.concatenate(spec[name].shape))
        for name, part in found.items()
    }


def transposed_line(tokens: tf.Tensor, shift: tf.Tensor, num_events: int) -> tf.Tensor:
    """Returns melody tokens moved by half steps, as `transposed_tokens`.

    A note-off before all notes is kept: it ends a note that began before the example.

    Args:
        tokens: int32 [..., T].
        shift: half steps up, int32 [..., 1].
        num_events: tokens that are no end token.
    """
    earlier = tf.math.cumsum(tf.cast(tokens != NO_EVENT, tf.int32), -1, exclusive=True)
    moved = transposed_tokens(tokens, shift, num_events)
    return tf.where((tokens == NOTE_OFF) & (earlier == 0), NOTE_OFF, moved)
