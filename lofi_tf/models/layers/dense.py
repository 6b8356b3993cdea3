"""What networks of plain Keras layers share."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from lofi_tf.errors import LofiError


def built(layer: keras.layers.Layer, shape: tuple) -> keras.layers.Layer:
    """Returns a layer with its weights made, for inputs of a shape."""
    layer.build(shape)
    return layer


def check_as_many(strides: Sequence[int], channels: Sequence[int]) -> None:
    """Refuses strides and channels of convolutions that are not as many."""
    if len(strides) != len(channels):
        raise LofiError(
            f"strides and channels must be as many. Received: {list(strides)} and {list(channels)}"
        )


def dense(
    input_size: int, size: int, name: str | None = None, initializer="glorot_uniform", **options
) -> keras.layers.Dense:
    """Returns a dense layer, its weights drawn."""
    layer = keras.layers.Dense(size, kernel_initializer=initializer, name=name, **options)
    return built(layer, (None, input_size))


def convolution(
    input_size: int,
    size: int,
    width: int,
    stride: int = 1,
    name: str | None = None,
    initializer="he_normal",
    kind: type = keras.layers.Conv1D,
) -> keras.layers.Layer:
    """Returns a layer of a kind of convolutions, its weights drawn; it pads as "same" does."""
    layer = kind(size, width, stride, "same", kernel_initializer=initializer, name=name)
    return built(layer, (*[None] * (layer.rank + 1), input_size))


def batch_norm(size: int, name: str, **options: Any) -> keras.layers.BatchNormalization:
    """Returns a built batch normalisation, by the statistics of all replicas in a strategy's scope.

    Keras computes these in another way, so that it is asked for them there alone.
    """
    options = {"momentum": 0.95, "synchronized": tf.distribute.has_strategy(), **options}
    return built(keras.layers.BatchNormalization(name=name, **options), (None, size))
