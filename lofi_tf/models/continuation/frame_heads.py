"""A head for whole frames of sound: Student's t in the frame's cosine transform.

One deviation for every sample of every clip knows neither loud from quiet nor low from high. Here
each coefficient of a frame's orthonormal DCT has a mean and a scale of its own, so that a drawn
frame has a level and a colour. The transform keeps volumes: its likelihood is that of the samples.
Scales start from the levels of what was heard and of the frame before, and the model changes them.
Student's t with four degrees of freedom survives an onset after silence, and has a closed quantile.
"""

import math

import numpy as np
import tensorflow as tf

from lofi_tf.models.common.losses import Parts, sum_valid
from lofi_tf.models.layers.litert_operations import acos, softplus
from lofi_tf.models.sound.sound_head import SoundHead
from lofi_tf.settings import Size

LEAST_LOG_SIGMA = -9.0  # four steps of 16 bits
SMOOTHED = 5  # coefficients whose power makes a level
MOST_LOG_SIGMA = 1.0  # more than any sound needs: a model that feeds itself must not run away
FIRST_LOG_SIGMA = -3.0  # where a parameter is 0


class CosineStudentHead(SoundHead):
    """A mean and a scale for each cosine coefficient of a frame.

    Args:
        output_size: depth of a sample, 1.
        frame_size: samples S of a frame, those of the codec.
    """

    def __init__(self, output_size: int = 1, frame_size: Size = 60):
        super().__init__()
        self.output_size, self.noise_size, self.parameter_size = output_size, 1, 2
        self.frame_size, self.basis = frame_size, cosine_basis(frame_size)
        self.context_size = 2 * frame_size
        self.shares = self.add_weight(
            shape=(3, frame_size), initializer=_first_shares, name="shares"
        )
        self.built = True

    def context(self, frames: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        """Returns levels of what was heard, [B, 2 S], of frames [B, F, S], of which some count.

        They are those of all frames together, and of the last.
        """
        power = self._power(frames)
        valid = tf.sequence_mask(lengths, tf.shape(frames)[1], tf.float32)[:, :, None]
        mean = tf.reduce_sum(valid * power, 1) / tf.reduce_sum(valid, 1)
        last = tf.gather(power, lengths - 1, axis=1, batch_dims=1)
        return tf.concat([level_of(mean), level_of(last)], axis=-1)

    def carried(self, parameters: tf.Tensor, frames: tf.Tensor, context: tf.Tensor) -> tf.Tensor:
        """Returns parameters [..., S, 2] whose scales are relative to levels.

        Args:
            parameters: [..., S, 2].
            frames: those before, [..., S].
            context: as `context` gives it, [..., 2 S].
        """
        levels = [level_of(self._power(frames)), *tf.split(context, 2, axis=-1)]
        shares = tf.unstack(tf.convert_to_tensor(self.shares))
        level = tf.add_n([share * one for share, one in zip(shares, levels, strict=True)])
        mean, raw = tf.unstack(parameters, axis=-1)
        return tf.stack([mean, raw + level - FIRST_LOG_SIGMA], axis=-1)

    def losses(self, parameters: tf.Tensor, targets: tf.Tensor, lengths: tf.Tensor) -> Parts:
        """Returns the negative log likelihood in nats, [B].

        Args:
            parameters: [B, N, 2], N whole frames.
            targets: samples [B, N, 1].
            lengths: valid samples, whole frames, [B].
        """
        size = tf.shape(targets)[0]
        frames = tf.reshape(targets, [size, -1, self.frame_size])
        mean, log_sigma = self._split(parameters)
        nats = student_nats(to_cosine(frames, self.basis) - mean, log_sigma)  # [B, F, S]
        valid = lengths // self.frame_size
        return {"negative_log_likelihood": sum_valid(nats, valid)}

    def mean(self, parameters: tf.Tensor) -> tf.Tensor:
        """Returns the mean samples [..., 1] of parameters [..., 2], whole frames."""
        mean, _ = self._split(parameters)
        return self._samples(mean, parameters)

    def sample(self, parameters: tf.Tensor, temperature: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        """Draws samples [N, 1] of parameters [N, 2], whole frames; the mean at temperature 0.

        What lies beyond [-1, 1] becomes the nearest.

        Args:
            parameters: of N samples.
            temperature: what scales are multiplied by, [N].
            noise: uniform numbers in [0, 1), [N, 1].
        """
        mean, log_sigma = self._split(parameters)
        drawn = tf.reshape(student_quantile(noise) * temperature[:, None], tf.shape(mean))
        samples = self._samples(mean + tf.exp(log_sigma) * drawn, parameters)
        return tf.clip_by_value(samples, -1.0, 1.0)

    def _split(self, parameters):
        """Returns means and log scales, [..., F, S] each."""
        outer = tf.shape(parameters)[:-2]
        shape = tf.concat([outer, [-1, self.frame_size, 2]], axis=0)
        mean, raw = tf.unstack(tf.reshape(parameters, shape), axis=-1)
        first = math.log(math.expm1(FIRST_LOG_SIGMA - LEAST_LOG_SIGMA))
        log_sigma = LEAST_LOG_SIGMA + softplus(raw + first)
        return mean, tf.minimum(log_sigma, MOST_LOG_SIGMA)

    def _power(self, frames):
        """Returns the power about each coefficient, [..., S] of frames [..., S]."""
        squares = tf.square(to_cosine(frames, self.basis))
        rows = tf.reshape(squares, [-1, self.frame_size, 1])
        return tf.reshape(tf.nn.avg_pool1d(rows, SMOOTHED, 1, "SAME"), tf.shape(frames))

    def _samples(self, coefficients, parameters):
        shape = tf.concat([tf.shape(parameters)[:-1], [1]], axis=0)
        return tf.reshape(to_cosine(coefficients, self.basis.T), shape)


def student_quantile(probability: tf.Tensor) -> tf.Tensor:
    """Returns quantiles of Student's t with four degrees of freedom (Shaw 2006, section 4)."""
    probability = tf.clip_by_value(probability, 1e-6, 1.0 - 1e-6)
    root = tf.sqrt(4.0 * probability * (1.0 - probability))
    size = tf.cos(acos(tf.minimum(root, 1.0)) / 3.0) / root
    return tf.sign(probability - 0.5) * 2.0 * tf.sqrt(tf.maximum(size - 1.0, 0.0))


def student_nats(errors: tf.Tensor, log_sigma: tf.Tensor) -> tf.Tensor:
    """Returns the negative log density of Student's t with four degrees of freedom.

    Args:
        errors: what lies between values and their means.
        log_sigma: natural logarithms of the scales.
    """
    squares = tf.square(errors) * tf.exp(-2.0 * log_sigma)
    return 2.5 * tf.math.log1p(0.25 * squares) + log_sigma - math.log(0.375)


def level_of(power: tf.Tensor) -> tf.Tensor:
    """Returns the natural logarithm of the level of a power, which has a floor."""
    return 0.5 * tf.math.log(power + math.exp(2.0 * LEAST_LOG_SIGMA))


def _first_shares(shape, dtype=None):
    return tf.constant([[0.3], [0.3], [0.4]], dtype) * tf.ones(shape, dtype)


def cosine_basis(size: int) -> np.ndarray:
    """Returns the matrix of the orthonormal DCT-II, float32 [size, size], a coefficient a row."""
    rows, columns = np.arange(size)[:, None], np.arange(size)[None]
    basis = np.cos(math.pi * (columns + 0.5) * rows / size) * math.sqrt(2.0 / size)
    basis[0] /= math.sqrt(2.0)
    return basis.astype(np.float32)


def to_cosine(frames: tf.Tensor, basis: np.ndarray) -> tf.Tensor:
    """Returns the coefficients [..., S] of frames [..., S]; with the transpose, the way back."""
    return tf.tensordot(frames, tf.constant(basis.T), axes=1)
