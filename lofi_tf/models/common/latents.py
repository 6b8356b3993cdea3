"""Latents: an encoding [B, H] to a posterior over z [B, Z]."""

import keras
import tensorflow as tf
import tensorflow_probability as tfp

from lofi_tf.models.layers.dense import dense
from lofi_tf.models.layers.litert_operations import softplus

tfd = tfp.distributions
LOUD_BIAS = -3.0  # softplus(-3) is 0.049
LEAST_STDDEV = 1e-12  # softplus becomes 0 far down, and the KL divergence infinite


class GaussianLatent(keras.layers.Layer):
    """A diagonal Gaussian posterior with a standard normal prior.

    Args:
        input_size: size H of the encoding.
        z_size: size Z of the latent.
        loud: whether training begins with means that tell of the inputs and with deviations of
            0.05, where Magenta's begins with means near 0 and deviations of 0.7. A decoder of
            whole clips hears nothing but noise then, and learns to do without the latent.
    """

    def __init__(self, input_size: int, z_size: int, loud: bool = False):
        super().__init__(name="latent")
        self.z_size = z_size
        first = "glorot_uniform" if loud else _small()
        self.mean = dense(input_size, z_size, "mean", first)
        bias = keras.initializers.Constant(LOUD_BIAS if loud else 0.0)
        self.stddev = dense(input_size, z_size, "stddev", _small(), bias_initializer=bias)
        self.built = True

    def call(self, encoding: tf.Tensor) -> tfd.MultivariateNormalDiag:
        """Returns the posterior; its scale is softplus of a projection, as in Magenta."""
        stddev = tf.maximum(softplus(self.stddev(encoding)), LEAST_STDDEV)
        return tfd.MultivariateNormalDiag(loc=self.mean(encoding), scale_diag=stddev)

    def prior(self) -> tfd.MultivariateNormalDiag:
        """Returns the standard normal prior."""
        return tfd.MultivariateNormalDiag(
            loc=tf.zeros(self.z_size), scale_diag=tf.ones(self.z_size)
        )


def _small() -> keras.initializers.Initializer:
    return keras.initializers.RandomNormal(stddev=0.001)
