"""LSTM layers over a whole sequence at once, or step by step.

Gates are in Keras' order: input, forget, candidate, output; the forget gate's bias starts at 1.
What is done in the loop over time and what outside of it: `recurrence`.
"""

import math
from collections.abc import Callable, Sequence

import keras
import tensorflow as tf

from lofi_tf.models.layers.dense import dense
from lofi_tf.models.layers.recurrence import activated, by_gate, scan, turned

State = tuple[tf.Tensor, tf.Tensor]  # h [B, U], c [B, U]


class LSTM(keras.layers.Layer):
    """One LSTM layer, over a whole sequence at once or step by step.

    Args:
        input_size: depth D of the inputs.
        units: size U of the state.
    """

    def __init__(self, input_size: int, units: int, **kwargs):
        super().__init__(**kwargs)
        self.input_size, self.units = input_size, units
        # Glorot over the joint kernel [x; h], as TF1's LSTM cells have it.
        limit = math.sqrt(6.0 / (input_size + units + 4 * units))
        glorot = keras.initializers.RandomUniform(-limit, limit)
        self.kernel = self.add_weight(
            shape=(input_size, 4 * units), initializer=glorot, name="kernel"
        )
        self.recurrent_kernel = self.add_weight(
            shape=(units, 4 * units), initializer=glorot, name="recurrent_kernel"
        )
        self.bias = self.add_weight(shape=(4 * units,), initializer=_unit_forget_bias, name="bias")
        self.built = True

    def zero_state(self, batch_size: tf.Tensor) -> State:
        """Returns a state of zeros."""
        zeros = tf.zeros([batch_size, self.units])
        return zeros, zeros

    def project(self, inputs: tf.Tensor) -> list[tf.Tensor]:
        """Returns the inputs' share of each gate, [T, B, U] of [T, B, D].

        The bias is one more input, a 1: so its gradient costs no sum of its own.
        """
        extended = tf.concat([inputs, tf.ones_like(inputs[..., :1])], axis=-1)
        weights = tf.concat([self.kernel, self.bias[None]], axis=0)
        return [tf.tensordot(extended, part, axes=1) for part in by_gate(weights)]

    def call(
        self,
        inputs: tf.Tensor,
        initial_state: State | None = None,
        lengths: tf.Tensor | None = None,
        reverse: bool = False,
    ) -> tuple[tf.Tensor, State]:
        """Runs over time-major inputs.

        Args:
            inputs: [T, B, D].
            initial_state: h and c, [B, U] each; zeros if not given.
            lengths: valid steps of each row, [B]; what follows them changes no valid output and
                not the last state.
            reverse: whether to run from the last valid step to the first.

        Returns:
            The hidden state after each step, [T, B, U], and the state after the last valid one.
        """
        h, c = initial_state or self.zero_state(tf.shape(inputs)[1])
        projected = self.project(turned(inputs, lengths) if reverse else inputs)
        outputs, h, c = scan(projected, by_gate(self.recurrent_kernel), h, c, lengths)
        outputs = tf.ensure_shape(outputs, [None, None, self.units])  # lost in the loop
        return turned(outputs, lengths) if reverse else outputs, (
            tf.ensure_shape(h, [None, self.units]),
            tf.ensure_shape(c, [None, self.units]),
        )

    def stepper(
        self, fixed: tf.Tensor | None = None, start: int = 0
    ) -> Callable[[tf.Tensor, State], tuple[tf.Tensor, State]]:
        """Returns a function of one step: inputs [B, D] and a state -> output [B, U], next state.

        What does not change from step to step is done here, once: make it outside of the loop.

        Args:
            fixed: inputs that are the same at each step, [B, F]; the function takes the others,
                [B, D - F].
            start: where they stand among the D.
        """
        kernel, share = tf.convert_to_tensor(self.kernel), tf.convert_to_tensor(self.bias)
        if fixed is not None:
            end = start + fixed.shape[-1]
            share += tf.matmul(fixed, kernel[start:end])  # [B, 4U]
            kernel = tf.concat([kernel[:start], kernel[end:]], axis=0)
        weights = by_gate(tf.concat([kernel, self.recurrent_kernel], axis=0))
        shares = by_gate(share)

        def step(inputs, state):
            h, c = state
            joint = tf.concat([inputs, h], axis=-1)
            pairs = zip(shares, weights, strict=True)
            h, c, _ = activated([share + tf.matmul(joint, weight) for share, weight in pairs], c)
            return h, (h, c)

        return step


