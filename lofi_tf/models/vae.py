"""The VAE: an encoder, a latent, a decoder and a head, and one step of its training."""

import math
from collections.abc import Mapping

import keras
import tensorflow as tf

from lofi_tf import schedules
from lofi_tf.config import Config, ModelConfig, TrainingConfig
from lofi_tf.losses import kl_cost
from lofi_tf.models.components import (
    build_control_preprocessing,
    build_decoder,
    build_encoder,
)
from lofi_tf.models.latents import GaussianLatent
from lofi_tf.models.lstm import fold
from lofi_tf.plateau import Plateau

Batch = Mapping[str, tf.Tensor]


class MusicVAE(keras.Model):
    """A variational autoencoder of sequences.

    Follows Roberts et al. 2018, "A Hierarchical Latent Vector Model for Learning Long-Term
    Structure in Music", and Magenta's `MusicVAE`.

    Args:
        model: sizes and components.
        training: loss weights and schedules.
        input_size, output_size, control_size: depths of what the converter gives.
        end_token: class that ends a sequence, None where none does.
        seed: what dropout and latent samples of training are drawn from, with the step.
        first_step: added to the optimiser's step in every schedule.
    """

    def __init__(
        self,
        model: ModelConfig,
        training: TrainingConfig,
        input_size: int,
        output_size: int,
        control_size: int = 0,
        end_token: int | None = None,
        seed: int = 0,
        first_step: int = 0,
    ):
        super().__init__(name="music_vae")
        self.settings, self.training_settings = model, training
        self.control_size, self.seed, self.first_step = control_size, seed, first_step
        self.encoder = self.latent = None
        if model.z_size:
            self.encoder = build_encoder(model, input_size + control_size)
            self.latent = GaussianLatent(self.encoder.output_size, model.z_size)
        self.control_preprocessing = build_control_preprocessing(model, control_size)
        self.decoder = build_decoder(
            model, output_size, self._prepared_size(), end_token, self.encoder
        )
        self.built = True

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
        seeds: tf.Tensor,
        length: tf.Tensor | None = None,
        controls: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """Returns outputs [B, T, D] of z [B, Z]; see the decoder's `generate`."""
        length = self.settings.max_seq_len if length is None else length
        controls = self._prepared(controls, tf.fill([tf.shape(z)[0]], length))
        return self.decoder.generate(z, length, temperature, seeds, controls)

    def losses_of(
        self,
        batch: Batch,
        noise: tf.Tensor,
        seed: tf.Tensor | None = None,
        sampling_probability: tf.Tensor | None = None,
    ) -> dict[str, tf.Tensor]:
        """Returns the loss parts and counts of each example, [B] each.

        Args:
            batch: `inputs` [B, T, D], `targets` [B, T, D], `length` [B] and, where the model
                takes them, `controls` [B, T, C].
            noise: what z is drawn by, z = mean + stddev * noise, [B, Z].
            seed: int32 [2] to draw dropout from; none is drawn without it.
            sampling_probability: of scheduled sampling; None feeds the truth.

        Returns:
            `r_loss`, `kl_nats`, `kl_cost`, the head's parts by their names and its counts.
        """
        controls, targets, lengths = batch.get("controls"), batch["targets"], batch["length"]
        z, kl_nats = self._draw_z(batch, noise, fold(seed, 0))
        parameters = self.decoder(
            z,
            targets,
            lengths,
            controls=self._prepared(controls, lengths, fold(seed, 2)),
            seed=fold(seed, 1),
            sampling_probability=sampling_probability,
        )
        parts = self.decoder.head.losses(parameters, targets, lengths)
        return {
            "r_loss": tf.add_n(list(parts.values())),
            "kl_nats": kl_nats,
            "kl_cost": kl_cost(kl_nats, self.training_settings.free_bits),
            **parts,
            **self.decoder.head.counts(parameters, targets, lengths),
        }

    def _draw_z(self, batch, noise, seed):
        """Returns z [B, Z] of the posterior and its divergence from the prior [B]."""
        if self.latent is None:
            size = tf.shape(batch["targets"])[0]
            return tf.zeros([size, 0]), tf.zeros([size])
        posterior = self.encode(batch["inputs"], batch["length"], batch.get("controls"), seed)
        z = posterior.mean() + posterior.stddev() * noise
        return z, posterior.kl_divergence(self.latent.prior())

    def _prepared_size(self) -> int:
        if self.control_preprocessing is None:
            return self.control_size
        return self.control_preprocessing.output_size

    def _prepared(self, controls, lengths, seed=None):
        if self.control_preprocessing is None or controls is None:
            return controls
        return self.control_preprocessing.run(controls, lengths, seed)[0]

    def loss_of(self, parts: Mapping[str, tf.Tensor], beta: tf.Tensor) -> tf.Tensor:
        """Returns the scalar that training lowers."""
        return tf.reduce_mean(parts["r_loss"]) + beta * tf.reduce_mean(parts["kl_cost"])

    @property
    def step(self) -> tf.Tensor:
        """The step that every schedule goes by."""
        return self.optimizer.iterations + self.first_step

    def train_step(self, batch: Batch) -> dict[str, tf.Tensor]:
        """Runs one step of training; returns the scalars to log, by Magenta's names."""
        step = self.step
        seed = tf.stack([tf.cast(self.seed, tf.int32), tf.cast(step, tf.int32)])
        noise = tf.random.stateless_normal(
            [tf.shape(batch["inputs"])[0], self.settings.z_size], fold(seed, 0)
        )
        beta, sampling = self._beta(step), self._sampling_probability(step)
        rate = self.optimizer.learning_rate
        with tf.GradientTape() as tape:
            parts = self.losses_of(batch, noise, fold(seed, 1), sampling)
            loss = self.loss_of(parts, beta)
        gradients, norm = self.clip(tape.gradient(loss, self.trainable_variables))
        self.optimizer.apply(gradients, self.trainable_variables)
        schedule = {"learning_rate": rate, "global_norm": norm, "losses/kl_beta": beta}
        if sampling is not None:
            schedule["sampling_probability"] = sampling
        sums = {name: tf.reduce_sum(part, axis=0) for name, part in parts.items()}
        return {"loss": loss, **self.scalars(sums, tf.shape(batch["length"])[0]), **schedule}

    @tf.function(reduce_retracing=True)
    def evaluate_batch(self, batch: Batch) -> dict[str, tf.Tensor]:
        """Returns the sums over a batch of the loss parts and counts, z drawn by a fixed seed."""
        shape = [tf.shape(batch["inputs"])[0], self.settings.z_size]
        noise = tf.random.stateless_normal(shape, [self.seed, 0])
        free_running = None if self._sampling_probability(0) is None else tf.constant(1.0)
        parts = self.losses_of(batch, noise, sampling_probability=free_running)
        return {name: tf.reduce_sum(part, axis=0) for name, part in parts.items()}

    @tf.function(reduce_retracing=True)
    def reconstruct(self, batch: Batch) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Returns the posterior's mean and stddev [B, Z], and the mean decoded, [B, T, D].

        Each step takes the likeliest output and is fed with it.
        """
        controls, size = batch.get("controls"), tf.shape(batch["inputs"])[0]
        mean = stddev = tf.zeros([size, 0])
        if self.latent is not None:
            posterior = self.encode(batch["inputs"], batch["length"], controls)
            mean, stddev = posterior.mean(), posterior.stddev()
        seeds = tf.zeros([size, 2], tf.int32)
        decoded = self.decode(mean, tf.zeros(size), seeds, controls=controls)
        return mean, stddev, decoded

    def clip(self, gradients: list[tf.Tensor]) -> tuple[list[tf.Tensor], tf.Tensor]:
        """Returns the gradients as the settings bound them, and their norm before."""
        settings = self.training_settings
        norm = tf.linalg.global_norm(gradients)
        if settings.clip_mode == "value":
            bound = settings.grad_clip
            return [tf.clip_by_value(gradient, -bound, bound) for gradient in gradients], norm
        clipped, _ = tf.clip_by_global_norm(gradients, settings.grad_clip, use_norm=norm)
        explodes = norm >= settings.grad_norm_clip_to_zero
        return [tf.where(explodes, tf.zeros_like(g), g) for g in clipped], norm

    def scalars(self, sums: Mapping[str, tf.Tensor], count: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns the means over examples by the names of Magenta's TensorBoard scalars.

        Args:
            sums: the loss parts and counts, summed over examples.
            count: number of examples.
        """
        count = tf.cast(count, tf.float32)
        metrics = self.decoder.head.scalars(sums)
        return {
            "losses/r_loss": sums["r_loss"] / count,
            "losses/kl_loss": sums["kl_cost"] / count,
            "losses/kl_bits": sums["kl_nats"] / count / math.log(2.0),
            **{f"metrics/{name}": value for name, value in metrics.items()},
        }

    def _beta(self, step):
        settings = self.training_settings
        if settings.beta_schedule == "rate":
            return schedules.beta(step, settings.max_beta, settings.beta_rate)
        return schedules.beta_in_time(
            step, settings.start_beta, settings.max_beta, settings.beta_duration
        )

    def _sampling_probability(self, step):
        settings = self.training_settings
        if settings.sampling_schedule == "constant" and settings.sampling_rate == 0:
            return None
        return schedules.sampling_probability(
            step, settings.sampling_schedule, settings.sampling_rate
        )


