"""Heads: what the P numbers that a decoder emits at each step mean.

A head turns parameters [B, T, P] and targets [B, T, D] into losses [B], and draws the next output
[B, D] from parameters [B, P] and uniform noise [B, N]: whoever calls decides how noise is drawn.
"""

from collections.abc import Mapping

import keras
import tensorflow as tf

from lofi_tf.losses import log_loss, sum_valid_steps


class GrooveHead(keras.layers.Layer):
    """Hits, velocities and timing offsets of drums, a third of the depth each.

    Hits are Bernoulli, velocities a sigmoid, offsets a tanh (Gillick et al. 2019, section 4.3;
    Magenta's `GrooveLstmDecoder`).

    Args:
        output_size: depth D, three times the number of drums.
    """

    def __init__(self, output_size: int):
        super().__init__(name="head")
        self.output_size = self.parameter_size = output_size
        self.noise_size = output_size // 3
        self.built = True

    def losses(
        self, parameters: tf.Tensor, targets: tf.Tensor, lengths: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """Returns the parts of the reconstruction loss, [B] each, summed over valid steps."""
        hits, velocities, offsets = tf.split(parameters, 3, axis=-1)
        true_hits, true_velocities, true_offsets = tf.split(targets, 3, axis=-1)
        parts = {
            "hits_loss": log_loss(true_hits, tf.sigmoid(hits)),
            "velocities_loss": tf.square(tf.sigmoid(velocities) - true_velocities),
            "offsets_loss": tf.square(tf.tanh(offsets) - true_offsets),
        }
        return {name: sum_valid_steps(part, lengths) for name, part in parts.items()}

    def counts(
        self, parameters: tf.Tensor, targets: tf.Tensor, lengths: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """Returns counts [B] over the valid steps: hits that were both, predicted, true."""
        predicted = tf.cast(tf.split(parameters, 3, axis=-1)[0] > 0, tf.float32)
        true = tf.split(targets, 3, axis=-1)[0]
        counts = {"hits": predicted * true, "predicted_hits": predicted, "true_hits": true}
        return {name: sum_valid_steps(part, lengths) for name, part in counts.items()}

    def scalars(self, means: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Returns what to log of the means of the losses and counts."""
        names = ("hits_loss", "velocities_loss", "offsets_loss")
        hits = 2.0 * means["hits"]
        f1 = tf.math.divide_no_nan(hits, means["predicted_hits"] + means["true_hits"])
        return {name: means[name] for name in names} | {"hits_f1": f1}

    def sample(self, parameters: tf.Tensor, temperature: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        """Draws an output [B, D].

        Args:
            parameters: [B, P].
            temperature: [B]; hits are Bernoulli of their logits over it, the likelier at 0.
            noise: uniform in [0, 1), [B, N].
        """
        hits, velocities, offsets = tf.split(parameters, 3, axis=-1)
        temperature = temperature[:, None]
        probability = tf.sigmoid(tf.math.divide_no_nan(hits, temperature))
        drawn = tf.where(temperature > 0, noise < probability, hits > 0)
        return tf.concat(
            [tf.cast(drawn, tf.float32), tf.sigmoid(velocities), tf.tanh(offsets)], axis=-1
        )


HEADS = {"groove": GrooveHead}
