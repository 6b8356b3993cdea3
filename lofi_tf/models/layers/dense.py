"""What networks of plain Keras layers share."""

from typing import Any

import keras
import tensorflow as tf


def built(layer: keras.layers.Layer, shape: tuple) -> keras.layers.Layer:
    """Returns a layer with its weights made, for inputs of a shape."""
    layer.build(shape)
    return layer


def batch_norm(size: int, name: str, **options: Any) -> keras.layers.BatchNormalization:
    """Returns a built batch normalisation, by the statistics of all replicas in a strategy's scope.

    Keras computes these in another way, so that it is asked for them there alone.
    """
    options = {"momentum": 0.95, "synchronized": tf.distribute.has_strategy(), **options}
    return built(keras.layers.BatchNormalization(name=name, **options), (None, size))
