"""Cores that are fed what was played some steps before, and what it was like."""

from collections.abc import Callable, Sequence

import keras
import tensorflow as tf

from lofi_tf.models.layers.lstm import State


class LookbackCore(keras.layers.Layer):
    """A core whose controls also hold its outputs of earlier bars at the same place.

    Follows Magenta's Lookback RNN (Waite 2016, "Generating Long-Term Structure in Songs and
    Stories"). With each output goes whether there was one: before the first step are zeros.

    With a head that can sum up music, the core also hears what was played so far in numbers: how
    loud and how loose, how much of it came again. By itself it would soon play like all others.

    Args:
        core: whose control size is that of its controls and of `lookback_size`.
        distances: how many steps before each of the outputs lies.
        head: that sums up; None for none.
    """

    def __init__(
        self,
        core: keras.layers.Layer,
        distances: Sequence[int],
        head: keras.layers.Layer | None = None,
    ):
        super().__init__(name="lookback")
        self.core, self.distances = core, tuple(distances)
        self.output_size, self.parameter_size = core.output_size, core.parameter_size
        self.keep_prob, self.widest = core.keep_prob, core.widest
        self.head = head
        self.tally_size = 0 if head is None else head.tally_size + 2 * len(self.distances)
        self.history_size = (max(distances) + 1) * core.output_size
        self.state_size = core.state_size + self.history_size + 1 + self.tally_size
        self.built = True

    def initial_states(self, z: tf.Tensor) -> list[State]:
        """Returns an empty history, the step with tallies, [B, F] each, and the core's states."""
        size = tf.shape(z)[0]
        memory = tuple(tf.zeros([size, n]) for n in (self.history_size, 1 + self.tally_size))
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
        times = tf.repeat(tf.cast(tf.range(steps), tf.float32)[None, :, None], size, axis=0)

        def before(distance: int) -> tf.Tensor:
            return tf.pad(previous, [[0, 0], [distance - 1, 0], [0, 0]])[:, :steps]

        parts = self._parts(controls, before, times)
        if self.head is not None:
            tallies = tf.cumsum(self._tallies(before, times), axis=1)
            parts.append(self._summary(tallies, times))
        return self.core(z, previous, tf.concat(parts, axis=-1), lengths, seed)

    def stepper(self, z: tf.Tensor, dropped: bool = False) -> Callable[..., tuple]:
        """Returns a function of one step; see `LSTMCore.stepper`."""
        core_step, depth = self.core.stepper(z, dropped), self.output_size

        def step(previous, control, states, seed=None):
            (history, counts), *rest = states
            time, tallies = counts[:, :1], counts[:, 1:]
            history = tf.concat([history[:, depth:], previous], axis=-1)  # the last comes last

            def before(distance: int) -> tf.Tensor:
                first = self.history_size - distance * depth
                return history[:, first : first + depth]

            parts = self._parts(control, before, time)
            if self.head is not None:
                tallies += self._tallies(before, time)
                parts.append(self._summary(tallies, time))
            parameters, rest = core_step(previous, tf.concat(parts, axis=-1), rest, seed)
            return parameters, [(history, tf.concat([time + 1.0, tallies], axis=-1)), *rest]

        return step

    def _parts(self, controls, before, time):
        """Returns controls, and the output of each distance and whether there was one."""
        parts = [] if controls is None else [controls]
        for distance in self.distances:
            parts += [before(distance), tf.cast(time >= float(distance), tf.float32)]
        return parts

    def _tallies(self, before, time):
        """Returns what the last output adds to tallies, [..., F], also beside earlier ones."""
        parts = [self.head.tally(before(1))]
        for distance in self.distances:
            there = tf.cast(time > float(distance), tf.float32)
            parts.append(there * self.head.shared(before(1), before(distance + 1)))
        return tf.concat(parts, axis=-1)

    def _summary(self, tallies, time):
        own, shared = tf.split(tallies, [self.head.tally_size, -1], axis=-1)
        repeated = shared[..., ::2] / (shared[..., 1::2] + 1.0)
        return tf.concat([self.head.summary(own, time), repeated], axis=-1)


def lookback_size(
    output_size: int, distances: Sequence[int], head: keras.layers.Layer | None = None
) -> int:
    """Returns by how much an output of each distance, and any summary, widen the controls."""
    summed = 0 if head is None else head.summary_size + len(distances)
    return len(distances) * (output_size + 1) + summed
