"""Sound with its notes: stored pairs as mixtures, drawn in the graph."""

import tensorflow as tf

from lofi_tf.data.converters.paired import PairedConverter
from lofi_tf.data.converters.symbols import (
    HIGHEST_PITCH,
    LOWEST_PITCH,
    MAX_VELOCITY,
    NUM_OCTAVES,
    NUM_PITCH_CLASSES,
)
from lofi_tf.data.model_inputs.steps import Arrays, Seed


def to_model(converter: PairedConverter, example: Arrays, training: bool, seed: Seed) -> Arrays:
    """Returns what the model is fed of one mixture.

    Args:
        converter: its converter.
        example: one stored example of each instrument, in order: [I, ...] each.
        training: whether each instrument is transposed, by up to `max_transpose`.
        seed: int32 [2], by which frames are drawn and, with `bernoulli`, who plays; without one
            it is the middle frame, and all play.
    """
    count, frames = len(converter.instruments), converter.num_frames
    place, plays = tf.fill([count], frames // 2), tf.ones([count], tf.bool)
    keys = tf.unstack(tf.random.split(tf.zeros([2], tf.int32) if seed is None else seed, 3))
    if seed is not None:
        place = tf.random.stateless_uniform([count], keys[0], 0, frames, tf.int32)
        if converter.random_mode == "bernoulli":
            plays = tf.random.stateless_uniform([count], keys[1]) < 0.5
    spectrum = tf.cast(tf.gather(example["spectrum"], place, batch_dims=1), tf.float32)
    roll = tf.cast(tf.gather(example["roll"], place, batch_dims=1), tf.int32)
    if training and converter.max_transpose:
        most = converter.max_transpose
        steps = tf.random.stateless_uniform([count, 1], keys[2], -most, most + 1, tf.int32)
        spectrum, roll = transposed(converter, spectrum, roll, steps)
    roll = tf.where(plays[:, None], roll, 0)
    return {
        "inputs": _mixed(spectrum, plays, converter.floor_db)[None],
        "targets": _symbols(converter, roll)[None],
        "length": tf.constant(1),
    }


def transposed(
    converter: PairedConverter, spectrum: tf.Tensor, roll: tf.Tensor, steps: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns spectra [I, F] and rolls [I, 128], each moved by some semitones, `steps` [I, 1].

    A constant-Q spectrum moves along its bands; what comes in from beyond is silent. Instruments
    whose notes would leave the octaves of symbols stay where they are.
    """
    pitches = tf.range(roll.shape[1])
    lowest = tf.reduce_min(tf.where(roll > 0, pitches, HIGHEST_PITCH), axis=1, keepdims=True)
    highest = tf.reduce_max(tf.where(roll > 0, pitches, LOWEST_PITCH), axis=1, keepdims=True)
    stays = (lowest + steps < LOWEST_PITCH) | (highest + steps > HIGHEST_PITCH)
    steps = tf.where(stays, 0, steps)
    bands = steps * (converter.bins_per_octave // 12)

    def moved(values, by, empty):
        size = values.shape[1]
        origin = tf.range(size) - by
        shifted = tf.gather(values, tf.clip_by_value(origin, 0, size - 1), batch_dims=1)
        return tf.where((origin >= 0) & (origin < size), shifted, empty)

    return moved(spectrum, bands, converter.floor_db), moved(roll, steps, 0)


def _mixed(spectrum_db: tf.Tensor, plays: tf.Tensor, floor_db: float) -> tf.Tensor:
    """Returns the added magnitudes of spectra [I, F], as the model sees them, [F]."""
    amplitudes = tf.pow(10.0, spectrum_db / 20.0)
    heard = plays[:, None] & (spectrum_db > floor_db)
    total = tf.reduce_sum(tf.where(heard, amplitudes, 0.0), axis=0)
    total_db = tf.math.log(tf.maximum(total, 10 ** (floor_db / 20.0))) * (20.0 / tf.math.log(10.0))
    return 1.0 - total_db / floor_db


def _symbols(converter: PairedConverter, roll: tf.Tensor) -> tf.Tensor:
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
    classes_of = {
        "octave": tf.reduce_any(by_octave > 0, axis=2),
        "pitch": tf.reduce_any(by_octave > 0, axis=1),
        "dynamics": tf.reduce_any(
            (dynamics[..., None] == classes) & (by_octave > 0)[..., None], axis=[1, 2]
        ),
    }
    silent = tf.reduce_all(octaves == 0, axis=1, keepdims=True)
    parts = []
    for label in layout.labels:
        parts.append(classes_of[label])
        if layout.zero_extra_class:
            parts.append(silent)
    vectors = tf.cast(tf.concat(parts, axis=1), tf.float32)
    return tf.reshape(vectors, [layout.depth])
