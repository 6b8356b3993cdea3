"""Heads of bits, such as of drums that are hit or not; see `heads`."""

import keras
import tensorflow as tf

from lofi_tf.models.common.losses import Parts, sum_valid, sum_valid_steps
from lofi_tf.models.common.noise import draw_bits
from lofi_tf.models.layers.nade import NADE, SAFE
from lofi_tf.models.sequence.heads import hit_counts, step_counts
from lofi_tf.settings import Size


class BernoulliHead(keras.layers.Layer):
    """Independent bits; Magenta's `BooleanLstmDecoder`."""

    draws_have_gradients = False

    def __init__(self, output_size: int):
        super().__init__(name="head")
        self.output_size = self.parameter_size = self.noise_size = output_size
        self.built = True

    def losses(self, parameters: tf.Tensor, targets: tf.Tensor, lengths: tf.Tensor) -> Parts:
        """Returns the cross entropy of the bits, [B], summed over valid steps."""
        return {"cross_entropy": sum_valid(self.cell_nats(parameters, targets), lengths)}

    def cell_nats(self, parameters: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        """Returns the cross entropy of each bit, [B, T, D]."""
        return tf.nn.sigmoid_cross_entropy_with_logits(targets, parameters)

    def counts(self, parameters: tf.Tensor, targets: tf.Tensor, lengths: tf.Tensor) -> Parts:
        """Returns the bits that were predicted right, [B]."""
        right = tf.cast(tf.equal(parameters >= 0, targets > 0.5), tf.float32)
        return {"right": sum_valid(right, lengths), "steps": step_counts(parameters, lengths)}

    def scalars(self, sums: Parts) -> Parts:
        """Returns the share of bits that were predicted right."""
        bits = sums["steps"] * self.output_size
        return {"accuracy": tf.math.divide_no_nan(sums["right"], bits)}

    def sample(self, parameters: tf.Tensor, temperature: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        """Draws bits [B, D]; see `GrooveHead.sample`."""
        return draw_bits(parameters, temperature, noise)


class NADEHead(keras.layers.Layer):
    """Bits that depend on each other, by a NADE whose biases the core emits.

    Follows Magenta's `MultiLabelRnnNadeDecoder` (Boulanger-Lewandowski et al. 2012, "Modeling
    Temporal Dependencies in High-Dimensional Sequences").

    Args:
        output_size: depth D.
        hidden_size: hidden units of the NADE.
    """

    draws_have_gradients = False

    def __init__(self, output_size: int, hidden_size: Size):
        super().__init__(name="head")
        self.nade = NADE(output_size, hidden_size)
        self.output_size = self.noise_size = output_size
        self.parameter_size = hidden_size + output_size
        self.built = True

    def losses(self, parameters: tf.Tensor, targets: tf.Tensor, lengths: tf.Tensor) -> Parts:
        """Returns the negative log likelihood, [B], summed over valid steps."""
        log_likelihood, _ = self.nade.log_prob(targets, *self._biases(parameters))
        return {"negative_log_likelihood": sum_valid_steps(-log_likelihood, lengths)}

    def counts(self, parameters: tf.Tensor, targets: tf.Tensor, lengths: tf.Tensor) -> Parts:
        """Returns steps that are right in all bits, and true, predicted and common bits, [B]."""
        _, probabilities = self.nade.log_prob(targets, *self._biases(parameters))
        predicted = tf.cast(probabilities >= 0.5, tf.float32)
        right = tf.cast(tf.reduce_all(tf.equal(predicted, targets), axis=-1), tf.float32)
        right = {"right": sum_valid_steps(right, lengths)}
        return right | hit_counts(predicted, targets, lengths)

    def scalars(self, sums: Parts) -> Parts:
        """Returns the share of steps that are right in all bits, precision and recall."""
        return {
            "accuracy": tf.math.divide_no_nan(sums["right"], sums["steps"]),
            "precision": tf.math.divide_no_nan(sums["hits"], sums["predicted_hits"]),
            "recall": tf.math.divide_no_nan(sums["hits"], sums["true_hits"]),
        }

    def sample(self, parameters: tf.Tensor, temperature: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        """Draws bits [B, D], each given those before it; see `GrooveHead.sample`."""
        return self.nade.sample(*self._biases(parameters), temperature, noise)

    def cell_nats(self, parameters: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        """Returns the nats of each bit given those before it, [B, T, D]."""
        _, probability = self.nade.log_prob(targets, *self._biases(parameters))
        return -tf.math.log(tf.where(targets > 0, probability, 1.0 - probability) + SAFE)

    def fill(
        self,
        parameters: tf.Tensor,
        temperature: tf.Tensor,
        expression_temperature: tf.Tensor,
        noise: tf.Tensor,
        given: tf.Tensor,
        kept: tf.Tensor,
    ) -> tf.Tensor:
        """Draws the bits that are not given, each given those before it; see `filled`."""
        biases = self._biases(parameters)
        return self.nade.sample(*biases, temperature, noise, given, kept)

    def _biases(self, parameters):
        return tf.split(parameters, [self.nade.hidden_size, self.output_size], axis=-1)


HEADS = {"bernoulli": BernoulliHead, "nade": NADEHead}
