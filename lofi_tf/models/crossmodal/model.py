"""One latent space for sound and for notes: two VAEs whose posteriors are drawn together.

Follows Chemla-Romeu-Santos et al. 2019, "Cross-Modal Variational Inference for Bijective
Signal-Symbol Translation" (DAFx-19): a VAE of spectra and one of symbols, each with its own
reconstruction and KL divergence, and a divergence between the two posteriors. What one encodes, the
other may decode.
"""

import math
from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf
import tensorflow_probability as tfp

from lofi_tf.config import CrossModalConfig, TrainingConfig
from lofi_tf.data.converters.symbols import SymbolLayout
from lofi_tf.models.common.latent_model import Batch, Draws, LatentModel
from lofi_tf.models.common.losses import Parts, kl_cost
from lofi_tf.models.crossmodal.stacked import StackedVAE
from lofi_tf.models.sound.adversarial import Adversarial, Pair
from lofi_tf.models.sound.discriminators import build_discriminator
from lofi_tf.settings import plain

tfd = tfp.distributions
LEAST_LOG_SIGMA = -5.0


@keras.saving.register_keras_serializable(package="lofi_tf")
class CrossModal(LatentModel):
    """A VAE of spectra and a VAE of symbols.

    Args:
        model, training, seed, first_step: see `LatentModel`.
        num_bands: size F of spectra.
        layout: what stands where in symbols [B, S].
        label_type: `categorical` or `binary`.

    Attributes:
        signal: the VAE of spectra; decodes to their means.
        symbol: the VAE of symbols; decodes to logits.
    """

    picture_examples = 256

    def __init__(
        self,
        model: CrossModalConfig,
        training: TrainingConfig,
        num_bands: int,
        layout: SymbolLayout,
        label_type: str,
        seed: int = 0,
        first_step: int = 0,
    ):
        super().__init__(model, training, seed, first_step, "cross_modal")
        self.signal = StackedVAE(
            num_bands, num_bands, model.dims, model.hidden_dims_1, model.hidden_num_1, "signal"
        )
        self.symbol = StackedVAE(
            layout.depth, layout.depth, model.dims, model.hidden_dims_2, model.hidden_num_2,
            "symbol",
        )  # fmt: skip
        discriminator = build_discriminator(model.discriminator, num_bands)
        self.layout, self.label_type = layout, label_type
        self.log_sigma = self.add_weight(
            shape=(num_bands,), initializer=keras.initializers.Constant(-1.0), name="sigma"
        )
        self.discriminator = discriminator
        self.built = True

    def get_config(self) -> dict[str, Any]:
        sizes = {"num_bands": self.signal.out.units, "label_type": self.label_type}
        return {**super().get_config(), **sizes, "layout": plain(self.layout)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "CrossModal":
        labels = tuple(config["layout"]["labels"])
        layout = SymbolLayout(**{**config["layout"], "labels": labels})
        return super().from_config({**config, "layout": layout})

    @property
    def noise_size(self) -> int:
        return sum(self.signal.dims) + sum(self.symbol.dims)

    def parts_of(self, batch: Batch, draws: Draws) -> tuple[Parts, tf.Tensor]:
        """Returns what `losses_of` does, and the means [B, F] of sound from symbols' latents.

        `r_loss` holds all that is weighed but the KL divergences: both reconstructions, the tie
        between the posteriors, transfers where they have a weight.
        """
        training, ties = draws.seed is not None, self.settings
        spectra, symbols = batch["inputs"][:, 0], batch["targets"][:, 0]
        parts = tf.split(draws.noise, [sum(self.signal.dims), sum(self.symbol.dims)], axis=-1)
        heard = self.signal.encode(spectra, parts[0], training)
        read = self.symbol.encode(symbols, parts[1], training)
        own = self.signal.decode(heard.draws[0], training)
        logits = self.symbol.decode(read.draws[0], training)
        transferred_logits = self.symbol.decode(heard.draws[0], training)
        transferred = self.signal.decode(read.draws[0], training)
        found = {
            "signal_nats": self.signal_nats(own, spectra),
            "symbol_nats": self.symbol_nats(logits, symbols),
            "transfer_1_nats": self.symbol_nats(transferred_logits, symbols),
            "transfer_2_nats": self.signal_nats(transferred, spectra),
            "tie": self._tie(heard.posteriors, read.posteriors),
        }
        kl = [self.signal.kl_nats(heard, training), self.symbol.kl_nats(read, training)]
        mean, free = heard.posteriors[0].mean(), self.training_settings.free_bits
        return {
            "r_loss": found["signal_nats"]
            + found["symbol_nats"]
            + found["tie"]
            + ties.transfer_1 * found["transfer_1_nats"]
            + ties.transfer_2 * found["transfer_2_nats"],
            "kl_nats": kl[0] + kl[1],
            "kl_cost": ties.beta_1 * kl_cost(kl[0], free) + ties.beta_2 * kl_cost(kl[1], free),
            "signal_kl_nats": kl[0],
            "symbol_kl_nats": kl[1],
            "z_mean": mean,
            "z_mean_square": tf.square(mean),
            "signal_square": tf.reduce_mean(tf.square(own - spectra), axis=-1),
            "transfer_2_square": tf.reduce_mean(tf.square(transferred - spectra), axis=-1),
            **found,
            **self._right("reconstruction", logits, symbols),
            **self._right("transfer", transferred_logits, symbols),
        }, transferred

    @tf.function(reduce_retracing=True, autograph=False)
    def reconstruct(self, batch: Batch) -> tuple[tf.Tensor, tf.Tensor, dict[str, tf.Tensor]]:
        """Returns the mean and stddev [B, Z] of sound's posterior, and what the mean decodes to.

        That is `spectra` [B, F] and the `probabilities` [B, S] of symbols.
        """
        posterior = self.signal.encode(batch["inputs"][:, 0]).posteriors[0]
        z = posterior.mean()
        probabilities = self.probabilities(self.symbol.decode(z))
        decoded = {"spectra": self.signal.decode(z), "probabilities": probabilities}
        return z, posterior.stddev(), decoded

    def signal_nats(self, means: tf.Tensor, spectra: tf.Tensor) -> tf.Tensor:
        """Returns the negative log likelihood [B] of spectra [B, F], one deviation a band."""
        log_sigma = tf.maximum(tf.convert_to_tensor(self.log_sigma), LEAST_LOG_SIGMA)
        errors = tf.square((spectra - means) * tf.exp(-log_sigma))
        return tf.reduce_sum(0.5 * errors + log_sigma + 0.5 * math.log(2 * math.pi), axis=-1)

    def symbol_nats(self, logits: tf.Tensor, symbols: tf.Tensor) -> tf.Tensor:
        """Returns the negative log likelihood [B] of symbols [B, S]."""
        if self.label_type == "binary":
            losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=symbols, logits=logits)
            return tf.reduce_sum(losses, axis=-1)
        sizes = [field.size for field in self.layout.fields]
        pairs = zip(tf.split(symbols, sizes, -1), tf.split(logits, sizes, -1), strict=True)
        return tf.add_n([tf.nn.softmax_cross_entropy_with_logits(*pair) for pair in pairs])

    def probabilities(self, logits: tf.Tensor) -> tf.Tensor:
        """Returns the probability of each class, [B, S]."""
        if self.label_type == "binary":
            return tf.sigmoid(logits)
        sizes = [field.size for field in self.layout.fields]
        return tf.concat([tf.nn.softmax(part) for part in tf.split(logits, sizes, -1)], axis=-1)

    def scalars(self, sums: Parts, count: tf.Tensor) -> Parts:
        means = {name: value / tf.cast(count, tf.float32) for name, value in sums.items()}
        shown = {"r_loss", "kl_nats", "kl_cost", "z_mean", "z_mean_square"}
        return {
            "losses/r_loss": means["r_loss"],
            "losses/kl_loss": means["kl_cost"],
            "losses/kl_bits": means["kl_nats"] / math.log(2.0),
            **{f"metrics/{name}": mean for name, mean in means.items() if name not in shown},
        }

    def _tie(self, heard: list[tfd.Distribution], read: list[tfd.Distribution]) -> tf.Tensor:
        """Returns what the two posteriors' distance costs, [B]."""
        ties, total = self.settings, 0.0
        for signal, symbol in zip(heard, read, strict=True):
            if ties.regularization_type == "l2":
                square = tf.reduce_sum(tf.square(signal.mean() - symbol.mean()), axis=-1)
                total += (ties.cross_1 + ties.cross_2) * square
                continue
            if ties.cross_1:
                total += ties.cross_1 * signal.kl_divergence(symbol)
            if ties.cross_2:
                total += ties.cross_2 * symbol.kl_divergence(signal)
        return total + tf.zeros(tf.shape(heard[0].mean())[:1])

    def _right(self, what: str, logits: tf.Tensor, symbols: tf.Tensor) -> Parts:
        """Returns the share of instruments whose label is right, [B], for each label."""
        sizes, found = [field.size for field in self.layout.fields], {}
        pairs = zip(
            self.layout.fields,
            tf.split(logits, sizes, -1),
            tf.split(symbols, sizes, -1),
            strict=True,
        )
        for field, guess, truth in pairs:
            right = tf.argmax(guess, -1) == tf.argmax(truth, -1)
            found.setdefault(field.label, []).append(tf.cast(right, tf.float32))
        return {
            f"{what}_{label}_accuracy": tf.add_n(parts) / len(parts)
            for label, parts in found.items()
        }


@keras.saving.register_keras_serializable(package="lofi_tf")
class AdversarialCrossModal(Adversarial, CrossModal):
    """The same, whose sound from symbols is to be taken for real sound by a discriminator."""

    def pair_of(self, batch: Batch, outputs: tf.Tensor, seed: tf.Tensor | None) -> Pair:
        """Returns spectra beside those made of their symbols."""
        return Pair(batch["inputs"][:, 0], outputs)
