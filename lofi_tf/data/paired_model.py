"""The paired converter's TensorFlow half: stored pairs to mixtures, drawn in the graph."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import tensorflow as tf

from lofi_tf.data.symbols import LOWEST_PITCH, MAX_VELOCITY, NUM_OCTAVES, NUM_PITCH_CLASSES

if TYPE_CHECKING:
    from lofi_tf.data.paired import PairedConverter

Spec = Mapping[str, tf.TensorSpec]


def example_spec(num_frames: int, num_bands: int) -> Spec:
    """Returns what is stored of an example."""
    return {
        "spectrum": tf.TensorSpec([num_frames, num_bands], tf.float16),
        "roll": tf.TensorSpec([num_frames, 128], tf.uint8),
        "instrument": tf.TensorSpec([], tf.int64),
    }


def model_spec(num_bands: int, depth: int) -> Spec:
    """Returns what the model eats."""
    return {
        "inputs": tf.TensorSpec([1, num_bands], tf.float32),
        "targets": tf.TensorSpec([1, depth], tf.float32),
        "length": tf.TensorSpec([], tf.int32),
    }


def mixture(
    converter: "PairedConverter",
    example: Mapping[str, tf.Tensor],
    training: bool,
    seed: tf.Tensor | None,
) -> dict[str, tf.Tensor]:
    """Returns the view of one mixture; see `PairedConverter.to_model`."""
    count, frames = len(converter.instruments), converter.num_frames
    place, plays = tf.fill([count], frames // 2), tf.ones([count], tf.bool)
    if training:
        keys = tf.unstack(tf.random.split(seed, 2))
        place = tf.random.stateless_uniform([count], keys[0], 0, frames, tf.int32)
        if converter.random_mode == "bernoulli":
            plays = tf.random.stateless_uniform([count], keys[1]) < 0.5
    spectrum = tf.cast(tf.gather(example["spectrum"], place, batch_dims=1), tf.float32)
    roll = tf.cast(tf.gather(example["roll"], place, batch_dims=1), tf.int32)
    roll = tf.where(plays[:, None], roll, 0)
    return {
        "inputs": _mixed(spectrum, plays, converter.floor_db)[None],
        "targets": _symbols(converter, roll)[None],
        "length": tf.constant(1),
    }


def _mixed(spectrum_db: tf.Tensor, plays: tf.Tensor, floor_db: float) -> tf.Tensor:
    """Returns the added magnitudes of spectra [I, F], as the model sees them, [F]."""
    amplitudes = tf.pow(10.0, spectrum_db / 20.0)
    heard = plays[:, None] & (spectrum_db > floor_db)
    total = tf.reduce_sum(tf.where(heard, amplitudes, 0.0), axis=0)
    total_db = tf.math.log(tf.maximum(total, 10 ** (floor_db / 20.0))) * (20.0 / tf.math.log(10.0))
    return 1.0 - total_db / floor_db


def _symbols(converter: "PairedConverter", roll: tf.Tensor) -> tf.Tensor:
    """Returns the symbols [S] of the velocities [I, 128] of each pitch."""
    layout = converter.layout
    octaves = roll[:, LOWEST_PITCH : LOWEST_PITCH + NUM_OCTAVES * NUM_PITCH_CLASSES]
    if converter.label_type == "categorical":  # the highest note alone
        pitches = tf.range(tf.shape(octaves)[1])
        top = tf.reduce_max(tf.where(octaves > 0, pitches, -1), axis=1, keepdims=True)
        octaves = tf.where(pitches == top, octaves, 0)
    by_octave = tf.reshape(octaves, [-1, NUM_OCTAVES, NUM_PITCH_CLASSES])
    dynamics = (by_octave - 1) * converter.num_dynamics // MAX_VELOCITY
    classes = tf.range(converter.num_dynamics)
    found = {
        "octave": tf.reduce_any(by_octave > 0, axis=2),
        "pitch": tf.reduce_any(by_octave > 0, axis=1),
        "dynamics": tf.reduce_any(
            (dynamics[..., None] == classes) & (by_octave > 0)[..., None], axis=[1, 2]
        ),
    }
    silent = tf.reduce_all(octaves == 0, axis=1, keepdims=True)
    parts = []
    for label in layout.labels:
        parts.append(found[label])
        if layout.zero_extra_class:
            parts.append(silent)
    vectors = tf.cast(tf.concat(parts, axis=1), tf.float32)
    return tf.reshape(vectors, [layout.depth])
