"""A fast LSTM: everything but the recurrence is done outside the loop, and gates are apart.

The inputs of all steps are projected before the loop, and the gradient of the recurrent kernel is
taken after the backward loop. Each of the four gates has tensors and products of its own: those
of a step then run side by side, and nothing is cut out of or put together to tensors of 4U.
Gates are in Keras' order: input, forget, candidate, output; the forget gate's bias starts at 1.
"""

import contextlib
import contextvars
import math
from collections.abc import Callable, Iterator, Sequence

import keras
import tensorflow as tf

State = tuple[tf.Tensor, tf.Tensor]  # h [B, U], c [B, U]

_FORWARD_ONLY = contextvars.ContextVar("forward_only", default=False)


@contextlib.contextmanager
def forward_only() -> Iterator[None]:
    """What is traced inside has no gradients, and so can be saved without them."""
    token = _FORWARD_ONLY.set(True)
    try:
        yield
    finally:
        _FORWARD_ONLY.reset(token)


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
        return [tf.tensordot(extended, part, axes=1) for part in _by_gate(weights)]

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
        projected = self.project(_turned(inputs, lengths) if reverse else inputs)
        outputs, h, c = _scan(projected, _by_gate(self.recurrent_kernel), h, c, lengths)
        outputs = tf.ensure_shape(outputs, [None, None, self.units])  # lost in the loop
        return _turned(outputs, lengths) if reverse else outputs, (
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
        weights = _by_gate(tf.concat([kernel, self.recurrent_kernel], axis=0))
        shares = _by_gate(share)

        def step(inputs, state):
            h, c = state
            joint = tf.concat([inputs, h], axis=-1)
            pairs = zip(shares, weights, strict=True)
            h, c, _ = _activated([share + tf.matmul(joint, weight) for share, weight in pairs], c)
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
            _projection(size, unit) if residual and (number == 0 or size != unit) else None
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


def _projection(input_size: int, size: int) -> keras.layers.Dense:
    layer = keras.layers.Dense(size)
    layer.build((None, input_size))
    return layer


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


def _by_gate(values: tf.Tensor) -> list[tf.Tensor]:
    """Returns the four parts of [..., 4U]."""
    return tf.split(tf.convert_to_tensor(values), 4, axis=-1)


def _cell(projected, recurrent_kernels, h, c):
    """Returns the next h and c [B, U] and the activated gates, four of [B, U]."""
    pairs = zip(projected, recurrent_kernels, strict=True)
    return _activated([share + tf.matmul(h, kernel) for share, kernel in pairs], c)


def _activated(gates, c):
    """Returns what `_cell` does, of the gates before activation."""
    i, f, j, o = gates
    i, f, j, o = tf.sigmoid(i), tf.sigmoid(f), tf.tanh(j), tf.sigmoid(o)
    c = f * c + i * j
    return o * tf.tanh(c), c, (i, f, j, o)


def _turned(values: tf.Tensor, lengths: tf.Tensor | None) -> tf.Tensor:
    """Returns the valid steps of each row of [T, B, D] from the last to the first."""
    if lengths is None:
        return tf.reverse(values, [0])
    return tf.reverse_sequence(values, lengths, seq_axis=0, batch_axis=1)


def _scan(projected, recurrent_kernels, h0, c0, lengths):
    """Runs the recurrence over four [T, B, U]; returns outputs [T, B, U], the last h and c."""
    if _FORWARD_ONLY.get():
        hs, cs, _ = _forward(projected, recurrent_kernels, h0, c0)
        return hs, *_last(hs, cs, h0, lengths)

    @tf.custom_gradient
    def scan(h0, c0, *given):
        projected, kernels = given[:4], given[4:]
        hs, cs, gates = _forward(projected, kernels, h0, c0)

        def grad(*d_states):
            d_gates, d_h, d_c = _backward(kernels, gates, cs, d_states, lengths)
            d_kernels = [
                _product(hs[:-1], d_gate[1:]) + _product(h0[None], d_gate[:1]) for d_gate in d_gates
            ]
            return d_h, d_c, *d_gates, *d_kernels

        return (hs, *_last(hs, cs, h0, lengths)), grad

    return scan(h0, c0, *projected, *recurrent_kernels)


def _forward(projected, recurrent_kernels, h0, c0):
    """Returns h after each step [T, B, U], an array of c before the first and after each, of gates.

    What the way back reads step by step is not stacked.
    """
    num_steps = tf.shape(projected[0])[0]
    hs, cs = _array(num_steps, h0), _array(num_steps + 1, c0).write(0, c0)
    gates = [_array(num_steps, c0) for _ in range(4)]

    def body(time, h, c, hs, cs, *gates):
        shares = [share[time] for share in projected]
        h, c, found = _cell(shares, recurrent_kernels, h, c)
        gates = [array.write(time, gate) for array, gate in zip(gates, found, strict=True)]
        return time + 1, h, c, hs.write(time, h), cs.write(time + 1, c), *gates

    first = (0, h0, c0, hs, cs, *gates)
    _, _, _, hs, cs, *gates = tf.while_loop(lambda time, *_: time < num_steps, body, first)
    return hs.stack(), cs, gates


def _array(size, like):
    return tf.TensorArray(like.dtype, size, element_shape=like.shape, clear_after_read=False)


def _last(hs, cs, h0, lengths):
    """Returns h and c [B, U] after the last valid step."""
    if lengths is None:
        return hs[-1], cs.read(tf.shape(hs)[0])
    rows = tf.stack([tf.cast(lengths, tf.int32), tf.range(tf.shape(h0)[0])], axis=1)
    h = tf.gather_nd(hs, tf.maximum(rows - [1, 0], 0))
    return tf.where(lengths[:, None] > 0, h, h0), tf.gather_nd(cs.stack(), rows)


def _backward(recurrent_kernels, gates, cs, d_states, lengths):
    """Returns the gradients for the four projected inputs, h0 and c0."""
    d_hs, d_last_h, d_last_c = d_states
    num_steps = tf.shape(d_hs)[0]
    transposed = [tf.transpose(kernel) for kernel in recurrent_kernels]

    def joined(time, d_h, d_c):
        """Adds the last state's gradients where they come in: after `time` steps."""
        if lengths is None:
            return d_h, d_c
        ends = tf.cast(time == lengths, d_h.dtype)[:, None]
        return d_h + ends * d_last_h, d_c + ends * d_last_c

    def body(time, d_h, d_c, *arrays):
        d_h, d_c = joined(time, d_h + d_hs[time - 1], d_c)
        given = [gate.read(time - 1) for gate in gates]
        d_gates, d_c = _cell_gradient(given, cs.read(time), cs.read(time - 1), d_h, d_c)
        d_h = tf.add_n([tf.matmul(*pair) for pair in zip(d_gates, transposed, strict=True)])
        arrays = [a.write(time - 1, d_gate) for a, d_gate in zip(arrays, d_gates, strict=True)]
        return time - 1, d_h, d_c, *arrays

    first = (d_last_h, d_last_c) if lengths is None else (tf.zeros_like(d_last_h),) * 2
    arrays = [_array(num_steps, d_last_h) for _ in gates]
    _, d_h, d_c, *arrays = tf.while_loop(
        lambda time, *_: time > 0, body, (num_steps, *first, *arrays)
    )
    return [array.stack() for array in arrays], *joined(0, d_h, d_c)


def _product(left, right):
    """Returns the sum over steps and rows of [T, B, D] times [T, B, E], [D, E]."""
    left, right = (tf.reshape(values, [-1, values.shape[-1]]) for values in (left, right))
    return tf.matmul(left, right, transpose_a=True)


def _cell_gradient(gates, c, previous_c, d_h, d_c):
    """Returns the gradients for the gates before activation, and for the previous c."""
    i, f, j, o = gates
    tanh_c = tf.tanh(c)
    d_c = d_c + tf.raw_ops.TanhGrad(y=tanh_c, dy=d_h * o)
    d_gates = (
        tf.raw_ops.SigmoidGrad(y=i, dy=d_c * j),
        tf.raw_ops.SigmoidGrad(y=f, dy=d_c * previous_c),
        tf.raw_ops.TanhGrad(y=j, dy=d_c * i),
        tf.raw_ops.SigmoidGrad(y=o, dy=d_h * tanh_c),
    )
    return d_gates, d_c * f
