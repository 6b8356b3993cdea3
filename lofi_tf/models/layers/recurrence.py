"""The recurrence of an LSTM: nothing else is in its loops, and gates are apart.

The inputs of all steps are projected before the loop, and the gradient of the recurrent kernel is
taken after the backward loop. Each of the four gates has tensors and products of its own: those
of a step then run side by side, and nothing is cut out of or put together to tensors of 4U.
"""

import contextlib
import contextvars
from collections.abc import Iterator, Sequence

import tensorflow as tf

_FORWARD_ONLY = contextvars.ContextVar("forward_only", default=False)


@contextlib.contextmanager
def forward_only() -> Iterator[None]:
    """What is traced inside has no gradients, and so can be saved without them."""
    token = _FORWARD_ONLY.set(True)
    try:
        yield
    finally:
        _FORWARD_ONLY.reset(token)


def by_gate(values: tf.Tensor) -> list[tf.Tensor]:
    """Returns the four parts of [..., 4U]."""
    return tf.split(tf.convert_to_tensor(values), 4, axis=-1)


def _cell(projected, recurrent_kernels, h, c):
    """Returns the next h and c [B, U] and the activated gates, four of [B, U]."""
    pairs = zip(projected, recurrent_kernels, strict=True)
    return activated([share + tf.matmul(h, kernel) for share, kernel in pairs], c)


def activated(
    gates: Sequence[tf.Tensor], c: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor, tuple[tf.Tensor, ...]]:
    """Returns the next h and c and the activated gates of those before activation, [B, U] each."""
    i, f, j, o = gates
    i, f, j, o = tf.sigmoid(i), tf.sigmoid(f), tf.tanh(j), tf.sigmoid(o)
    c = f * c + i * j
    return o * tf.tanh(c), c, (i, f, j, o)


def turned(values: tf.Tensor, lengths: tf.Tensor | None) -> tf.Tensor:
    """Returns the valid steps of each row of [T, B, D] from the last to the first."""
    if lengths is None:
        return tf.reverse(values, [0])
    return tf.reverse_sequence(values, lengths, seq_axis=0, batch_axis=1)


def scan(
    projected: Sequence[tf.Tensor],
    recurrent_kernels: Sequence[tf.Tensor],
    h0: tf.Tensor,
    c0: tf.Tensor,
    lengths: tf.Tensor | None,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Runs the recurrence.

    Args:
        projected: the inputs' share of each gate, four of [T, B, U].
        recurrent_kernels: of each gate, four of [U, U].
        h0: of the state before the first step, [B, U].
        c0: of the same.
        lengths: valid steps of each row, [B]; all if not given.

    Returns:
        Outputs [T, B, U], and h and c [B, U] after the last valid step.
    """
    if _FORWARD_ONLY.get():
        return _outputs(projected, recurrent_kernels, h0, c0, lengths)

    @tf.custom_gradient
    def differentiable(h0, c0, *given):
        projected, kernels = given[:4], given[4:]
        hs, cs, gates = _forward(projected, kernels, h0, c0)

        def grad(*d_states):
            d_gates, d_h, d_c = _backward(kernels, gates, cs, d_states, lengths)
            d_kernels = [
                _product(hs[:-1], d_gate[1:]) + _product(h0[None], d_gate[:1]) for d_gate in d_gates
            ]
            return d_h, d_c, *d_gates, *d_kernels

        return (hs, *_last(hs, cs, h0, lengths)), grad

    return differentiable(h0, c0, *projected, *recurrent_kernels)


def _outputs(projected, recurrent_kernels, h0, c0, lengths):
    """Returns what `scan` does; nothing is kept for a way back.

    The outputs' array begins as the inputs' share: zeros of its size would be stored in a graph.
    """
    num_steps = tf.shape(projected[0])[0]

    def body(time, h, c, last_h, last_c, hs):
        h, c, _ = _cell([share[time] for share in projected], recurrent_kernels, h, c)
        last = h, c
        if lengths is not None:
            counts = (time < tf.cast(lengths, tf.int32))[:, None]
            last = tf.where(counts, h, last_h), tf.where(counts, c, last_c)
        return time + 1, h, c, *last, hs.write(time, h)

    first = (0, h0, c0, h0, c0, _array(num_steps, h0).unstack(projected[0]))
    _, _, _, h, c, hs = tf.while_loop(lambda time, *_: time < num_steps, body, first)
    return hs.stack(), h, c


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
