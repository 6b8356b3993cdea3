"""The VAE: an encoder, a latent, a decoder and a head."""

from typing import Any

import keras
import tensorflow as tf

from lofi_tf.config import TrainingConfig, VAEConfig
from lofi_tf.models.common.latent_model import Batch, Draws, LatentModel
from lofi_tf.models.common.losses import Parts
from lofi_tf.models.layers.lstm import fold
from lofi_tf.models.sequence.components import (
    build_control_preprocessing,
    build_decoder,
    build_encoder,
    build_latent,
)
from lofi_tf.models.sequence.decoders import GivenCells, LSTMDecoder, no_noise
from lofi_tf.models.sequence.groove_head import GrooveMixtureHead
from lofi_tf.models.sequence.heads import GrooveHead
from lofi_tf.models.sound.adversarial import Adversarial, Pair
from lofi_tf.models.sound.discriminators import build_discriminator


@keras.saving.register_keras_serializable(package="lofi_tf")
class MusicVAE(LatentModel):
    """A variational autoencoder of sequences.

    Follows Roberts et al. 2018, "A Hierarchical Latent Vector Model for Learning Long-Term
    Structure in Music", and Magenta's `MusicVAE`.

    Args:
        model, training, seed, first_step: see `LatentModel`.
        input_size, output_size, control_size: depths of what the converter gives.
        end_token: class that ends a sequence, None where none does.
    """

    def __init__(
        self,
        model: VAEConfig,
        training: TrainingConfig,
        input_size: int,
        output_size: int,
        control_size: int = 0,
        end_token: int | None = None,
        seed: int = 0,
        first_step: int = 0,
    ):
        super().__init__(model, training, seed, first_step, "music_vae")
        discriminator = build_discriminator(model.discriminator)
        self.input_size, self.output_size = input_size, output_size
        self.control_size, self.end_token = control_size, end_token
        self.encoder = self.latent = None
        if model.z_size:
            self.encoder = build_encoder(model, input_size + control_size)
            self.latent = build_latent(self.encoder, model.z_size)
        self.control_preprocessing = build_control_preprocessing(model, control_size)
        self.decoder = build_decoder(
            model, output_size, self._prepared_size(), end_token, self.encoder
        )
        self.discriminator = discriminator
        self.built = True

    def get_config(self) -> dict[str, Any]:
        names = ("input_size", "output_size", "control_size", "end_token")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}

    def encode(
        self,
        inputs: tf.Tensor,
        lengths: tf.Tensor,
        controls: tf.Tensor | None = None,
        seed: tf.Tensor | None = None,
    ):
        """Returns the posterior over z [B, Z] of inputs [B, T, D] (and controls [B, T, C])."""
        if controls is not None:
            inputs = tf.concat([inputs, controls], axis=-1)
        return self.latent(self.encoder(inputs, lengths=lengths, seed=seed))

    def decode(
        self,
        z: tf.Tensor,
        temperature: tf.Tensor,
        noise: tf.Tensor | None = None,
        length: tf.Tensor | None = None,
        controls: tf.Tensor | None = None,
        **cells: GivenCells,
    ) -> tf.Tensor:
        """Returns outputs [B, T, D] of z [B, Z]; see the decoder's `generate`.

        Without noise nothing is to be drawn: the temperature is 0. Where it `fills`, it takes the
        `cells` that are given.
        """
        length = self.settings.max_seq_len if length is None else length
        if noise is None:
            noise = no_noise(self.decoder.head, tf.shape(z)[0], length)
        controls = self._prepared(controls, tf.fill([tf.shape(z)[0]], length))
        return self.decoder.generate(z, length, temperature, noise, controls, **cells)

    @property
    def plays_hits(self) -> bool:
        """Whether its hits can be given, and the rest decoded."""
        return self.fills and isinstance(self.decoder.head, (GrooveHead, GrooveMixtureHead))

    @property
    def fills(self) -> bool:
        """Whether a part of its outputs can be given, and the rest decoded."""
        return isinstance(self.decoder, LSTMDecoder) and hasattr(self.decoder.head, "cell_nats")

    def play_hits(
        self, z: tf.Tensor, hits: tf.Tensor, controls: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Returns outputs [B, T, D] of z [B, Z] whose hits are given; see the decoder's `play`."""
        lengths = tf.fill([tf.shape(z)[0]], tf.shape(hits)[1])
        return self.decoder.play(z, hits, self._prepared(controls, lengths))

    def teacher_forced(
        self,
        z: tf.Tensor,
        targets: tf.Tensor,
        lengths: tf.Tensor,
        controls: tf.Tensor | None = None,
        seed: tf.Tensor | None = None,
        sampling_probability: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """Returns the head's parameters [B, T, P] of z [B, Z] and the truth; see the decoder."""
        return self.decoder(
            z,
            targets,
            lengths,
            controls=self._prepared(controls, lengths, fold(seed, 2)),
            seed=fold(seed, 1),
            sampling_probability=sampling_probability,
        )

    def parts_of(self, batch: Batch, draws: Draws) -> tuple[Parts, tf.Tensor]:
        """Returns what `losses_of` does, and the head's parameters, [B, T, P]."""
        controls, targets, lengths = batch.get("controls"), batch["targets"], batch["length"]
        z, mean, kl_nats = self._draw_z(batch, draws.noise, fold(draws.seed, 0))
        parameters = self.teacher_forced(z, targets, lengths, controls, *draws[1:])
        return self.judged(kl_nats, mean, parameters, targets, lengths), parameters

    def _draw_z(self, batch, noise, seed):
        """Returns z [B, Z] of the posterior, its mean, and its divergence from the prior [B]."""
        if self.latent is None:
            size = tf.shape(batch["targets"])[0]
            return tf.zeros([size, 0]), tf.zeros([size, 0]), tf.zeros([size])
        posterior = self.encode(batch["inputs"], batch["length"], batch.get("controls"), seed)
        z = posterior.mean() + posterior.stddev() * noise
        return z, posterior.mean(), posterior.kl_divergence(self.latent.prior())

    def _prepared_size(self) -> int:
        if self.control_preprocessing is None:
            return self.control_size
        return self.control_preprocessing.output_size

    def _prepared(self, controls, lengths, seed=None):
        if self.control_preprocessing is None or controls is None:
            return controls
        return self.control_preprocessing.run(controls, lengths, seed)[0]

    @tf.function(reduce_retracing=True, autograph=False)
    def reconstruct(self, batch: Batch) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Returns the posterior's mean and stddev [B, Z], and the mean decoded, [B, T, D].

        Each step takes the likeliest output and is fed with it.
        """
        controls, size = batch.get("controls"), tf.shape(batch["inputs"])[0]
        mean = stddev = tf.zeros([size, 0])
        if self.latent is not None:
            posterior = self.encode(batch["inputs"], batch["length"], controls)
            mean, stddev = posterior.mean(), posterior.stddev()
        decoded = self.decode(mean, tf.zeros(size), controls=controls)
        return mean, stddev, decoded


@keras.saving.register_keras_serializable(package="lofi_tf")
class AdversarialVAE(Adversarial, MusicVAE):
    """A VAE of waveforms whose decoder learns against a discriminator, its encoder being frozen.

    Follows the two stages of Caillon & Esling 2021, "RAVE".
    """

    def pair_of(self, batch: Batch, outputs: tf.Tensor, seed: tf.Tensor | None) -> Pair:
        """Returns clips beside their reconstructions."""
        return Pair(batch["targets"][..., 0], self.decoder.head.mean(outputs)[..., 0])

    @property
    def contest_variables(self) -> list[keras.Variable]:
        """The decoder's weights: the latent stays what it was."""
        return self.decoder.trainable_variables
