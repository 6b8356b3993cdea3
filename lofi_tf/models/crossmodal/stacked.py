"""A variational autoencoder of vectors, with one layer of latents or several, stacked."""

from collections.abc import Sequence
from typing import NamedTuple

import keras
import tensorflow as tf
import tensorflow_probability as tfp

from lofi_tf.errors import LofiError
from lofi_tf.models.layers.dense import batch_norm, dense
from lofi_tf.models.layers.perceptron import GaussianMoments, Perceptron

tfd = tfp.distributions


class Latents(NamedTuple):
    """What an encoder finds, from the lowest layer up.

    Attributes:
        posteriors: a Gaussian over [B, dims[l]] each.
        draws: z of each, [B, dims[l]].
    """

    posteriors: list[tfd.Distribution]
    draws: list[tf.Tensor]


class StackedVAE(keras.layers.Layer):
    """Encodes vectors to stacked latents, and decodes the lowest of them.

    With L layers q(z_0 | x) q(z_1 | z_0) ... and p(x | z_0) p(z_0 | z_1) ... p(z_top), the last
    being standard normal (Rezende et al. 2014, "Stochastic backpropagation").

    Args:
        input_size: depth D of the vectors.
        output_size: parameters P of what is decoded.
        dims: sizes of the latents, from the lowest up.
        hidden_dims: units of the hidden layers at each latent.
        hidden_num: how many hidden layers there are at each.
        name: of the layer.

    Raises:
        LofiError: not as many of each.
    """

    def __init__(
        self,
        input_size: int,
        output_size: int,
        dims: Sequence[int],
        hidden_dims: Sequence[int],
        hidden_num: Sequence[int],
        name: str,
    ):
        super().__init__(name=name)
        if not len(dims) == len(hidden_dims) == len(hidden_num):
            raise LofiError(
                "dims, hidden_dims and hidden_num must have a number for each latent layer. "
                f"Received: {list(dims)}, {list(hidden_dims)} and {list(hidden_num)}"
            )
        self.dims = list(dims)
        self.input_norm = batch_norm(input_size, "input_norm", center=False, scale=False)
        self.encoders, self.moments, self.decoders, self.priors = [], [], [], []
        below = [input_size, *dims]
        for layer, (units, count) in enumerate(zip(hidden_dims, hidden_num, strict=True)):
            up = Perceptron(below[layer], [units] * count, f"encoder_{layer}")
            self.encoders.append(up)
            self.moments.append(GaussianMoments(up.output_size, dims[layer], f"moments_{layer}"))
            down = Perceptron(dims[layer], [units] * count, f"decoder_{layer}")
            self.decoders.append(down)
            if layer:
                prior = GaussianMoments(down.output_size, dims[layer - 1], f"prior_{layer}")
                self.priors.append(prior)
        self.out = dense(self.decoders[0].output_size, output_size, "out")
        self.built = True

    def encode(
        self, inputs: tf.Tensor, noise: tf.Tensor | None = None, training: bool = False
    ) -> Latents:
        """Returns the latents of vectors [B, D].

        Args:
            inputs: the vectors.
            noise: standard normal [B, sum(dims)]; posteriors' means are taken where it is None.
            training: whether batch normalisation goes by the batch.
        """
        values, posteriors, draws = self.input_norm(inputs, training=training), [], []
        parts = [None] * len(self.dims) if noise is None else tf.split(noise, self.dims, axis=-1)
        for encoder, moments, part in zip(self.encoders, self.moments, parts, strict=True):
            posterior = moments(encoder(values, training=training))
            draw = posterior.mean()
            if part is not None:
                draw += posterior.stddev() * part
            posteriors.append(posterior)
            draws.append(draw)
            values = draw
        return Latents(posteriors, draws)

    def decode(self, z: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Returns the parameters [B, P] of the lowest latents [B, dims[0]]."""
        return self.out(self.decoders[0](z, training=training))

    def kl_nats(self, latents: Latents, training: bool = False) -> tf.Tensor:
        """Returns the KL divergence of the posteriors from their priors, in nats [B]."""
        total = 0.0
        for layer, posterior in enumerate(latents.posteriors):
            if layer + 1 < len(self.dims):
                above = latents.draws[layer + 1]
                prior = self.priors[layer](self.decoders[layer + 1](above, training=training))
            else:
                size = self.dims[layer]
                prior = tfd.MultivariateNormalDiag(tf.zeros([size]), tf.ones([size]))
            total += posterior.kl_divergence(prior)
        return total

    def lowest(self, noise: tf.Tensor) -> tf.Tensor:
        """Returns draws of the prior of the lowest latents, of standard normal [B, sum(dims)]."""
        parts = tf.split(noise, self.dims, axis=-1)
        z = parts[-1]
        for layer in range(len(self.dims) - 1, 0, -1):
            prior = self.priors[layer - 1](self.decoders[layer](z))
            z = prior.mean() + prior.stddev() * parts[layer - 1]
        return z
