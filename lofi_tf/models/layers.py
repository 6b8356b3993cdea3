"""What networks of plain Keras layers share."""

import keras


def built(layer: keras.layers.Layer, shape: tuple) -> keras.layers.Layer:
    """Returns a layer with its weights made, for inputs of a shape."""
    layer.build(shape)
    return layer
