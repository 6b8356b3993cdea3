"""Mixtures of logistic distributions over evenly spaced levels.

Follows Salimans et al. 2017, "PixelCNN++" (arXiv 1701.05517), section 2.1: a level has the
probability of the interval around it, the outermost two that of all beyond them.
"""

import dataclasses

import tensorflow as tf

MIN_LOG_SCALE = -6.0
SMALLEST = 1e-6  # probability that is drawn
HALVINGS = 12  # of an interval that a quantile is searched in
EDGE = 1e-4  # within which a value is the outermost level


@dataclasses.dataclass(frozen=True)
class Levels:
    """Evenly spaced numbers.

    Attributes:
        low, high: the outermost.
        count: how many they are.
    """

    low: float
    high: float
    count: int

    @property
    def width(self) -> float:
        """The distance of neighbours."""
        return (self.high - self.low) / (self.count - 1)

    def nearest(self, values: tf.Tensor) -> tf.Tensor:
        """Returns the nearest level of each value."""
        steps = tf.round((values - self.low) / self.width)
        return self.low + self.width * tf.clip_by_value(steps, 0.0, self.count - 1.0)


def log_prob(parameters: tf.Tensor, values: tf.Tensor, levels: Levels) -> tf.Tensor:
    """Returns the log probability of levels, [...].

    Args:
        parameters: logits, means and log scales of K components, [..., 3 K].
        values: levels, [...].
        levels: all there are.
    """
    logits, means, log_scales = _parts(parameters)
    values, inverse = values[..., None], tf.exp(-log_scales)
    above = (values + levels.width / 2 - means) * inverse
    below = (values - levels.width / 2 - means) * inverse
    # sigmoid(above) - sigmoid(below), as a product: it keeps its digits far from the mean.
    inner = tf.math.log_sigmoid(above) + tf.math.log_sigmoid(-below)
    inner += tf.math.log(-tf.math.expm1(-levels.width * inverse))
    by_component = tf.where(
        values >= levels.high - EDGE,
        tf.math.log_sigmoid(-below),
        tf.where(values <= levels.low + EDGE, tf.math.log_sigmoid(above), inner),
    )
    return tf.reduce_logsumexp(by_component + tf.nn.log_softmax(logits), axis=-1)


def quantile(parameters: tf.Tensor, probability: tf.Tensor, levels: Levels) -> tf.Tensor:
    """Returns the levels, [...], below which the probability lies.

    Args:
        parameters: logits, means and log scales of K components, [..., 3 K].
        probability: in [0, 1], [...]: a half gives medians, uniform numbers draw.
        levels: all there are.
    """
    logits, means, log_scales = _parts(parameters)
    weights, inverse = tf.nn.softmax(logits), tf.exp(-log_scales)
    low = tf.fill(tf.shape(probability), levels.low - levels.width / 2)
    high = tf.fill(tf.shape(probability), levels.high + levels.width / 2)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        below = tf.reduce_sum(weights * tf.sigmoid((middle[..., None] - means) * inverse), axis=-1)
        low = tf.where(below < probability, middle, low)
        high = tf.where(below < probability, high, middle)
    return levels.nearest((low + high) / 2)


def tempered(noise: tf.Tensor, temperature: tf.Tensor) -> tf.Tensor:
    """Returns uniform numbers in [0, 1) drawn towards a half, as probabilities for `quantile`.

    Of one logistic distribution it is its scale times the temperature, of any the median at 0.
    """
    noise = tf.clip_by_value(noise, SMALLEST, 1.0 - SMALLEST)
    return tf.sigmoid(temperature * (tf.math.log(noise) - tf.math.log1p(-noise)))


def _parts(parameters: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    logits, means, log_scales = tf.split(parameters, 3, axis=-1)
    return logits, means, tf.maximum(log_scales, MIN_LOG_SCALE)
