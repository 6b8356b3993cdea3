"""Decoders: a latent z [B, Z] to a head's parameters, step by step."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from lofi_tf.models.lstm import LSTM, State, dropout, fold
from lofi_tf.models.noise import row_uniform
from lofi_tf.models.unroll import unroll


class LSTMDecoder(keras.layers.Layer):
    """Stacked LSTMs that start from z and are fed [previous output, z, control] at each step.

    Follows Magenta's `BaseLstmDecoder`: the first previous output is zeros.

    Args:
        head: what the parameters mean; its `output_size` is D, its `parameter_size` P.
        units: size of each layer.
        z_size: size Z of the latent.
        control_size: depth of the controls, 0 for none.
        dropout_keep_prob: share of each layer's inputs kept in training.
    """

    def __init__(
        self,
        head: keras.layers.Layer,
        units: Sequence[int],
        z_size: int,
        control_size: int = 0,
        dropout_keep_prob: float = 1.0,
    ):
        super().__init__(name="decoder")
        self.head, self.units, self.keep_prob = head, tuple(units), dropout_keep_prob
        sizes = [head.output_size + z_size + control_size, *units[:-1]]
        self.cells = [LSTM(size, unit) for size, unit in zip(sizes, units, strict=True)]
        self.z_to_initial_state = keras.layers.Dense(
            2 * sum(units),
            activation="tanh",
            kernel_initializer=keras.initializers.RandomNormal(stddev=0.001),
        )
        self.z_to_initial_state.build((None, z_size))
        self.output_projection = keras.layers.Dense(head.parameter_size)
        self.output_projection.build((None, units[-1]))
        self.built = True

    def initial_states(self, z: tf.Tensor) -> list[State]:
        """Returns h and c of each layer; z gives them in the order c, h, c, h, ..."""
        sizes = [size for unit in self.units for size in (unit, unit)]
        parts = tf.split(self.z_to_initial_state(z), sizes, axis=-1)
        return list(zip(parts[1::2], parts[0::2], strict=True))

    def call(
        self,
        z: tf.Tensor,
        targets: tf.Tensor,
        controls: tf.Tensor | None = None,
        seed: tf.Tensor | None = None,
        sampling_probability: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """Returns the head's parameters [B, T, P] where the decoder is fed the truth.

        Args:
            z: [B, Z].
            targets: [B, T, D].
            controls: [B, T, C] where the decoder takes any.
            seed: int32 [2] to draw dropout and samples from; no dropout without it.
            sampling_probability: chance of each example at each step to be fed its own sample
                (scheduled sampling); the truth is always fed where it is None.
        """
        if sampling_probability is not None:
            return self._scheduled(z, targets, controls, seed, sampling_probability)
        previous = tf.pad(targets[:, :-1], [[0, 0], [1, 0], [0, 0]])
        steps = tf.shape(targets)[1]
        parts = [previous, tf.repeat(z[:, None], steps, axis=1)]
        inputs = tf.concat(parts if controls is None else [*parts, controls], axis=-1)
        values = tf.transpose(inputs, [1, 0, 2])  # [T, B, D + Z + C]
        for number, (cell, state) in enumerate(
            zip(self.cells, self.initial_states(z), strict=True)
        ):
            dropped = dropout(values, self.keep_prob, fold(seed, number))
            values, _ = cell(dropped, initial_state=state)
        return tf.transpose(self.output_projection(values), [1, 0, 2])

    def generate(
        self,
        z: tf.Tensor,
        length: tf.Tensor,
        temperature: tf.Tensor,
        seeds: tf.Tensor,
        controls: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """Returns decoded outputs [B, T, D], each step fed with the last one's output.

        Args:
            z: [B, Z].
            length: steps T.
            temperature: of each row, [B]; 0 takes the likeliest.
            seeds: of each row, int32 [B, 2].
            controls: [B, T, C] where the decoder takes any.
        """
        noise = row_uniform(seeds, length, self.head.noise_size)  # [T, B, N]

        def step(time, previous, states):
            parameters, states = self._step(previous, z, _at(controls, time), states)
            output = self.head.sample(parameters, temperature, noise[time])
            return output, output, states

        first = tf.zeros([tf.shape(z)[0], self.head.output_size])
        return unroll(step, first, self.initial_states(z), length, self.head.output_size)

    def _step(self, previous, z, control, states, seed=None):
        """Runs all layers one step; returns parameters [B, P] and the next states."""
        parts = [previous, z] if control is None else [previous, z, control]
        values, next_states = tf.concat(parts, axis=-1), []
        for number, (cell, state) in enumerate(zip(self.cells, states, strict=True)):
            values = dropout(values, self.keep_prob, fold(seed, number))
            values, state = cell.step(values, state)
            next_states.append(state)
        return self.output_projection(values), next_states

    def _scheduled(self, z, targets, controls, seed, probability):
        """Teacher forcing, each example at each step fed its own sample by chance."""
        batch_size = tf.shape(z)[0]
        truth = tf.transpose(targets, [1, 0, 2])  # [T, B, D]
        drawing = tf.zeros([2], tf.int32) if seed is None else seed
        keys = tf.random.split(tf.random.fold_in(drawing, -1), 2)

        def step(time, previous, states):
            step_seed = None if seed is None else tf.random.fold_in(seed, time)
            parameters, states = self._step(previous, z, _at(controls, time), states, step_seed)
            noise = tf.random.stateless_uniform(
                [batch_size, self.head.noise_size], tf.random.fold_in(keys[0], time)
            )
            own = self.head.sample(parameters, tf.ones([batch_size]), noise)
            coin = tf.random.stateless_uniform([batch_size, 1], tf.random.fold_in(keys[1], time))
            fed = tf.where(coin < probability, tf.stop_gradient(own), truth[time])
            return parameters, fed, states

        first = tf.zeros([batch_size, self.head.output_size])
        steps, size = tf.shape(targets)[1], self.head.parameter_size
        return unroll(step, first, self.initial_states(z), steps, size)


def _at(controls: tf.Tensor | None, time: tf.Tensor) -> tf.Tensor | None:
    return None if controls is None else controls[:, time]


DECODERS = {"lstm": LSTMDecoder}
