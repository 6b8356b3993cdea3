"""Cores that are fed what was played some steps before, as well as the last step."""

from collections.abc import Callable, Sequence

import keras
import tensorflow as tf

from lofi_tf.models.layers.lstm import State


class LookbackCore(keras.layers.Layer):
    """A core whose controls also hold its outputs of earlier bars at the same place.

    Follows Magenta's Lookback RNN (Waite 2016, "Generating Long-Term Structure in Songs and
    Stories"). With each output goes whether there was one: before the first step are zeros.

    Args:
        core: whose control size is that of its controls and of `lookback_size`.
        distances: how many steps before each of the outputs lies.
    """

    def __init__(self, core: keras.layers.Layer, distances: Sequence[int]):
        super().__init__(name="lookback")
        self.core, self.distances = core, tuple(distances)
        self.output_size, self.parameter_size = core.output_size, core.parameter_size
        self.keep_prob, self.widest = core.keep_prob, core.widest
        self.history_size = max(distances) * core.output_size
        self.state_size = core.state_size + self.history_size + 1
        self.built = True

    def initial_states(self, z: tf.Tensor) -> list[State]:
        """Returns an empty history and the step, [B, F] and [B, 1], and the core's states."""
        size = tf.shape(z)[0]
        memory = tf.zeros([size, self.history_size]), tf.zeros([size, 1])
        return [memory, *self.core.initial_states(z)]

    def call(
        self,
        z: tf.Tensor,
        previous: tf.Tensor,
        controls: tf.Tensor | None = None,
        lengths: tf.Tensor | None = None,
        seed: tf.Tensor | None = None,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Runs over known previous outputs [B, T, D]; see `LSTMCore.call`.

        The last states are those of the core alone.
        """
        size, steps = tf.shape(previous)[0], tf.shape(previous)[1]
        parts = [] if controls is None else [controls]
        for distance in self.distances:
            earlier = tf.pad(previous, [[0, 0], [distance - 1, 0], [0, 0]])[:, :steps]
            known = tf.cast(tf.range(steps) >= distance, tf.float32)[None, :, None]
            parts += [earlier, tf.repeat(known, size, axis=0)]
        return self.core(z, previous, tf.concat(parts, axis=-1), lengths, seed)

    def stepper(self, z: tf.Tensor, dropped: bool = False) -> Callable[..., tuple]:
        """Returns a function of one step; see `LSTMCore.stepper`."""
        core_step, depth = self.core.stepper(z, dropped), self.output_size

        def step(previous, control, states, seed=None):
            (history, time), *rest = states
            history = tf.concat([history[:, depth:], previous], axis=-1)  # the last comes last
            parts = [] if control is None else [control]
            for distance in self.distances:
                first = self.history_size - distance * depth
                known = tf.cast(time >= float(distance), tf.float32)
                parts += [history[:, first : first + depth], known]
            parameters, rest = core_step(previous, tf.concat(parts, axis=-1), rest, seed)
            return parameters, [(history, time + 1.0), *rest]

        return step


def lookback_size(output_size: int, distances: Sequence[int]) -> int:
    """Returns by how much an output of each distance widens the controls."""
    return len(distances) * (output_size + 1)
