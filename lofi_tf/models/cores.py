"""Cores of decoders: z and previous outputs to a head's parameters, in one go or by steps."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from lofi_tf.models.lstm import LSTMStack, State, fold


class LSTMCore(keras.layers.Layer):
    """Stacked LSTMs that start from z and are fed [previous output, z, control] at each step.

    Follows Magenta's `BaseLstmDecoder`.

    Args:
        output_size: depth D of an output.
        parameter_size: the head's parameters P.
        units: size of each layer.
        z_size: size Z of what it starts from; 0 starts from zeros.
        control_size: depth of the controls, 0 for none.
        keep_prob: share of each layer's inputs kept in training.
        residual: whether layers have residual connections.
    """

    def __init__(
        self,
        output_size: int,
        parameter_size: int,
        units: Sequence[int],
        z_size: int,
        control_size: int = 0,
        keep_prob: float = 1.0,
        residual: bool = False,
    ):
        super().__init__()
        self.output_size, self.parameter_size = output_size, parameter_size
        self.state_size = 2 * sum(units)
        self.stack = LSTMStack(output_size + z_size + control_size, units, keep_prob, residual)
        self.z_to_initial_state = initial_state_layer(z_size, units)
        self.output_projection = keras.layers.Dense(parameter_size)
        self.output_projection.build((None, units[-1]))
        self.built = True

    def initial_states(self, z: tf.Tensor) -> list[State]:
        """Returns h and c of each layer for z [B, Z]."""
        return states_of(self.stack, self.z_to_initial_state, z)

    def call(
        self,
        z: tf.Tensor,
        previous: tf.Tensor,
        controls: tf.Tensor | None = None,
        lengths: tf.Tensor | None = None,
        seed: tf.Tensor | None = None,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Runs over known previous outputs.

        Args:
            z: [B, Z].
            previous: the output before each step, [B, T, D].
            controls: [B, T, C] where the core takes any.
            lengths: steps [B] after which the states stay as they are; all T if not given.
            seed: int32 [2] to draw dropout from; none is drawn without it.

        Returns:
            Parameters [B, T, P], and the last states side by side [B, 2 * sum of units].
        """
        parts = [previous, tf.repeat(z[:, None], tf.shape(previous)[1], axis=1)]
        inputs = tf.concat(parts if controls is None else [*parts, controls], axis=-1)
        outputs, finals = self.stack(
            tf.transpose(inputs, [1, 0, 2]),
            states=self.initial_states(z),
            lengths=lengths,
            seed=seed,
        )
        return self.output_projection(tf.transpose(outputs, [1, 0, 2])), flat_states(finals)

    def step(
        self,
        previous: tf.Tensor,
        z: tf.Tensor,
        control: tf.Tensor | None,
        states: list[State],
        seed: tf.Tensor | None = None,
    ) -> tuple[tf.Tensor, list[State]]:
        """Runs one step: previous [B, D], z [B, Z], control [B, C] -> parameters [B, P], states."""
        parts = [previous, z] if control is None else [previous, z, control]
        output, states = self.stack.step(tf.concat(parts, axis=-1), states, seed)
        return self.output_projection(output), states


class SplitCore(keras.layers.Layer):
    """A core of its own for each part of the output, which sees that part alone.

    Follows Magenta's `SplitMultiOutLstmDecoder`.

    Args:
        sizes: depths of the parts of the output, which are those of the parameters too.
        units, z_size, control_size, keep_prob, residual: of each core.
    """

    def __init__(self, sizes: Sequence[int], *args, **kwargs):
        super().__init__()
        self.sizes = tuple(sizes)
        self.output_size = self.parameter_size = sum(sizes)
        self.cores = [LSTMCore(size, size, *args, **kwargs) for size in sizes]
        self.state_size = sum(core.state_size for core in self.cores)
        self.built = True

    def initial_states(self, z: tf.Tensor) -> list[list[State]]:
        """Returns the states of each core for z [B, Z]."""
        return [core.initial_states(z) for core in self.cores]

    def call(
        self,
        z: tf.Tensor,
        previous: tf.Tensor,
        controls: tf.Tensor | None = None,
        lengths: tf.Tensor | None = None,
        seed: tf.Tensor | None = None,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Runs over known previous outputs; see `LSTMCore.call`."""
        parts = tf.split(previous, self.sizes, axis=-1)
        found = [
            core(z, part, controls=controls, lengths=lengths, seed=fold(seed, number))
            for number, (core, part) in enumerate(zip(self.cores, parts, strict=True))
        ]
        return tuple(tf.concat(pieces, axis=-1) for pieces in zip(*found, strict=True))

    def step(
        self,
        previous: tf.Tensor,
        z: tf.Tensor,
        control: tf.Tensor | None,
        states: list[list[State]],
        seed: tf.Tensor | None = None,
    ) -> tuple[tf.Tensor, list[list[State]]]:
        """Runs one step; see `LSTMCore.step`."""
        parts = tf.split(previous, self.sizes, axis=-1)
        found = [
            core.step(part, z, control, state, fold(seed, number))
            for number, (core, part, state) in enumerate(
                zip(self.cores, parts, states, strict=True)
            )
        ]
        return tf.concat([one[0] for one in found], axis=-1), [one[1] for one in found]


def initial_state_layer(z_size: int, units: Sequence[int]) -> keras.layers.Dense | None:
    """Returns what makes the states of a stack from z; nothing where z has no size."""
    if not z_size:
        return None
    layer = keras.layers.Dense(
        2 * sum(units),
        activation="tanh",
        kernel_initializer=keras.initializers.RandomNormal(stddev=0.001),
    )
    layer.build((None, z_size))
    return layer


def states_of(stack: LSTMStack, layer: keras.layers.Dense | None, z: tf.Tensor) -> list[State]:
    """Returns the states of a stack's layers; the layer gives them in the order c, h, c, h, ..."""
    if layer is None:
        return stack.zero_states(tf.shape(z)[0])
    sizes = [size for unit in stack.units for size in (unit, unit)]
    parts = tf.split(layer(z), sizes, axis=-1)
    return list(zip(parts[1::2], parts[0::2], strict=True))


def flat_states(states: list[State]) -> tf.Tensor:
    """Returns the states side by side in the order c, h, c, h, ..., [B, 2 * sum of units]."""
    return tf.concat([part for h, c in states for part in (c, h)], axis=-1)
