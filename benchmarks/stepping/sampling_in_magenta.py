"""Draws sequences with the real Magenta, as its `TrainedModel.sample` does.

python sampling_in_magenta.py CONFIG BATCH_SIZE
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
    """Builds a config's sampling graph; weights are as training begins with them."""
    config = copy.deepcopy(configs.CONFIG_MAP[sys.argv[1]])
    batch_size, hparams = int(sys.argv[2]), config.hparams
    hparams.batch_size = batch_size
    config.model.build(hparams, config.data_converter.output_depth, is_training=False)
    z = tf.placeholder(tf.float32, [batch_size, hparams.z_size])
    temperature = tf.placeholder(tf.float32, [])
    outputs, _ = config.model.sample(
        batch_size, max_length=hparams.max_seq_len, z=z, temperature=temperature
    )
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    drawn = np.random.RandomState(0).normal(size=[batch_size, hparams.z_size])
    return lambda: session.run(outputs, {z: drawn, temperature: 0.5})


if __name__ == "__main__":
    serve(build)
