"""After how long a sound comes again: what may be copied to go on with it.

The lag is where the sound is most like itself, in its waveform (tones) and in the contour of its
level (beats), each a normalised autocorrelation, their sum.
"""

import math

import tensorflow as tf

from lofi_tf.models.layers.litert_operations import self_products

CONTOUR_HOP = 32  # samples of a step of the contour
LEAST_LEVEL = 1e-3  # below, the contour is flat
LEAST_ENERGY = 1e-5  # of what overlaps, or the likeness is near 0
MOST_SHARE = 0.75  # of what was heard: a quarter must be there twice


def repeat_lag(sounds: tf.Tensor, lengths: tf.Tensor, least: int, most: int) -> tf.Tensor:
    """Returns lags in samples, int32 [B], of sounds [B, N].

    Where too little was heard to tell, the lag is all that was heard.

    Args:
        sounds: zeros from their lengths on.
        lengths: samples that count, [B].
        least: the shortest lag, in samples.
        most: the longest.
    """
    size = tf.shape(sounds)[1]
    lags = tf.range(most + 1)[None]
    waves = autocorrelation(sounds, lengths, most)
    steps = (size - 1) // CONTOUR_HOP + 1
    padded = tf.pad(sounds, [[0, 0], [0, steps * CONTOUR_HOP - size]])
    power = tf.reduce_mean(
        tf.square(tf.reshape(padded, [tf.shape(sounds)[0], steps, CONTOUR_HOP])), axis=-1
    )
    contour = 0.5 * tf.math.log(power + LEAST_LEVEL**2)
    heard = tf.sequence_mask(lengths // CONTOUR_HOP, steps, tf.float32)
    mean = tf.math.divide_no_nan(
        tf.reduce_sum(heard * contour, 1, keepdims=True), tf.reduce_sum(heard, 1, keepdims=True)
    )
    beats = autocorrelation(heard * (contour - mean), lengths // CONTOUR_HOP, most // CONTOUR_HOP)
    beats = tf.repeat(beats, CONTOUR_HOP, axis=1)[:, : most + 1]
    longest = tf.cast(MOST_SHARE * tf.cast(lengths, tf.float32), tf.int32)[:, None]
    allowed = (lags >= least) & (lags <= longest)
    scores = tf.where(allowed, waves + beats, -math.inf)
    found = tf.argmax(scores, axis=1, output_type=tf.int32)
    return tf.where(longest[:, 0] >= least, found, tf.minimum(tf.maximum(lengths, 1), most))


def autocorrelation(values: tf.Tensor, lengths: tf.Tensor, most: int) -> tf.Tensor:
    """Returns how like themselves rows are at lags of 0 to `most`, from -1 to 1, [B, most + 1].

    It is the product of what overlaps over the root of the product of its two energies.

    Args:
        values: [B, N], zeros from their lengths on.
        lengths: values that count, [B].
        most: the longest lag.
    """
    size, lags = tf.shape(values)[1], tf.range(most + 1)
    products = self_products(values, most)
    energy = tf.pad(tf.cumsum(tf.square(values), axis=1), [[0, 0], [1, 0]])  # [B, N + 1]
    later = energy[:, -1:] - tf.gather(energy, tf.minimum(lags, size), axis=1)
    until = tf.maximum(lengths[:, None] - lags[None], 0)
    earlier = tf.gather(energy, until, axis=1, batch_dims=1)
    return products / tf.sqrt(tf.maximum(later * earlier, 0.0) + LEAST_ENERGY**2)
