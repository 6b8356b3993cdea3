"""Multi-layer perceptrons, and Gaussians whose moments they give."""

from collections.abc import Sequence

import keras
import tensorflow as tf
import tensorflow_probability as tfp

from lofi_tf.models.layers.dense import batch_norm, dense
from lofi_tf.models.layers.litert_operations import softplus

tfd = tfp.distributions


class Perceptron(keras.layers.Layer):
    """Dense layers with batch normalisation and ReLU; those of equal sizes are residual.

    Args:
        input_size: depth of the input.
        sizes: units of each layer.
        name: of the layer.
        normalised: whether there is batch normalisation.
    """

    def __init__(self, input_size: int, sizes: Sequence[int], name: str, normalised: bool = True):
        super().__init__(name=name)
        self.output_size = sizes[-1] if sizes else input_size
        self.dense, self.norms = [], []
        for number, (size, units) in enumerate(zip([input_size, *sizes], sizes, strict=False)):
            self.dense.append(dense(size, units, f"dense_{number}"))
            self.norms.append(batch_norm(units, f"norm_{number}") if normalised else None)
        self.built = True

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Returns hidden vectors [B, H]."""
        values = inputs
        for layer, norm in zip(self.dense, self.norms, strict=True):
            hidden = layer(values)
            if norm is not None:
                hidden = norm(hidden, training=training)
            hidden = tf.nn.relu(hidden)
            values = hidden + values if hidden.shape[-1] == values.shape[-1] else hidden
        return values


class GaussianMoments(keras.layers.Layer):
    """A diagonal Gaussian of a hidden vector; its scale is the softplus of a projection.

    Args:
        input_size: size of the hidden vector.
        size: of the Gaussian.
        name: of the layer.
    """

    def __init__(self, input_size: int, size: int, name: str):
        super().__init__(name=name)
        # Small at first: divergences between Gaussians far apart would drown all else.
        small = keras.initializers.RandomNormal(stddev=0.001)
        self.mean = dense(input_size, size, "mean", small)
        self.scale = dense(input_size, size, "scale", small)
        self.built = True

    def call(self, hidden: tf.Tensor) -> tfd.MultivariateNormalDiag:
        """Returns the Gaussian over [B, size]."""
        scale = softplus(self.scale(hidden)) + 1e-4
        return tfd.MultivariateNormalDiag(loc=self.mean(hidden), scale_diag=scale)
