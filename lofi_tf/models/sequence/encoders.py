"""Encoders: inputs [B, T, D] and lengths to one vector an example, [B, H]."""

import math
from collections.abc import Sequence

import keras
import tensorflow as tf

from lofi_tf.errors import LofiError
from lofi_tf.models.layers.lstm import LSTMStack, fold
from lofi_tf.models.layers.segments import segment_lengths, to_segments
from lofi_tf.models.sequence.cores import dense_layer
from lofi_tf.settings import Size


class LSTMEncoder(keras.layers.Layer):
    """Stacked LSTMs; the last layer's output at the end of each sequence.

    Follows Magenta's `LstmEncoder`, but takes the output at each sequence's own length.

    Args:
        input_size: depth D of the inputs.
        units: size of each layer.
        keep_prob: share of each layer's inputs kept in training.
        residual: whether layers have residual connections.
    """

    def __init__(
        self, input_size: int, units: Sequence[int], keep_prob: float = 1.0, residual: bool = False
    ):
        super().__init__(name="encoder")
        self.output_size = units[-1]
        self.stack = LSTMStack(input_size, units, keep_prob, residual)
        self.built = True

    def call(
        self, inputs: tf.Tensor, lengths: tf.Tensor, seed: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Returns the encoding [B, H]; see `BidirectionalLSTMEncoder.call`."""
        outputs, _ = self.stack(tf.transpose(inputs, [1, 0, 2]), lengths=lengths, seed=seed)
        return tf.gather(
            tf.transpose(outputs, [1, 0, 2]), tf.maximum(lengths - 1, 0), axis=1, batch_dims=1
        )


class BidirectionalLSTMEncoder(keras.layers.Layer):
    """Stacked bidirectional LSTMs; the last layer's final states of both directions, side by side.

    Follows Magenta's `BidirectionalLstmEncoder`.

    Args:
        input_size, keep_prob, residual: as of `LSTMEncoder`.
        units: size of each layer, for each direction.
        embedding_size: size of a linear embedding that the inputs pass through first.
    """

    def __init__(
        self,
        input_size: int,
        units: Sequence[int],
        keep_prob: float = 1.0,
        residual: bool = False,
        embedding_size: Size | None = None,
    ):
        super().__init__(name="encoder")
        self.output_size = 2 * units[-1]
        self.embedding = dense_layer(input_size, embedding_size)
        sizes = [embedding_size or input_size, *(2 * size for size in units[:-1])]
        self.forward, self.backward = (
            [
                LSTMStack(size, [unit], keep_prob, residual)
                for size, unit in zip(sizes, units, strict=True)
            ]
            for _ in range(2)
        )
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
        return self.run(inputs, lengths, seed)[1]

    def run(
        self, inputs: tf.Tensor, lengths: tf.Tensor, seed: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the last layer's outputs [B, T, H] and the encoding [B, H]."""
        if self.embedding is not None:
            inputs = self.embedding(inputs)
        values = tf.transpose(inputs, [1, 0, 2])  # [T, B, D]
        for number, stacks in enumerate(zip(self.forward, self.backward, strict=True)):
            outputs, finals = [], []
            for way, stack in enumerate(stacks):
                way_seed = fold(seed, 2 * number + way)
                output, ((final, _),) = stack(
                    values, lengths=lengths, reverse=way == 1, seed=way_seed
                )
                outputs.append(output)
                finals.append(final)
            values = tf.concat(outputs, axis=-1)
        return tf.transpose(values, [1, 0, 2]), tf.concat(finals, axis=-1)


class HierarchicalEncoder(keras.layers.Layer):
    """Bidirectional LSTMs over segments, then over their encodings, and so on.

    Follows Magenta's `HierarchicalLstmEncoder`. The segments of a level run as one batch.

    Args:
        input_size, keep_prob, residual: as of `LSTMEncoder`.
        units: size of each layer of each level.
        level_lengths: steps of each level, the lowest first; their product is T.
    """

    def __init__(
        self,
        input_size: int,
        units: Sequence[int],
        keep_prob: float = 1.0,
        residual: bool = False,
        level_lengths: Sequence[Size] = (),
    ):
        super().__init__(name="encoder")
        if not level_lengths:
            raise LofiError("encoder hierarchical_lstm needs level_lengths such as [16, 16]")
        self.level_lengths = tuple(level_lengths)
        self.output_size = 2 * units[-1]
        sizes = [input_size] + [self.output_size] * (len(level_lengths) - 1)
        self.levels = [BidirectionalLSTMEncoder(size, units, keep_prob, residual) for size in sizes]
        self.built = True

    def call(
        self, inputs: tf.Tensor, lengths: tf.Tensor, seed: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Returns the encoding [B, H].

        Args:
            inputs: [B, T, D].
            lengths: valid steps of each example [B], or of each of its segments [B, S].
            seed: int32 [2] to draw dropout from; none is drawn without it.
        """
        num_segments = math.prod(self.level_lengths[1:])
        lengths = segment_lengths(lengths, num_segments, self.level_lengths[0])
        for number, level in enumerate(self.levels):
            segments = to_segments(inputs, num_segments)  # [B * S, L, D]
            encoded = level(segments, lengths=tf.reshape(lengths, [-1]), seed=fold(seed, number))
            inputs = tf.reshape(encoded, [-1, num_segments, self.output_size])
            if number + 1 < len(self.levels):
                num_segments //= self.level_lengths[number + 1]
                full = self.level_lengths[number + 1]
                lengths = tf.fill([tf.shape(inputs)[0], num_segments], full)
        return inputs[:, 0]


ENCODERS = {
    "lstm": LSTMEncoder,
    "bidirectional_lstm": BidirectionalLSTMEncoder,
    "hierarchical_lstm": HierarchicalEncoder,
}
