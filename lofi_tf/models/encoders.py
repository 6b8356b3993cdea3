"""Encoders: inputs [B, T, D] and lengths [B] to one vector an example, [B, H]."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from lofi_tf.models.lstm import LSTM, dropout, fold


class BidirectionalLSTMEncoder(keras.layers.Layer):
    """Stacked bidirectional LSTMs; the last layer's final states of both directions, side by side.

    Follows Magenta's `BidirectionalLstmEncoder`.

    Args:
        input_size: depth D of the inputs.
        units: size of each layer, for each direction.
        dropout_keep_prob: share of each layer's inputs kept in training.
    """

    def __init__(self, input_size: int, units: Sequence[int], dropout_keep_prob: float = 1.0):
        super().__init__(name="encoder")
        self.output_size = 2 * units[-1]
        self.keep_prob = dropout_keep_prob
        sizes = [input_size, *(2 * size for size in units[:-1])]
        self.forward = [LSTM(size, unit) for size, unit in zip(sizes, units, strict=True)]
        self.backward = [LSTM(size, unit) for size, unit in zip(sizes, units, strict=True)]
        self.built = True

    def call(
        self, inputs: tf.Tensor, lengths: tf.Tensor, seed: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Returns the encoding [B, H].

        Args:
            inputs: [B, T, D].
            lengths: valid steps of each example, int32 [B].
            seed: int32 [2] to draw dropout from; none is drawn without it.
        """
        values = tf.transpose(inputs, [1, 0, 2])  # [T, B, D]
        for number, layers in enumerate(zip(self.forward, self.backward, strict=True)):
            outputs, finals = [], []
            for way, layer in enumerate(layers):
                dropped = dropout(values, self.keep_prob, fold(seed, 2 * number + way))
                output, (final, _) = layer(dropped, lengths=lengths, reverse=way == 1)
                outputs.append(output)
                finals.append(final)
            values = tf.concat(outputs, axis=-1)
        return tf.concat(finals, axis=-1)


ENCODERS = {"bidirectional_lstm": BidirectionalLSTMEncoder}
