"""The optimiser and the learning rate of a model's settings."""

from typing import TYPE_CHECKING

import keras
import tensorflow as tf

from lofi_tf.models.common import schedules
from lofi_tf.models.common.adam import FusedAdam
from lofi_tf.models.common.plateau import Plateau

if TYPE_CHECKING:
    from lofi_tf.models.common.latent_model import LatentModel

# As in RAVE: what the other has learnt meanwhile makes old gradients worthless.
ADVERSARIAL_BETAS = {"beta_1": 0.5, "beta_2": 0.9}


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


def compile_model(model: "LatentModel") -> None:
    """Gives a model the optimiser of its settings, and its discriminator one of its own."""
    training = model.training_settings
    model.rate = MagentaDecay(
        training.learning_rate,
        training.decay_rate,
        training.min_learning_rate,
        model.first_step,
        Plateau.of(training.plateau_factor, training.plateau_patience),
    )
    betas = {} if model.discriminator is None else ADVERSARIAL_BETAS
    model.compile(optimizer=_adam(model.rate, betas), jit_compile=False)
    model.optimizer.build(model.generator_variables)
    if model.discriminator is not None:
        rate = training.discriminator_learning_rate
        constant = MagentaDecay(rate, 1.0, rate)  # a number would be saved, and restored as it was
        model.discriminator_optimizer = _adam(constant, betas)
        model.discriminator_optimizer.build(model.discriminator.trainable_variables)


def _adam(rate: MagentaDecay, betas: dict[str, float]) -> FusedAdam:
    return FusedAdam(rate, epsilon=1e-8, name="adam", **betas)
