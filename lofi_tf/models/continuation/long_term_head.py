"""A head for lapped frames that go on from an earlier place of the sound.

Each coefficient of a frame is Student's t around a share of what the earlier place has there, which
is 1 where a loop comes again exactly and 0 where it is noise or out of phase. Its scale starts from
the levels of the earlier place, of the last frame, of all that was heard, and of how far off these
were from their own earlier places; the model changes it by a bounded amount.
"""

import tensorflow as tf

from lofi_tf.models.common.losses import Parts, sum_valid
from lofi_tf.models.continuation.frame_heads import (
    LEAST_LOG_SIGMA,
    MOST_LOG_SIGMA,
    SMOOTHED,
    level_of,
    student_nats,
    student_quantile,
)
from lofi_tf.models.layers.frame_size import LAPPED_SIZE
from lofi_tf.models.layers.litert_operations import softplus
from lofi_tf.models.sound.sound_head import SoundHead
from lofi_tf.settings import Size

MOST_CHANGE = 2.0  # of a log scale, either way: 17 dB
FIRST_SHARES = (0.4, 0.2, 0.1, 0.2, 0.1)  # of the levels; together 1


class RecallHead(SoundHead):
    """A share of the earlier place and a scale for each coefficient of a lapped frame.

    Args:
        output_size: depth of a sample, 1.
        frame_size: coefficients S of a frame, those of the codec.
    """

    def __init__(self, output_size: int = 1, frame_size: Size = LAPPED_SIZE):
        super().__init__()
        self.output_size, self.noise_size, self.parameter_size = output_size, 1, 2
        self.frame_size = frame_size
        self.shares = self.add_weight(
            shape=(len(FIRST_SHARES), frame_size), initializer=_first_shares, name="shares"
        )
        self.built = True

    def distribution(
        self, parameters: tf.Tensor, earlier: tf.Tensor, levels: tf.Tensor, gain: tf.Tensor
    ) -> tf.Tensor:
        """Returns means and log scales, [..., S, 2].

        Args:
            parameters: of the decoder, [..., S, 2].
            earlier: the coefficients of the earlier place, [..., S].
            levels: log levels of it, the last frame, all that was heard, and the two errors,
                [..., 5, S].
            gain: that the style has, a natural logarithm, [..., S].
        """
        trust, change = tf.unstack(parameters, axis=-1)
        level = tf.reduce_sum(tf.convert_to_tensor(self.shares) * levels, axis=-2)
        raw = level + MOST_CHANGE * tf.tanh(change / MOST_CHANGE)
        log_sigma = LEAST_LOG_SIGMA + softplus(raw - LEAST_LOG_SIGMA) + gain
        mean = tf.exp(gain) * tf.sigmoid(trust) * earlier
        return tf.stack([mean, tf.minimum(log_sigma, MOST_LOG_SIGMA)], axis=-1)

    def levels(self, frames: tf.Tensor) -> tf.Tensor:
        """Returns the log level about each coefficient, [..., S] of coefficients [..., S]."""
        return level_of(self.power(frames))

    def power(self, frames: tf.Tensor) -> tf.Tensor:
        """Returns the power about each coefficient, [..., S] of coefficients [..., S]."""
        rows = tf.reshape(tf.square(frames), [-1, self.frame_size, 1])
        return tf.reshape(tf.nn.avg_pool1d(rows, SMOOTHED, 1, "SAME"), tf.shape(frames))

    def losses(self, parameters: tf.Tensor, targets: tf.Tensor, lengths: tf.Tensor) -> Parts:
        """Returns the negative log likelihood in nats, [B].

        Args:
            parameters: as of `distribution`, [B, F, S, 2].
            targets: coefficients [B, F, S].
            lengths: frames that count, [B].
        """
        mean, log_sigma = tf.unstack(parameters, axis=-1)
        nats = student_nats(targets - mean, log_sigma)
        return {"negative_log_likelihood": sum_valid(nats, lengths)}

    def mean(self, parameters: tf.Tensor) -> tf.Tensor:
        """Returns the mean coefficients [..., S] of parameters as of `distribution`."""
        return parameters[..., 0]

    def sample(
        self, parameters: tf.Tensor, copied: tf.Tensor, temperature: tf.Tensor, noise: tf.Tensor
    ) -> tf.Tensor:
        """Draws coefficients [..., S] of parameters [..., S, 2].

        At temperature 1 they are drawn as the likelihood says. At 0 they are those of the earlier
        place: means alone would be all but silent where nothing repeats exactly.

        Args:
            parameters: as of `distribution`.
            copied: the earlier place at the level that it is to have now, [..., S].
            temperature: from 0 on, [..., 1]; its square multiplies the scales.
            noise: uniform numbers in [0, 1), [..., S].
        """
        mean, log_sigma = tf.unstack(parameters, axis=-1)
        drawn = tf.square(temperature)
        kept = tf.sqrt(1.0 - tf.minimum(tf.square(drawn), 1.0))
        certain = kept * copied + (1.0 - kept) * mean
        return certain + drawn * tf.exp(log_sigma) * student_quantile(noise)


def _first_shares(shape, dtype=None):
    return tf.constant(FIRST_SHARES, dtype)[:, None] * tf.ones(shape, dtype)
