"""The decoder of clips and its Gaussian head: sound in one go, nothing fed back."""

import math

import keras
import tensorflow as tf

from lofi_tf.models.common.losses import Parts, sum_valid
from lofi_tf.models.sound.sound_head import SoundHead

LEAST_LOG_SIGMA = -7.0


class ClipDecoder(keras.layers.Layer):
    """Decodes z [B, Z] to a whole clip at once.

    Args:
        net: z to parameters [B, T, P].
        head: what they mean.

    Attributes:
        row_counts: see `LSTMDecoder`.
    """

    row_counts = (64, 16)

    def __init__(self, net: keras.layers.Layer, head: keras.layers.Layer):
        super().__init__(name="decoder")
        self.net, self.head = net, head
        self.built = True

    def call(
        self,
        z: tf.Tensor,
        targets: tf.Tensor,
        lengths: tf.Tensor,
        controls: tf.Tensor | None = None,
        seed: tf.Tensor | None = None,
        sampling_probability: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """Returns the head's parameters [B, T, P] of z [B, Z]; nothing else changes them."""
        return self.net(z)

    def generate(
        self,
        z: tf.Tensor,
        length: tf.Tensor,
        temperature: tf.Tensor,
        noise: tf.Tensor,
        controls: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """Returns the mean clips [B, T, C]; temperature and noise change nothing.

        The noise of a sample's own Gaussian would be heard as hiss.
        """
        return self.head.mean(self.net(z))[:, :length]


class GaussianHead(SoundHead):
    """Values whose mean is a tanh, with one standard deviation that is learned.

    A fixed deviation would weigh reconstruction against KL by chance; the learned one is the
    optimal one (Rybkin et al. 2021, "Simple and Effective VAE Training with Calibrated Decoders").

    Args:
        output_size: depth C.
        bounded: whether means are bounded to [-1, 1] by a tanh.
        log_sigma: the natural logarithm of the deviation that training begins with. Adam moves it
            by no more than the learning rate a step; where it begins far above the errors, the KL
            divergence outweighs the reconstruction for thousands of steps, and nothing is learned.
    """

    def __init__(self, output_size: int, bounded: bool = True, log_sigma: float = -1.0):
        super().__init__()
        self.output_size = self.parameter_size = output_size
        self.noise_size, self.bounded = 0, bounded
        self.log_sigma = self.add_weight(
            shape=(), initializer=keras.initializers.Constant(log_sigma), name="log_sigma"
        )
        self.built = True

    def mean(self, parameters: tf.Tensor) -> tf.Tensor:
        return tf.tanh(parameters) if self.bounded else parameters

    def losses(self, parameters: tf.Tensor, targets: tf.Tensor, lengths: tf.Tensor) -> Parts:
        """Returns the negative log likelihood in nats, [B], summed over valid steps."""
        log_sigma = tf.maximum(tf.convert_to_tensor(self.log_sigma), LEAST_LOG_SIGMA)
        errors = tf.square(targets - self.mean(parameters)) * tf.exp(-2.0 * log_sigma)
        nats = 0.5 * errors + log_sigma + 0.5 * math.log(2.0 * math.pi)
        return {"negative_log_likelihood": sum_valid(nats, lengths)}

    def sample(self, parameters: tf.Tensor, temperature: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        """Returns the means, [B, C]."""
        return self.mean(parameters)