class LSTMStack(keras.layers.Layer):
    """LSTM layers one above the other, with dropout on the inputs of each.

    Args:
        input_size: depth D of the inputs.
        units: size of each layer.
        keep_prob: share of each layer's inputs kept in training.
        residual: whether each layer's inputs are added to its outputs; where their sizes differ
            the inputs are projected first (Magenta's `residual_encoder`, `residual_decoder`).
    """

    def __init__(
        self, input_size: int, units: Sequence[int], keep_prob: float = 1.0, residual: bool = False
    ):
        super().__init__()
        self.units, self.keep_prob, self.residual = tuple(units), keep_prob, residual
        sizes = [input_size, *units[:-1]]
        self.projections = [
            dense(size, unit) if residual and (number == 0 or size != unit) else None
            for number, (size, unit) in enumerate(zip(sizes, units, strict=True))
        ]
        self.cells = [
            LSTM(size if projection is None else unit, unit)
            for size, unit, projection in zip(sizes, units, self.projections, strict=True)
        ]
        self.built = True

    def zero_states(self, batch_size: tf.Tensor) -> list[State]:
        """Returns states of zeros."""
        return [cell.zero_state(batch_size) for cell in self.cells]

    def call(
        self,
        inputs: tf.Tensor,
        states: list[State] | None = None,
        lengths: tf.Tensor | None = None,
        reverse: bool = False,
        seed: tf.Tensor | None = None,
    ) -> tuple[tf.Tensor, list[State]]:
        """Runs over time-major inputs [T, B, D]; see `LSTM.call`.

        Returns:
            The last layer's outputs [T, B, U] and the last states of all layers.
        """
        finals = []
        for number, cell in enumerate(self.cells):
            inputs = self._input(number, inputs, seed)
            outputs, final = cell(
                inputs,
                initial_state=None if states is None else states[number],
                lengths=lengths,
                reverse=reverse,
            )
            finals.append(final)
            inputs = outputs + inputs if self.residual else outputs
        return inputs, finals

    def stepper(
        self, fixed: tf.Tensor | None = None, start: int = 0, dropped: bool = False
    ) -> Callable[..., tuple[tf.Tensor, list[State]]]:
        """Returns a function of one step: inputs [B, D], states -> output [B, U], next states.

        Its third argument is a seed to draw dropout from; see `LSTM.stepper`.

        Args:
            fixed: inputs of the first layer that are the same at each step, [B, F].
            start: where they stand among the D.
            dropped: whether it will be given seeds: each step has another part of `fixed` then.
        """
        whole = fixed is not None and (self.residual or (dropped and self.keep_prob < 1.0))
        first = self.cells[0].stepper() if whole else self.cells[0].stepper(fixed, start)
        steps = [first, *(cell.stepper() for cell in self.cells[1:])]

        def step(inputs, states, seed=None):
            if whole:
                inputs = tf.concat([inputs[:, :start], fixed, inputs[:, start:]], axis=-1)
            next_states = []
            for number, (cell_step, state) in enumerate(zip(steps, states, strict=True)):
                inputs = self._input(number, inputs, seed)
                output, state = cell_step(inputs, state)
                next_states.append(state)
                inputs = output + inputs if self.residual else output
            return inputs, next_states

        return step

    def _input(self, number, inputs, seed):
        inputs = dropout(inputs, self.keep_prob, fold(seed, number))
        projection = self.projections[number]
        return inputs if projection is None else projection(inputs)


def dropout(inputs: tf.Tensor, keep_prob: float, seed: tf.Tensor | None) -> tf.Tensor:
    """Returns the inputs with each value kept by `keep_prob` and scaled up, or 0.

    Without a seed nothing is dropped.
    """
    if seed is None or keep_prob >= 1.0:
        return inputs
    return tf.nn.experimental.stateless_dropout(inputs, rate=1.0 - keep_prob, seed=seed)


def fold(seed: tf.Tensor | None, number: int) -> tf.Tensor | None:
    """Returns the seed's `number`-th child, or None without a seed."""
    return None if seed is None else tf.random.fold_in(seed, number)


def _unit_forget_bias(shape: tuple[int], dtype: str | None = None) -> tf.Tensor:
    units = shape[0] // 4
    return tf.concat([tf.zeros(units), tf.ones(units), tf.zeros(2 * units)], axis=0)
