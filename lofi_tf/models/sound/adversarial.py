"""Models of sound that are trained against a discriminator.

Until `adversarial_from_step` they learn as any `LatentModel` does. From there on a discriminator
learns to tell their sound from real sound, and they learn to be taken for real besides.
"""

from typing import NamedTuple

import keras
import tensorflow as tf

from lofi_tf.models.common.latent_model import Batch, Draws, LatentModel
from lofi_tf.models.common.losses import ADVERSARIAL_LOSSES, Parts
from lofi_tf.models.common.replicas import averaged
from lofi_tf.models.sound.discriminators import DiscriminatorOutput

# What both sides make of an example, [B] each: means over its places and rates.
VERDICTS = (
    "real_score",
    "fake_score",
    "real_known",  # share of the places where what is real is taken for it
    "fake_known",
    "discriminator_loss",
    "generator_loss",
    "feature_distance",
)


class Pair(NamedTuple):
    """What a discriminator is to tell apart.

    Attributes:
        real, fake: waveforms [B, N].
        span: first sample that counts and the one after the last, [B] each; None counts all.
    """

    real: tf.Tensor
    fake: tf.Tensor
    span: tuple[tf.Tensor, tf.Tensor] | None = None


class Adversarial(LatentModel):
    """A generator with a discriminator; each has an Adam of its own, and both are saved.

    Stands before another `LatentModel` in the bases of a class, which gives `pair_of`, and
    has a `discriminator` that gives a `DiscriminatorOutput`.
    """

    def generate_pairs(self, batch: Batch, draws: Draws) -> tuple[Parts, Pair]:
        """Returns what `losses_of` does, and what the discriminator is to tell apart."""
        parts, outputs = self.parts_of(batch, draws)
        return parts, self.pair_of(batch, outputs, draws.seed)

    def pair_of(self, batch: Batch, outputs: tf.Tensor, seed: tf.Tensor | None) -> Pair:
        """Returns what the discriminator is to tell apart, of what `parts_of` gives besides."""
        raise NotImplementedError

    @property
    def contest_variables(self) -> list[keras.Variable]:
        """The weights that learn from `adversarial_from_step` on."""
        return self.generator_variables

    @property
    def generator_variables(self) -> list[keras.Variable]:
        others = {id(variable) for variable in self.discriminator.trainable_variables}
        return [variable for variable in self.trainable_variables if id(variable) not in others]

    @property
    def contested(self) -> bool:
        """Whether anything is learnt against the discriminator at all, now or later."""
        settings = self.training_settings
        return bool(settings.adversarial_weight or settings.feature_matching_weight)

    def stage_of(self, step: int) -> int:
        """Returns 1 from `adversarial_from_step` on, where there is a contest."""
        late = step + self.first_step >= self.training_settings.adversarial_from_step
        return int(self.contested and late)

    def learn(self, batch: Batch, draws: Draws, beta: tf.Tensor) -> Parts:
        """Changes the weights once, those of both sides where step and weights say so."""
        given, learn = (batch, draws, beta), super().learn
        first = self.training_settings.adversarial_from_step
        if not self.contested:
            return learn(*given)

        def alone():
            return {**learn(*given), "adversarial/global_norm": tf.constant(0.0)}

        if not first:
            return self.adversarial_step(*given)
        if self.stage is not None:  # replicas cannot add up within a branch of a graph
            return self.adversarial_step(*given) if self.stage else alone()
        return tf.cond(self.step < first, alone, lambda: self.adversarial_step(*given))

    def adversarial_step(self, batch: Batch, draws: Draws, beta: tf.Tensor) -> Parts:
        """Changes the weights of generator and discriminator, both by what they were before."""
        settings = self.training_settings
        with tf.GradientTape(persistent=True) as tape:
            parts, pair = self.generate_pairs(batch, draws)
            verdicts = self.judge(pair)
            discriminator = tf.reduce_mean(verdicts["discriminator_loss"])
            loss = (
                self.loss_of(parts, beta)
                + settings.adversarial_weight * tf.reduce_mean(verdicts["generator_loss"])
                + settings.feature_matching_weight * tf.reduce_mean(verdicts["feature_distance"])
            )
        norm = self.apply_gradients(tape, loss, self.contest_variables, self.optimizer)
        others = self.discriminator.trainable_variables
        rival_norm = self.apply_gradients(tape, discriminator, others, self.discriminator_optimizer)
        return {
            "loss": averaged(loss),
            **self.means(parts | verdicts),
            "global_norm": norm,
            "adversarial/global_norm": rival_norm,
        }

    def evaluated(self, batch: Batch, draws: Draws) -> Parts:
        """Returns the loss parts and counts of each example, and what a discriminator finds."""
        if not self.contested:
            return super().evaluated(batch, draws)
        parts, pair = self.generate_pairs(batch, draws)
        return parts | self.judge(pair)

    def judge(self, pair: Pair) -> Parts:
        """Returns the `VERDICTS`, [B] each."""
        loss = ADVERSARIAL_LOSSES[self.training_settings.adversarial_loss]
        real, fake = self.discriminator(pair.real), self.discriminator(pair.fake)

        def mean(opinion, function):
            found = [_mean(function(s), pair.span, pair.real.shape[1]) for s in opinion.scores]
            return tf.add_n(found) / len(found)

        def above(scores):
            return tf.cast(scores > loss.boundary, tf.float32)

        return {
            "real_score": mean(real, tf.identity),
            "fake_score": mean(fake, tf.identity),
            "real_known": mean(real, above),
            "fake_known": 1.0 - mean(fake, above),
            "discriminator_loss": mean(real, loss.real) + mean(fake, loss.fake),
            "generator_loss": mean(fake, loss.generator),
            "feature_distance": feature_distance(real, fake),
        }

    def scalars(self, sums: Parts, count: tf.Tensor) -> Parts:
        """Returns the scalars of a `LatentModel`, and the verdicts, zeros where none was given.

        Without a contest there are no verdicts.
        """
        if not self.contested:
            return super().scalars(sums, count)
        found, count = super().scalars(sums, count), tf.cast(count, tf.float32)
        means = {name: sums.get(name, tf.constant(0.0)) / count for name in VERDICTS}
        return found | {f"adversarial/{name}": mean for name, mean in means.items()}


def feature_distance(real: DiscriminatorOutput, fake: DiscriminatorOutput) -> tf.Tensor:
    """Returns the mean absolute difference of features, over layers and rates, [B]."""
    found = [
        tf.reduce_mean(tf.abs(one - other), axis=[1, 2])
        for one, other in zip(real.features, fake.features, strict=True)
    ]
    return tf.add_n(found) / len(found)


def _mean(values: tf.Tensor, span, num_samples: int) -> tf.Tensor:
    """Returns the mean [B] of values [B, L] over the places of a span of samples."""
    if span is None:
        return tf.reduce_mean(values, axis=1)
    length = tf.shape(values)[1]
    first, end = span[0] * length // num_samples, -(-span[1] * length // num_samples)
    places = tf.range(length)[None]
    inside = tf.cast((places >= first[:, None]) & (places < end[:, None]), tf.float32)
    return tf.reduce_sum(values * inside, axis=1) / tf.reduce_sum(inside, axis=1)
