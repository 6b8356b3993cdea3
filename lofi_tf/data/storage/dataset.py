"""Batches for training and evaluation: everything random is drawn here, anew each epoch.

What a training batch holds is a pure function of the seed and the step: a run that goes on from
step n sees the batches that the unbroken run saw from there on.
"""

import os
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from lofi_tf.data.converters.base import Converter
from lofi_tf.data.model_inputs.view import to_model
from lofi_tf.data.storage.examples import Examples
from lofi_tf.errors import LofiError

ROWS_A_READ = 64  # examples on disk that are read at once
NUM_PARALLEL = os.cpu_count() or 1  # examples that are viewed at once

# (index, int64 seed [2]) -> indexes of the examples that are mixed
Mixer = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


class Share(NamedTuple):
    """The rows of each batch that one of several machines takes, in equal pieces in turn."""

    first: int
    num_rows: int
    num_pieces: int = 1


def training_batches(
    examples: Examples,
    converter: Converter,
    batch_size: int,
    max_seq_len: int,
    seed: int = 0,
    first_step: int = 0,
    num_steps: int | None = None,
    share: Share | None = None,
) -> tf.data.Dataset:
    """Returns shuffled batches by the converter's `model_spec`, epochs one after the other.

    A batch may hold the end of one epoch and the start of the next, as in Magenta.

    Args:
        examples: N of them, at least a batch.
        converter: what turns them into the model's view.
        batch_size: examples B a batch.
        max_seq_len: steps T; longer examples are cut, shorter ones padded with zeros.
        seed: of the order and of all random transformations.
        first_step: the first batch's step.
        num_steps: the step to end before; never if not given.
        share: the rows of each batch to return; all if not given.

    Raises:
        LofiError: fewer examples than a batch.
    """
    if len(examples) < batch_size:
        raise LofiError(
            f"{len(examples)} examples are fewer than a batch of {batch_size}. Allowed: a "
            f"batch_size of at most {len(examples)}, by --hparams=batch_size={len(examples)}"
        )
    last, mix = len(examples) - 1, mixer_of(examples, converter)

    first, num_rows, num_pieces = share or Share(0, batch_size)

    def choice_at(number):
        position = number // num_rows * batch_size + first + number % num_rows
        epoch, place = position // len(examples), position % len(examples)
        order_seed = tf.stack([tf.constant(seed, tf.int64), epoch])
        index = tf.random.experimental.index_shuffle(place, order_seed, max_index=last)
        if mix is not None:
            index = mix(index, tf.stack([tf.constant(seed, tf.int64), position]))
        return index, tf.stack([tf.constant(seed), tf.cast(position % (2**31 - 1), tf.int32)])

    def view(example, drawn):
        return fit(to_model(converter, example, True, drawn), max_seq_len)

    end = tf.int64.max if num_steps is None else num_steps * num_rows
    numbers = tf.data.Dataset.range(first_step * num_rows, end)
    views = _views(examples, numbers, choice_at, view)
    return _untuned(views.batch(num_rows // num_pieces, drop_remainder=True).prefetch(2))


def evaluation_batches(
    examples: Examples, converter: Converter, batch_size: int, max_seq_len: int
) -> tf.data.Dataset:
    """Returns every example once, in order, the same each time; the last batch may be short.

    Nothing random is drawn but, for converters that mix, what each example is mixed with.
    """
    mix = mixer_of(examples, converter)

    def itself(index):
        return index, tf.zeros([2], tf.int32)

    def mixture(index):  # whose parts and frames are drawn, but the same each time
        chosen = mix(index, tf.stack([tf.constant(0, tf.int64), index]))
        return chosen, tf.cast(tf.stack([index, tf.constant(1, tf.int64)]), tf.int32)

    def view(example, drawn):
        return fit(to_model(converter, example, False, drawn), max_seq_len)

    if mix is None:
        views = _views(examples, tf.data.Dataset.range(len(examples)), itself, view)
    else:
        known = np.flatnonzero(converter.groups_of(examples.arrays) >= 0)
        views = _views(examples, tf.data.Dataset.from_tensor_slices(known), mixture, view)
    return _untuned(views.batch(batch_size).prefetch(2))


def _untuned(batches: tf.data.Dataset) -> tf.data.Dataset:
    """Returns batches without the thread that tunes them: ending it takes up to a minute."""
    options = tf.data.Options()
    options.autotune.enabled = False
    return batches.with_options(options)


def _views(
    examples: Examples, positions: tf.data.Dataset, choice_at: Callable, view: Callable
) -> tf.data.Dataset:
    """Returns the model's view at each position; examples on disk are read some rows at a time.

    `choice_at` makes of a position (indexes of examples, int32 seed [2]), `view` of (example or
    examples, seed) what the model sees.
    """
    if not examples.on_disk:
        arrays = {name: tf.constant(array) for name, array in examples.arrays.items()}

        def view_at(position):
            chosen, drawn = choice_at(position)
            return view({name: tf.gather(array, chosen) for name, array in arrays.items()}, drawn)

        return positions.map(view_at, num_parallel_calls=NUM_PARALLEL)

    def read(chosen, drawn):
        arrays = examples.arrays.values()
        types = [tf.as_dtype(array.dtype) for array in arrays]
        rows = tf.numpy_function(lambda i: [array[i] for array in arrays], [chosen], types)
        for row, array in zip(rows, arrays, strict=True):
            row.set_shape([*chosen.shape, *array.shape[1:]])
        return dict(zip(examples.arrays, rows, strict=True)), drawn

    choices = positions.map(choice_at, num_parallel_calls=NUM_PARALLEL).batch(ROWS_A_READ)
    rows = choices.map(read).prefetch(2).unbatch()
    return rows.map(view, num_parallel_calls=NUM_PARALLEL)


def model_view(examples: Examples, converter: Converter, max_seq_len: int) -> dict[str, np.ndarray]:
    """Returns all examples as the model sees them, nothing random drawn, [N, ...] each."""
    batches = evaluation_batches(examples, converter, max(1, len(examples)), max_seq_len)
    return {name: value.numpy() for name, value in next(iter(batches)).items()}


def mixer_of(examples: Examples, converter: Converter) -> Mixer | None:
    """Returns what mixes examples, where the converter has groups of them; else None.

    A mixture is one example of each group: the given one of its own, and of the others what a seed
    draws. Where the given one is in no group, one of every group is drawn.

    Raises:
        LofiError: a group without examples.
    """
    if not converter.groups:
        return None
    groups = converter.groups_of(examples.arrays)
    members = [np.flatnonzero(groups == number) for number in range(len(converter.groups))]
    lacking = [
        name for name, group in zip(converter.groups, members, strict=True) if not len(group)
    ]
    if lacking:
        raise LofiError(
            f"none of the {len(examples)} examples is of {' or of '.join(lacking)}, and mixtures "
            "are of all instruments: prepare more, or with another --validation_split, or leave "
            "instruments out by --hparams=instruments=[...]"
        )
    counts = tf.constant([len(group) for group in members])
    table = tf.ragged.constant([group.tolist() for group in members], tf.int64).to_tensor()
    group_of = tf.constant(groups)

    def mix(index: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        uniform = tf.random.stateless_uniform([len(members)], seed)
        places = tf.cast(uniform * tf.cast(counts, tf.float32), tf.int32)
        drawn = tf.gather(table, tf.minimum(places, counts - 1), batch_dims=1)
        own = tf.range(len(members), dtype=group_of.dtype) == group_of[index]
        return tf.where(own, tf.cast(index, tf.int64), drawn)

    return mix


def fit(example: dict[str, tf.Tensor], max_seq_len: int) -> dict[str, tf.Tensor]:
    """Returns the example cut or padded to `max_seq_len` steps."""
    fitted = {"length": tf.minimum(example["length"], max_seq_len)}
    for name in example.keys() - {"length"}:
        value = example[name][:max_seq_len]
        missing = max_seq_len - tf.shape(value)[0]
        value = tf.pad(value, [[0, missing], [0, 0]])
        fitted[name] = tf.ensure_shape(value, [max_seq_len, value.shape[-1]])
    return fitted
