"""A fast LSTM: everything but the recurrence is done outside the loop.

The inputs of all steps are projected by one matmul before the loop, and the gradient of the
recurrent kernel is one matmul after the backward loop. Gates are in Keras' order: input, forget,
candidate, output; the forget gate's bias starts at 1.
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

    def project(self, inputs: tf.Tensor) -> tf.Tensor:
        """Returns the inputs' share of the gates, [..., 4U] of [..., D]."""
        return tf.tensordot(inputs, self.kernel, axes=1) + self.bias

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
            lengths: valid steps of each row, [B]; beyond them the state stays as it is.
            reverse: whether to run from the last step to the first.

        Returns:
            The hidden state after each step, [T, B, U], and the last state.
        """
        h, c = initial_state or self.zero_state(tf.shape(inputs)[1])
        recurrent_kernel = tf.convert_to_tensor(self.recurrent_kernel)
        outputs, h, c = _scan(self.project(inputs), recurrent_kernel, h, c, lengths, reverse)
        outputs = tf.ensure_shape(outputs, [None, None, self.units])  # lost in the loop
        return outputs, (
            tf.ensure_shape(h, [None, self.units]),
            tf.ensure_shape(c, [None, self.units]),
        )

    def step(self, inputs: tf.Tensor, state: State) -> tuple[tf.Tensor, State]:
        """Runs one step: inputs [B, D] -> output [B, U] and the next state."""
        h, c, _ = _cell(self.project(inputs), tf.convert_to_tensor(self.recurrent_kernel), *state)
        return h, (h, c)


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

    def step(
        self, inputs: tf.Tensor, states: list[State], seed: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, list[State]]:
        """Runs one step: inputs [B, D] -> output [B, U] and the next states."""
        next_states = []
        for number, (cell, state) in enumerate(zip(self.cells, states, strict=True)):
            inputs = self._input(number, inputs, seed)
            output, state = cell.step(inputs, state)
            next_states.append(state)
            inputs = output + inputs if self.residual else output
        return inputs, next_states

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


def _cell(projected, recurrent_kernel, h, c):
    """Returns the next h and c [B, U] and the activated gates [B, 4U]."""
    gates = projected + tf.matmul(h, recurrent_kernel)
    i, f, j, o = tf.split(gates, 4, axis=-1)
    i, f, j, o = tf.sigmoid(i), tf.sigmoid(f), tf.tanh(j), tf.sigmoid(o)
    c = f * c + i * j
    return o * tf.tanh(c), c, tf.concat([i, f, j, o], axis=-1)


def _scan(projected, recurrent_kernel, h0, c0, lengths, reverse):
    """Runs the recurrence over [T, B, 4U]; returns outputs [T, B, U] and the last h and c."""
    num_steps = tf.shape(projected)[0]

    def time_of(n):
        return num_steps - 1 - n if reverse else n

    def valid_at(time):
        return None if lengths is None else tf.cast(time < lengths, projected.dtype)[:, None]

    last = time_of(num_steps - 1)
    if _FORWARD_ONLY.get():
        hs, cs, _ = _forward(projected, recurrent_kernel, h0, c0, time_of, valid_at)
        return hs, hs[last], cs[last]

    @tf.custom_gradient
    def scan(projected, recurrent_kernel, h0, c0):
        hs, cs, gates = _forward(projected, recurrent_kernel, h0, c0, time_of, valid_at)

        def grad(d_hs, d_h, d_c):
            previous = _previous(hs, h0, reverse), _previous(cs, c0, reverse)
            return _backward(
                recurrent_kernel, gates, cs, previous, (d_hs, d_h, d_c), time_of, valid_at
            )

        return (hs, hs[last], cs[last]), grad

    return scan(projected, recurrent_kernel, h0, c0)


def _previous(states, first, reverse):
    """Returns the state before each step [T, B, U]."""
    if reverse:
        return tf.concat([states[1:], first[None]], axis=0)
    return tf.concat([first[None], states[:-1]], axis=0)


def _forward(projected, recurrent_kernel, h0, c0, time_of: Callable, valid_at: Callable):
    num_steps = tf.shape(projected)[0]
    arrays = [
        tf.TensorArray(projected.dtype, num_steps, element_shape=s)
        for s in (h0.shape, c0.shape, projected.shape[1:])
    ]

    def body(n, h, c, hs, cs, all_gates):
        time = time_of(n)
        next_h, next_c, gates = _cell(projected[time], recurrent_kernel, h, c)
        valid = valid_at(time)
        if valid is not None:
            next_h = valid * next_h + (1.0 - valid) * h
            next_c = valid * next_c + (1.0 - valid) * c
        return (
            n + 1,
            next_h,
            next_c,
            hs.write(time, next_h),
            cs.write(time, next_c),
            all_gates.write(time, gates),
        )

    loop = tf.while_loop(lambda n, *_: n < num_steps, body, (0, h0, c0, *arrays))
    return tuple(array.stack() for array in loop[3:])


def _backward(recurrent_kernel, gates, cs, previous, d_states, time_of, valid_at):
    """Returns the gradients for the projected inputs, the recurrent kernel, h0 and c0."""
    previous_hs, previous_cs = previous
    d_hs, d_h, d_c = d_states
    num_steps = tf.shape(gates)[0]
    array = tf.TensorArray(gates.dtype, num_steps, element_shape=gates.shape[1:])
    transposed_kernel = tf.transpose(recurrent_kernel)

    def body(n, d_h, d_c, d_gates):
        time = time_of(num_steps - 1 - n)
        d_h = d_h + d_hs[time]
        valid = valid_at(time)
        live_h, live_c = (d_h, d_c) if valid is None else (valid * d_h, valid * d_c)
        d_gate, live_c = _cell_gradient(gates[time], cs[time], previous_cs[time], live_h, live_c)
        live_h = tf.matmul(d_gate, transposed_kernel)
        if valid is not None:
            live_h += (1.0 - valid) * d_h
            live_c += (1.0 - valid) * d_c
        return n + 1, live_h, live_c, d_gates.write(time, d_gate)

    _, d_h, d_c, d_gates = tf.while_loop(lambda n, *_: n < num_steps, body, (0, d_h, d_c, array))
    d_gates = d_gates.stack()  # [T, B, 4U]
    d_kernel = tf.matmul(_flat(previous_hs), _flat(d_gates), transpose_a=True)
    return d_gates, d_kernel, d_h, d_c


def _flat(values):
    return tf.reshape(values, [-1, values.shape[-1]])  # [T * B, D]


def _cell_gradient(gates, c, previous_c, d_h, d_c):
    """Returns the gradients for the gates before activation [B, 4U] and the previous c."""
    i, f, j, o = tf.split(gates, 4, axis=-1)
    tanh_c = tf.tanh(c)
    d_c = d_c + d_h * o * (1.0 - tanh_c * tanh_c)
    d_gates = tf.concat(
        [
            d_c * j * i * (1.0 - i),
            d_c * previous_c * f * (1.0 - f),
            d_c * i * (1.0 - j * j),
            d_h * tanh_c * o * (1.0 - o),
        ],
        axis=-1,
    )
    return d_gates, d_c * f
