"""NADE: a distribution over bits, each given those before it."""

import math

import keras
import tensorflow as tf

SAFE = 1e-6  # keeps logarithms finite, as in Magenta


class NADE(keras.layers.Layer):
    """Neural autoregressive distribution estimator (Uria et al. 2016, arXiv 1605.02226).

    Its biases come from outside, as in an RNN-NADE; Magenta's `Nade`.

    Args:
        output_size: bits D.
        hidden_size: hidden units H.
    """

    def __init__(self, output_size: int, hidden_size: int):
        super().__init__(name="nade")
        self.output_size, self.hidden_size = output_size, hidden_size
        initializer = keras.initializers.TruncatedNormal(stddev=1.0 / math.sqrt(output_size))
        shape = (output_size, hidden_size)
        self.w_enc = self.add_weight(shape=shape, initializer=initializer, name="w_enc")
        self.w_dec = self.add_weight(shape=shape, initializer=initializer, name="w_dec")
        self.built = True

    def log_prob(
        self, bits: tf.Tensor, b_enc: tf.Tensor, b_dec: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns log probabilities [...] and each bit's probability given those before it.

        Args:
            bits: [..., D].
            b_enc: biases of the hidden units, [..., H].
            b_dec: biases of the bits, [..., D].
        """
        hidden, probabilities = b_enc, []
        for number in range(self.output_size):
            probabilities.append(tf.sigmoid(self._logit(hidden, b_dec, number)))
            hidden += bits[..., number : number + 1] * self.w_enc[number]
        probability = tf.stack(probabilities, axis=-1)  # [..., D]
        log_likelihood = bits * tf.math.log(probability + SAFE)
        log_likelihood += (1.0 - bits) * tf.math.log(1.0 - probability + SAFE)
        return tf.reduce_sum(log_likelihood, axis=-1), probability

    def sample(
        self,
        b_enc: tf.Tensor,
        b_dec: tf.Tensor,
        temperature: tf.Tensor,
        noise: tf.Tensor,
        given: tf.Tensor | None = None,
        kept: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """Returns bits [B, D]; at temperature 0 the likelier given those before it.

        Args:
            b_enc: [B, H].
            b_dec: [B, D].
            temperature: [B].
            noise: uniform in [0, 1), [B, D].
            given: bits, [B, D], of which those count that are `kept`.
            kept: 1 where a bit is as given, else 0, [B, D].
        """
        hidden, bits = b_enc, []
        for number in range(self.output_size):
            logit = self._logit(hidden, b_dec, number)
            drawn = noise[:, number] < tf.sigmoid(tf.math.divide_no_nan(logit, temperature))
            bit = tf.cast(tf.where(temperature > 0, drawn, logit >= 0), tf.float32)
            if kept is not None:
                bit = tf.where(kept[:, number] > 0, given[:, number], bit)
            bits.append(bit)
            hidden += bit[:, None] * self.w_enc[number]
        return tf.stack(bits, axis=-1)

    def _logit(self, hidden, b_dec, number):
        return b_dec[..., number] + tf.reduce_sum(tf.sigmoid(hidden) * self.w_dec[number], -1)
