"""Training steps of the real Magenta: needs its Python, where magenta==2.1.4 is installed.

python in_magenta.py CONFIG BATCH_SIZE [HPARAMS]
"""

import copy
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow.compat.v1 as tf
from magenta.models.music_vae import configs
from on_demand import serve

tf.disable_v2_behavior()
tf.logging.set_verbosity(tf.logging.ERROR)


def build():
    """Builds a config's training graph, its inputs random bits in memory."""
    config = copy.deepcopy(configs.CONFIG_MAP[sys.argv[1]])
    config.hparams.batch_size = int(sys.argv[2])
    if len(sys.argv) > 3:
        config.hparams.parse(sys.argv[3])
    hparams, converter = config.hparams, config.data_converter
    random = np.random.RandomState(0)

    def bits(depth):
        shape = [hparams.batch_size, hparams.max_seq_len, depth]
        return tf.constant(random.randint(0, 2, shape), tf.float32)

    lengths_shape = [hparams.batch_size, *converter.length_shape]
    steps = hparams.max_seq_len // max(1, int(np.prod(converter.length_shape or [1])))
    config.model.build(hparams, converter.output_depth, is_training=True)
    optimizer = config.model.train(
        bits(converter.input_depth),
        bits(converter.output_depth),
        tf.fill(lengths_shape, steps),
        bits(converter.control_depth) if converter.control_depth else None,
    )
    pairs = optimizer.compute_gradients(config.model.loss)
    gradients, variables = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    norm = tf.global_norm(gradients)
    clipped, _ = tf.cond(
        norm < hparams.grad_norm_clip_to_zero,
        lambda: tf.clip_by_global_norm(gradients, hparams.grad_clip, use_norm=norm),
        lambda: ([tf.zeros(tf.shape(g)) for g in gradients], norm),
    )
    pairs = [(clipped[n], variable) for n, variable in enumerate(variables)]
    train = optimizer.apply_gradients(pairs, global_step=config.model.global_step)
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    return lambda: session.run([config.model.loss, train])


if __name__ == "__main__":
    serve(build)
