"""The one loop over time in which a model feeds on its own outputs."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

State = Any  # a nest of tensors [B, ...]


def unroll(
    step: Callable[[tf.Tensor, tf.Tensor, State], tuple[tf.Tensor, tf.Tensor, State]],
    first: tf.Tensor,
    state: State,
    num_steps: tf.Tensor,
    emitted_size: int,
) -> tuple[tf.Tensor, tf.Tensor, State]:
    """Runs `step` over time, each step fed with what the last one chose.

    Keras runs no AutoGraph inside layers, so the loop is a `tf.while_loop`.

    Args:
        step: `(time, previous, state) -> (emitted [B, E], next previous, state)`.
        first: what the first step is fed, [B, D].
        state: the state before the first step.
        num_steps: steps T to run.
        emitted_size: size E.

    Returns:
        What was emitted, [B, T, E], what a further step would be fed, and the last state.
    """
    emitted = tf.TensorArray(tf.float32, num_steps, element_shape=[first.shape[0], emitted_size])

    def body(time, previous, state, emitted):
        out, *new = step(time, previous, state)
        return time + 1, *shaped_like(new, [previous, state]), emitted.write(time, out)

    _, previous, state, emitted = tf.while_loop(
        lambda time, *_: time < num_steps, body, (0, first, state, emitted)
    )
    stacked = tf.ensure_shape(emitted.stack(), [None, None, emitted_size])  # [T, B, E]
    return tf.transpose(stacked, [1, 0, 2]), previous, state


def shaped_like(new: State, old: State) -> State:
    """Returns what a loop goes on with, known to have the shapes of what it began with.

    TensorFlow forgets a batch of one where it is combined with others of unknown size, and takes no
    loop whose shapes change.
    """
    for one, other in zip(tf.nest.flatten(new), tf.nest.flatten(old), strict=True):
        one.set_shape(other.shape)
    return new
