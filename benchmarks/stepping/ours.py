"""Our training steps.

python -m benchmarks.stepping.ours CONFIG BATCH_SIZE [HPARAMS]
"""

import sys

from benchmarks.stepping.on_demand import serve
from lofi_tf import quiet
from lofi_tf.config import load_config
from lofi_tf.hparams import with_hparams

with quiet.imports():
    import numpy as np
    import tensorflow as tf

    from lofi_tf.data.converters.build import build_converter
    from lofi_tf.models.build import build_model


def build():
    """Builds a config's model and training function, its inputs random bits in memory."""
    name, batch_size, *hparams = sys.argv[1:]
    config = with_hparams(load_config(name), ",".join([f"batch_size={batch_size}", *hparams]))
    model = build_model(config)
    step = tf.function(model.train_step, autograph=False)
    batch = random_batch(config)
    return lambda: float(step(batch)["loss"])


def random_batch(config) -> dict[str, tf.Tensor]:
    """Returns a batch of random bits that a config's model takes."""
    converter = build_converter(config.data.converter)
    size, steps = config.training.batch_size, config.model.max_seq_len
    random = np.random.default_rng(0)
    batch = {
        name: tf.constant(random.integers(0, 2, [size, steps, depth]), tf.float32)
        for name, depth in converter.depths.items()
    }
    return {**batch, "length": tf.fill([size], steps)}


if __name__ == "__main__":
    serve(build)
