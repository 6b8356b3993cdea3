"""One step of training and of evaluation, the same for every model with a latent."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from lofi_tf.config import ModelConfig, TrainingConfig, model_config
from lofi_tf.models.common import schedules
from lofi_tf.models.common.losses import Parts, kl_cost
from lofi_tf.models.common.optimizer import compile_model
from lofi_tf.models.common.replicas import averaged, num_replicas, own_rows, own_seed, summed
from lofi_tf.models.layers.lstm import fold
from lofi_tf.settings import plain

Batch = Mapping[str, tf.Tensor]
ACTIVE_VARIANCE = 0.01  # of a latent unit's posterior means over examples


class Draws(NamedTuple):
    """What is random in a step.

    Attributes:
        noise: what z is drawn by, z = mean + stddev * noise, [B, Z].
        seed: int32 [2] to draw dropout from; none is drawn without it.
        sampling_probability: of scheduled sampling; None feeds the truth.
    """

    noise: tf.Tensor
    seed: tf.Tensor | None = None
    sampling_probability: tf.Tensor | None = None


class LatentModel(keras.Model):
    """What is trained by a reconstruction loss and a weighted KL divergence.

    Subclasses give `parts_of`, `reconstruct` and a `decoder` with a `head`. Keras saves and loads
    them, `keras.models.load_model` where `lofi_tf.models.classes` is imported; `predict` and a call
    reconstruct.

    Args:
        model: sizes and components.
        training: loss weights and schedules.
        seed: what dropout and latent samples of training are drawn from, with the step.
        first_step: added to the optimiser's step in every schedule.
        name: of the Keras model.
    """

    discriminator: keras.layers.Layer | None = None
    picture_examples = 3  # that its pictures are drawn of
    stage: int | None = None  # of training, where its graph is made for one stage alone

    def __init__(
        self, model: ModelConfig, training: TrainingConfig, seed: int, first_step: int, name: str
    ):
        super().__init__(name=name)
        self.settings, self.training_settings = model, training
        self.seed, self.first_step = seed, first_step

    def get_config(self) -> dict[str, Any]:
        """Returns plain values; `from_config` is the inverse."""
        model = {"kind": self.settings.kind, **plain(self.settings)}
        training = plain(self.training_settings)
        steps = {"seed": self.seed, "first_step": self.first_step}
        return {"model": model, "training": training, **steps}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "LatentModel":
        """Returns the model of the values of `get_config`, its weights drawn anew."""
        model, training = model_config(config["model"]), TrainingConfig(**config["training"])
        others = {n: v for n, v in config.items() if n not in ("model", "training")}
        return cls(model, training, **others)

    def get_compile_config(self) -> dict[str, Any] | None:
        """Returns the settings that the optimiser is made of, where there is one."""
        return plain(self.training_settings) if self.compiled else None

    def compile_from_config(self, config: Mapping[str, Any]) -> None:
        """Gives the model the optimiser of its settings."""
        compile_model(self)

    def call(self, batch: Batch | tf.Tensor) -> tf.Tensor | dict[str, tf.Tensor]:
        """Returns what is decoded, the likeliest at each step, of the posterior's mean.

        Args:
            batch: `inputs` [B, T, D], any `controls` [B, T, C], and `length` [B], which is T where
                it is not given; or the inputs alone.

        Returns:
            Outputs [B, T, D]; a model of sound and notes gives `spectra` and `probabilities`.
        """
        batch = dict(batch) if isinstance(batch, Mapping) else {"inputs": batch}
        size, steps = tf.unstack(tf.shape(batch["inputs"])[:2])
        return self.reconstruct({"length": tf.fill([size], steps), **batch})[2]

    def losses_of(
        self,
        batch: Batch,
        noise: tf.Tensor,
        seed: tf.Tensor | None = None,
        sampling_probability: tf.Tensor | None = None,
    ) -> Parts:
        """Returns the loss parts and counts of each example, [B, ...] each; see `Draws`.

        A batch has `inputs` [B, T, D], `targets` [B, T, D], `length` [B] and, where the model takes
        them, `controls` [B, T, C]. Among the parts are `r_loss`, `kl_nats`, `kl_cost` and, of the
        posterior's mean, [B, Z], `z_mean` and `z_mean_square`.
        """
        return self.parts_of(batch, Draws(noise, seed, sampling_probability))[0]

    def parts_of(self, batch: Batch, draws: Draws) -> tuple[Parts, tf.Tensor | None]:
        """Returns what `losses_of` does, and what a subclass makes the `pair_of` a batch of."""
        raise NotImplementedError

    def judged(self, kl_nats: tf.Tensor, mean: tf.Tensor, *outputs: tf.Tensor) -> Parts:
        """Returns the loss parts and counts of a posterior and of what the head judges.

        Args:
            kl_nats: its divergence from the prior, [B].
            mean: its mean, [B, Z].
            outputs: parameters, targets and lengths, as the head's `losses` takes them.
        """
        parts = self.decoder.head.losses(*outputs)
        return {
            "r_loss": tf.add_n(list(parts.values())),
            "kl_nats": kl_nats,
            "kl_cost": kl_cost(kl_nats, self.training_settings.free_bits),
            "z_mean": mean,
            "z_mean_square": tf.square(mean),
            **parts,
            **self.decoder.head.counts(*outputs),
        }

    def loss_of(self, parts: Parts, beta: tf.Tensor) -> tf.Tensor:
        """Returns the scalar that training lowers."""
        return tf.reduce_mean(parts["r_loss"]) + beta * tf.reduce_mean(parts["kl_cost"])

    @property
    def generator_variables(self) -> list[keras.Variable]:
        """The weights that `optimizer` changes: all but those of a discriminator."""
        return self.trainable_variables

    @property
    def noise_size(self) -> int:
        """Standard normal numbers that a training example takes."""
        return self.settings.z_size

    @property
    def step(self) -> tf.Tensor:
        """The step that every schedule goes by."""
        return self.optimizer.iterations + self.first_step

    def stage_of(self, step: int) -> int:
        """Returns the stage that training is in after so many of the optimiser's steps."""
        return 0

    @property
    def steps_trained(self) -> int:
        """The optimiser's step."""
        return int(self.optimizer.iterations.numpy())

    def train_step(self, batch: Batch) -> Parts:
        """Runs one step of training; returns the scalars to log, by Magenta's names.

        Where several replicas share the batch, the scalars are those of the whole batch.
        """
        step = self.step
        seed = tf.stack([tf.cast(self.seed, tf.int32), tf.cast(step, tf.int32)])
        noise = own_rows(
            lambda rows: tf.random.stateless_normal([rows, self.noise_size], fold(seed, 0)),
            tf.shape(batch["inputs"])[0],
        )
        beta, sampling = self._beta(step), self._sampling_probability(step)
        rate = self.optimizer.learning_rate
        learnt = self.learn(batch, Draws(noise, own_seed(fold(seed, 1)), sampling), beta)
        norm = learnt.pop("global_norm")
        schedule = {"learning_rate": rate, "global_norm": norm, "losses/kl_beta": beta}
        if sampling is not None:
            schedule["sampling_probability"] = sampling
        return {**learnt, **schedule}

    def learn(self, batch: Batch, draws: Draws, beta: tf.Tensor) -> Parts:
        """Changes the weights once; returns the loss, its parts and the gradients' norm."""
        with tf.GradientTape() as tape:
            parts, _ = self.parts_of(batch, draws)
            loss = self.loss_of(parts, beta)
        norm = self.apply_gradients(tape, loss, self.generator_variables, self.optimizer)
        return {"loss": averaged(loss), **self.means(parts), "global_norm": norm}

    def apply_gradients(
        self,
        tape: tf.GradientTape,
        loss: tf.Tensor,
        variables: list[keras.Variable],
        optimizer: keras.optimizers.Optimizer,
    ) -> tf.Tensor:
        """Takes an optimiser's step down a taped loss; returns the gradients' norm before.

        The gradients are those of the whole batch before they are bound.
        """
        gradients, norm = self.clip(averaged(tape.gradient(loss, variables)))
        optimizer.apply(gradients, variables)
        return norm

    def means(self, parts: Parts) -> Parts:
        """Returns the scalars of the loss parts and counts of examples, [B, ...] each."""
        sums = summed({name: tf.reduce_sum(part, axis=0) for name, part in parts.items()})
        return self.scalars(sums, num_replicas() * tf.shape(parts["r_loss"])[0])

    @tf.function(reduce_retracing=True, autograph=False)
    def evaluate_batch(self, batch: Batch) -> Parts:
        """Returns the sums over a batch of the loss parts and counts, z drawn by a fixed seed."""
        shape = [tf.shape(batch["inputs"])[0], self.noise_size]
        noise = tf.random.stateless_normal(shape, [self.seed, 0])
        free_running = None if self._sampling_probability(0) is None else tf.constant(1.0)
        parts = self.evaluated(batch, Draws(noise, None, free_running))
        return {name: tf.reduce_sum(part, axis=0) for name, part in parts.items()}

    def evaluated(self, batch: Batch, draws: Draws) -> Parts:
        """Returns the loss parts and counts of each example for an evaluation."""
        return self.parts_of(batch, draws)[0]

    def clip(self, gradients: list[tf.Tensor]) -> tuple[list[tf.Tensor], tf.Tensor]:
        """Returns the gradients as the settings bound them, and their norm before."""
        settings = self.training_settings
        norm = tf.linalg.global_norm(gradients)
        if settings.clip_mode == "value":
            bound = settings.grad_clip
            return [tf.clip_by_value(gradient, -bound, bound) for gradient in gradients], norm
        scale = settings.grad_clip / tf.maximum(norm, settings.grad_clip)
        scale = tf.where(norm >= settings.grad_norm_clip_to_zero, 0.0, scale)
        # A gradient may be infinite where the scale is 0; a variable without influence has none.
        return [g if g is None else tf.math.multiply_no_nan(g, scale) for g in gradients], norm

    def scalars(self, sums: Parts, count: tf.Tensor) -> Parts:
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
