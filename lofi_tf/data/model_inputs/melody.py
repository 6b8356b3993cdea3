"""Melodies: stored tokens, chords and keys as one-hot steps."""

import tensorflow as tf

from lofi_tf.data.converters.grid import NUM_KEYS
from lofi_tf.data.converters.melody import MelodyConverter
from lofi_tf.data.converters.tracks import FIRST_PITCH, NO_EVENT, NOTE_OFF
from lofi_tf.data.model_inputs.steps import Arrays, Seed, drawn_shift, inside
from lofi_tf.music.chords import NUM_TRIADS


def to_model(options: MelodyConverter, example: Arrays, training: bool, seed: Seed) -> Arrays:
    """Returns what the model is fed of stored examples.

    In training, `transpose_range` moves pitches, chords and keys by one draw an example. A note
    that leaves the range of pitches is left out, as if it had not been played: the note before it
    ends where it would have begun. Magenta transposes the piece before it looks for melodies;
    there a note left out may also let a lower one through, or split the line.
    """
    columns = {name: tf.cast(part, tf.int32) for name, part in example.items()}
    length = columns.pop("length")
    shift = drawn_shift(options.transpose_range, tf.shape(length), training, seed)
    if shift is not None:
        columns = transposed(columns, shift, options.num_events)
    counts = inside(length, tf.shape(columns["tokens"])[-1])
    one_hot = tf.one_hot(columns["tokens"], options.depth) * counts
    controls = {name: rows * counts for name, rows in control_rows(columns).items()}
    return {"inputs": one_hot, "targets": one_hot, **controls, "length": length}


def control_rows(columns: Arrays) -> Arrays:
    """Returns any `chords` and `keys`, int32 [..., T], as `controls`, one-hot side by side."""
    depths = {"chords": NUM_TRIADS, "keys": NUM_KEYS}
    rows = [tf.one_hot(columns[name], depth) for name, depth in depths.items() if name in columns]
    return {"controls": tf.concat(rows, -1)} if rows else {}


def transposed(columns: Arrays, shift: tf.Tensor, num_events: int) -> Arrays:
    """Returns tokens and any chords and keys, int32 [..., T], moved by half steps, int32 [...]."""
    shift = shift[..., None]
    tokens = transposed_tokens(columns["tokens"], shift, num_events)
    return transposed_harmony(columns, shift) | {"tokens": tokens}


def transposed_harmony(columns: Arrays, shift: tf.Tensor) -> Arrays:
    """Returns columns whose `chords` and `keys`, if any, are moved by half steps [..., 1]."""
    moved = dict(columns)
    if "chords" in columns:
        moved["chords"] = transposed_triads(columns["chords"], shift)
    if "keys" in columns:
        moved["keys"] = tf.math.floormod(columns["keys"] + shift, NUM_KEYS)
    return moved


def transposed_triads(triads: tf.Tensor, shift: tf.Tensor) -> tf.Tensor:
    """Returns triads (0 is no chord) moved by half steps, int32."""
    quality, root = (triads - 1) // 12, tf.math.floormod(triads - 1 + shift, 12)
    return tf.where(triads > 0, 1 + 12 * quality + root, triads)


def transposed_tokens(tokens: tf.Tensor, shift: tf.Tensor, num_events: int) -> tf.Tensor:
    """Returns melody tokens [..., T] moved by half steps [..., 1], without notes out of range."""
    pitched = (tokens >= FIRST_PITCH) & (tokens < num_events)
    moved = tokens + shift
    kept = pitched & (moved >= FIRST_PITCH) & (moved < num_events)
    lost = pitched & ~kept
    tokens = tf.where(kept, moved, tf.where(lost, NOTE_OFF, tokens))
    # A note-off after a note that is left out ends nothing.
    steps = tf.range(tf.shape(tokens)[-1])
    event = tf.where(tokens != NO_EVENT, 2 * steps + tf.cast(kept, tf.int32), -1)
    before = tf.where(steps[None, :] < steps[:, None], event[..., None, :], -2)  # [..., T, T]
    last = tf.reduce_max(before, -1)
    sounding = (last >= 0) & (last % 2 == 1)
    return tf.where((tokens == NOTE_OFF) & ~sounding, NO_EVENT, tokens)
