"""Replicas: one step of training in several places at once, each with its rows of the batch.

Each replica has equally many rows. Outside a strategy of `tf.distribute` there is one replica, and
nothing here changes a number.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf


def num_replicas() -> int:
    """Returns in how many places the step runs."""
    return tf.distribute.get_replica_context().num_replicas_in_sync


def summed(values: Any) -> Any:
    """Returns tensors, in any structure, summed over the replicas; every replica gets the sums."""
    return _reduced(tf.distribute.ReduceOp.SUM, values)


def averaged(values: Any) -> Any:
    """Returns tensors, in any structure, averaged over the replicas."""
    return _reduced(tf.distribute.ReduceOp.MEAN, values)


def own_rows(draw: Callable[[tf.Tensor], tf.Tensor], num_rows: tf.Tensor) -> tf.Tensor:
    """Returns this replica's rows of what is drawn for the whole batch.

    So a row draws the same numbers, however many replicas share the batch.

    Args:
        draw: returns the rows of a batch of a given size, [B, ...].
        num_rows: rows of this replica.
    """
    context = tf.distribute.get_replica_context()
    if context.num_replicas_in_sync == 1:
        return draw(num_rows)
    first = context.replica_id_in_sync_group * num_rows
    return draw(context.num_replicas_in_sync * num_rows)[first : first + num_rows]


def own_seed(seed: tf.Tensor) -> tf.Tensor:
    """Returns a seed, int32 [2], that is another in each replica; the given one where it is alone.

    For what is drawn layer by layer: no two rows of a batch get the same numbers.
    """
    context = tf.distribute.get_replica_context()
    if context.num_replicas_in_sync == 1:
        return seed
    return tf.random.fold_in(seed, context.replica_id_in_sync_group)


def _reduced(operation: tf.distribute.ReduceOp, values: Any) -> Any:
    context = tf.distribute.get_replica_context()
    if context.num_replicas_in_sync == 1:
        return values
    return context.all_reduce(operation, values)
