"""From a config to a model, its weights drawn and its optimiser ready."""

import keras

from lofi_tf.config import Config
from lofi_tf.models.common.latent_model import LatentModel
from lofi_tf.models.common.optimizer import compile_model
from lofi_tf.models.kinds import kind_of


def build_model(config: Config, seed: int = 0, first_step: int = 0) -> LatentModel:
    """Returns the config's model, its weights drawn from `seed`, its optimiser ready.

    The optimiser is Adam with TF1's epsilon of 1e-8.
    """
    keras.utils.set_random_seed(seed)
    model = kind_of(config).build(config, seed, first_step)
    compile_model(model)
    return model
