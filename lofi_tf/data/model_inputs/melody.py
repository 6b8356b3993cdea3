"""The melody converter's TensorFlow half: from stored tokens to what the model eats."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import tensorflow as tf

from lofi_tf.data.converters.tracks import FIRST_PITCH, NO_EVENT, NOTE_OFF
from lofi_tf.music.chords import NUM_TRIADS

if TYPE_CHECKING:
    from lofi_tf.data.converters.melody import MelodyConverter

Spec = Mapping[str, tf.TensorSpec]
NUM_KEYS = 12


def example_spec(options: "MelodyConverter") -> Spec:
    """Returns what is stored of an example."""
    names = ["tokens"]
    names += ["chords"] if options.chord_encoding else []
    names += ["keys"] if options.condition_on_key else []
    spec = {name: tf.TensorSpec([_steps(options)], tf.uint8) for name in names}
    return spec | {"length": tf.TensorSpec([], tf.int32)}


def model_spec(options: "MelodyConverter") -> Spec:
    """Returns what the model eats of an example."""
    depths = {"inputs": options.depth, "targets": options.depth}
    if options.control_depth:
        depths["controls"] = options.control_depth
    spec = {name: tf.TensorSpec([_steps(options), d], tf.float32) for name, d in depths.items()}
    return spec | {"length": tf.TensorSpec([], tf.int32)}


def to_model(
    options: "MelodyConverter",
    example: Mapping[str, tf.Tensor],
    training: bool,
    seed: tf.Tensor | None,
) -> dict[str, tf.Tensor]:
    """Returns the model's view of stored examples; see `MelodyConverter.to_model`."""
    columns = {name: tf.cast(part, tf.int32) for name, part in example.items()}
    length = columns.pop("length")
    if training and options.transpose_range is not None:
        low, high = options.transpose_range
        shift = tf.random.stateless_uniform(tf.shape(length), seed, low, high + 1, tf.int32)
        columns = transposed(columns, shift, options.num_events)
    steps = tf.range(tf.shape(columns["tokens"])[-1])
    inside = tf.cast(steps < length[..., None], tf.float32)[..., None]  # [..., T, 1]
    one_hot = tf.one_hot(columns["tokens"], options.depth) * inside
    found = {"inputs": one_hot, "targets": one_hot}
    controls = []
    if options.chord_encoding:
        controls.append(tf.one_hot(columns["chords"], NUM_TRIADS))
    if options.condition_on_key:
        controls.append(tf.one_hot(columns["keys"], NUM_KEYS))
    if controls:
        found["controls"] = tf.concat(controls, -1) * inside
    found["length"] = length
    return _shaped(options, found, length.shape)


def transposed(
    columns: Mapping[str, tf.Tensor], shift: tf.Tensor, num_events: int
) -> dict[str, tf.Tensor]:
    """Returns tokens, chords and keys moved by half steps.

    Args:
        columns: `tokens`, any `chords` and `keys`, each int32 [..., T].
        shift: half steps up, int32 [...].
        num_events: tokens that are no end token.
    """
    shift = shift[..., None]
    found = dict(columns)
    found["tokens"] = transposed_tokens(columns["tokens"], shift, num_events)
    if "chords" in columns:
        found["chords"] = transposed_triads(columns["chords"], shift)
    if "keys" in columns:
        found["keys"] = tf.math.floormod(columns["keys"] + shift, NUM_KEYS)
    return found


def transposed_triads(triads: tf.Tensor, shift: tf.Tensor) -> tf.Tensor:
    """Returns triads (0 is no chord) moved by half steps, int32."""
    quality, root = (triads - 1) // 12, tf.math.floormod(triads - 1 + shift, 12)
    return tf.where(triads > 0, 1 + 12 * quality + root, triads)


def transposed_tokens(tokens: tf.Tensor, shift: tf.Tensor, num_events: int) -> tf.Tensor:
    """Returns melody tokens moved by half steps; notes that leave the range are left out.

    Args:
        tokens: int32 [..., T].
        shift: half steps up, int32 [..., 1].
        num_events: tokens that are no end token.
    """
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


def _steps(options: "MelodyConverter") -> int | None:
    return options.slice_steps and options.slice_steps + options.add_end_token


def _shaped(
    options: "MelodyConverter", found: dict[str, tf.Tensor], lead: tf.TensorShape
) -> dict[str, tf.Tensor]:
    """Returns the parts with the static shapes that `model_spec` promises."""
    spec = model_spec(options)
    return {
        name: tf.ensure_shape(part, lead.concatenate(spec[name].shape))
        for name, part in found.items()
    }
