"""A small model of clips of noise, which trains in a moment: for what all trainings share."""

import numpy as np

from lofi_tf.config import Config, load_config
from lofi_tf.data.storage.examples import Examples
from lofi_tf.hparams import with_hparams

CLIP, NUM_CLIPS = 60, 12
TINY = (
    "converter.clip_seconds=0.02,max_seq_len=60,batch_size=2,num_layers=1,input_neurons=4,"
    "output_neurons=3,latent_dim=2"
)


def clip_config(hparams: str = "") -> Config:
    """Returns a config of a few dense layers over clips of 60 samples."""
    return with_hparams(load_config("lofai_dense"), f"{TINY},{hparams}".rstrip(","))


def clip_examples() -> Examples:
    """Returns twelve clips of noise, each of another recording."""
    random = np.random.default_rng(0)
    clips = random.integers(-8000, 8000, [NUM_CLIPS, CLIP, 1]).astype(np.int16)
    arrays = {"waveform_3000": clips, "length_3000": np.full(NUM_CLIPS, CLIP, np.int32)}
    return Examples(arrays, np.array([f"clip {n}" for n in range(NUM_CLIPS)]))