class MagentaDecay(keras.optimizers.schedules.LearningRateSchedule):
    """Magenta's learning rate, `(initial - minimum) * decay_rate**step + minimum`.

    Any plateau scales it.
    """

    def __init__(
        self,
        initial: float,
        decay_rate: float,
        minimum: float,
        first_step: int = 0,
        plateau: Plateau | None = None,
    ):
        self.initial, self.decay_rate, self.minimum = initial, decay_rate, minimum
        self.first_step, self.plateau = first_step, plateau

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        """Returns the rate at a step."""
        rate = schedules.learning_rate(
            step + self.first_step, self.initial, self.decay_rate, self.minimum
        )
        return rate if self.plateau is None else rate * self.plateau.scale


def build_model(config: Config, seed: int = 0, first_step: int = 0) -> MusicVAE:
    """Returns the config's model, its weights drawn from `seed`, its optimiser ready.

    The optimiser is Adam with TF1's epsilon of 1e-8.
    """
    from lofi_tf.data.converter import build_converter, depths_of

    keras.utils.set_random_seed(seed)
    converter = build_converter(config.data.converter)
    depth = depths_of(converter)
    model = MusicVAE(
        config.model,
        config.training,
        depth["inputs"],
        depth["targets"],
        depth.get("controls", 0),
        getattr(converter, "end_token", None),
        seed,
        first_step,
    )
    compile_model(model)
    return model


def compile_model(model: MusicVAE) -> None:
    """Gives a model the optimiser of its settings."""
    training = model.training_settings
    model.rate = MagentaDecay(
        training.learning_rate,
        training.decay_rate,
        training.min_learning_rate,
        model.first_step,
        Plateau.of(training.plateau_factor, training.plateau_patience),
    )
    model.compile(optimizer=keras.optimizers.Adam(model.rate, epsilon=1e-8), jit_compile=False)
    model.optimizer.build(model.trainable_variables)
