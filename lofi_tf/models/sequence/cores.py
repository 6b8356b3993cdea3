"""Cores of decoders: z and previous outputs to a head's parameters, in one go or by steps."""

from collections.abc import Callable, Sequence

import keras
import tensorflow as tf

from lofi_tf.models.layers.dense import dense
from lofi_tf.models.layers.lstm import LSTMStack, State, dropout, fold
from lofi_tf.settings import Share, Size


class LSTMCore(keras.layers.Layer):
    """Stacked LSTMs that start from z and are fed [previous output, z, control] at each step.

    Follows Magenta's `BaseLstmDecoder`; the last five options are not Magenta's.

    Args:
        output_size: depth D of an output.
        parameter_size: the head's parameters P.
        units: size of each layer.
        z_size: size Z of what it starts from; 0 starts from zeros.
        control_size: depth of the controls, 0 for none.
        keep_prob: share of each layer's inputs kept in training.
        residual: whether layers have residual connections.
        embedding_size: size E of a linear embedding that previous outputs pass through first; the
            zeros before the first step become its bias, a start symbol that is learned.
        z_inputs: whether z is fed at each step; otherwise it is the initial state alone.
        skip_inputs: whether the parameters are a projection of [previous output, output of the
            LSTMs, z] in place of the output of the LSTMs.
        previous_inputs: whether previous outputs are fed at all; otherwise each step is what z and
            the controls make of it, whatever was drawn before.
        output_keep_prob: share of the last layer's outputs kept in training.

    Attributes:
        widest: the largest of the sizes of layers and of z.
        keep_prob: the least share of anything kept in training.
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
        embedding_size: Size | None = None,
        z_inputs: bool = True,
        skip_inputs: bool = False,
        previous_inputs: bool = True,
        output_keep_prob: Share = 1.0,
    ):
        super().__init__()
        self.output_size, self.parameter_size = output_size, parameter_size
        self.state_size, self.widest = 2 * sum(units), max(*units, z_size)
        self.z_inputs, self.skip_inputs = z_inputs, skip_inputs
        self.embedding = dense_layer(output_size, embedding_size if previous_inputs else None)
        fed_size = (embedding_size or output_size) if previous_inputs else 0
        self.fed_size, self.z_size, self.output_keep_prob = fed_size, z_size, output_keep_prob
        self.keep_prob = min(keep_prob, output_keep_prob)
        input_size = fed_size + z_size * z_inputs + control_size
        self.stack = LSTMStack(input_size, units, keep_prob, residual)
        self.z_to_initial_state = initial_state_layer(z_size, units)
        skipped_size = fed_size + z_size if skip_inputs else 0
        self.output_projection = dense_layer(units[-1] + skipped_size, parameter_size)
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
        fed = self._fed(previous)
        z_steps = tf.repeat(z[:, None], tf.shape(previous)[1], axis=1)  # [B, T, Z]
        outputs, finals = self.stack(
            tf.transpose(self._inputs(fed, z_steps, controls), [1, 0, 2]),
            states=self.initial_states(z),
            lengths=lengths,
            seed=seed,
        )
        outputs = self._dropped(tf.transpose(outputs, [1, 0, 2]), seed)
        return self._parameters(fed, outputs, z_steps), flat_states(finals)

    def stepper(self, z: tf.Tensor, dropped: bool = False) -> Callable[..., tuple]:
        """Returns a function of one step; make it outside of the loop.

        It takes previous [B, D], control [B, C], states and a seed to draw dropout from, and
        returns parameters [B, P] and states.

        Args:
            z: [B, Z].
            dropped: whether it will be given seeds.
        """
        fixed = z if self.z_inputs and self.z_size else None
        step_of_stack = self.stack.stepper(fixed, self.fed_size, dropped)

        def step(previous, control, states, seed=None):
            fed = self._fed(previous)
            inputs = fed if control is None else tf.concat([fed, control], axis=-1)
            output, states = step_of_stack(inputs, states, seed)
            return self._parameters(fed, self._dropped(output, seed), z), states

        return step

    def _fed(self, previous):
        return (
            previous[..., : self.fed_size] if self.embedding is None else self.embedding(previous)
        )

    def _inputs(self, fed, z, controls):
        parts = [fed, z] if self.z_inputs else [fed]
        return tf.concat(parts if controls is None else [*parts, controls], axis=-1)

    def _dropped(self, outputs, seed):
        return dropout(outputs, self.output_keep_prob, fold(seed, len(self.stack.units)))

    def _parameters(self, fed, outputs, z):
        if self.skip_inputs:
            outputs = tf.concat([fed, outputs, z], axis=-1)
        return self.output_projection(outputs)


class SplitCore(keras.layers.Layer):
    """A core of its own for each part of the output, which sees that part alone.

    Follows Magenta's `SplitMultiOutLstmDecoder`.

    Args:
        sizes: depths of the parts of the output, which are those of the parameters too.
        args, kwargs: of each core, from `units` on; see `LSTMCore`.
    """

    def __init__(self, sizes: Sequence[Size], *args, **kwargs):
        super().__init__()
        self.sizes = tuple(sizes)
        self.output_size = self.parameter_size = sum(sizes)
        self.cores = [LSTMCore(size, size, *args, **kwargs) for size in sizes]
        self.state_size = sum(core.state_size for core in self.cores)
        self.keep_prob, self.widest = self.cores[0].keep_prob, self.cores[0].widest
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

    def stepper(self, z: tf.Tensor, dropped: bool = False) -> Callable[..., tuple]:
        """Returns a function of one step; see `LSTMCore.stepper`."""
        steps = [core.stepper(z, dropped) for core in self.cores]

        def step(previous, control, states, seed=None):
            parts = tf.split(previous, self.sizes, axis=-1)
            found = [
                core_step(part, control, state, fold(seed, number))
                for number, (core_step, part, state) in enumerate(
                    zip(steps, parts, states, strict=True)
                )
            ]
            return tf.concat([one[0] for one in found], axis=-1), [one[1] for one in found]

        return step


def initial_state_layer(z_size: int, units: Sequence[int]) -> keras.layers.Dense | None:
    """Returns what makes the states of a stack from z; nothing where z has no size."""
    if not z_size:
        return None
    small = keras.initializers.RandomNormal(stddev=0.001)
    return dense(z_size, 2 * sum(units), initializer=small, activation="tanh")


def dense_layer(input_size: int, size: int | None) -> keras.layers.Dense | None:
    """Returns a linear layer that is built; nothing where no size is asked for."""
    return None if size is None else dense(input_size, size)


def states_of(stack: LSTMStack, layer: keras.layers.Dense | None, z: tf.Tensor) -> list[State]:
    """Returns the states of a stack's layers; the layer gives them in the order c, h, c, h, ..."""
    if layer is None:
        return stack.zero_states(tf.shape(z)[0])
    return split_states(layer(z), stack.units)


def split_states(flat: tf.Tensor, units: Sequence[int]) -> list[State]:
    """Returns the states of layers that stand side by side, [B, 2 * sum of units]: c, h, c, ..."""
    parts = tf.split(flat, [size for unit in units for size in (unit, unit)], axis=-1)
    return list(zip(parts[1::2], parts[0::2], strict=True))


def flat_states(states: list[State]) -> tf.Tensor:
    """Returns the states side by side in the order c, h, c, h, ..., [B, 2 * sum of units]."""
    return tf.concat([part for h, c in states for part in (c, h)], axis=-1)
