"""Tiny files of symusic's MusicVAE, and examples to train them on."""

import copy

import numpy as np
import tensorflow as tf

from lofi_tf.data.converters.build import build_converter
from lofi_tf.data.storage.dataset import training_batches
from lofi_tf.data.storage.examples import Examples
from tests.paths import DATA

FLAT, HIER = (DATA / "symusic" / f"config_{kind}_8bar.json" for kind in ("flat", "hier"))
CELLS = {
    "simple": {"embed_size": 3, "hidden_size": 6, "n_layers": 2},
    "another": {"embed_size": 3, "hidden_size": 6, "n_layers": 2, "z_size": 4},
}
CONDUCTOR = {"key": "conductor", "params": {"hidden_size": 7, "n_layers": 2, "c_size": 4}}


def seq_decoder(sequential: str, cell: str) -> dict:
    key, _, below = sequential.partition(" ")
    if key != "hier":
        decoder = {"key": cell, "params": dict(CELLS[cell])}
        return {"key": key, "params": {"z_size": 4, "decoder_args": decoder}}
    params = {
        "z_size": 4,
        "n_subsequences": 2,
        "conductor_args": copy.deepcopy(CONDUCTOR),
        "seq_decoder_args": seq_decoder(below, cell),
    }
    return {"key": "hier", "params": params}


def values(sequential: str = "sample", cell: str = "another", **others) -> dict:
    """Returns a tiny file of one bar."""
    return {
        "batch_size": 2,
        "slice_bar": 1,
        "z_size": 4,
        "encoder_params": {"embed_size": 3, "hidden_size": 5, "n_layers": 1},
        "seq_decoder_args": seq_decoder(sequential, cell),
        "sampling_settings": {"schedule": "constant", "rate": 0.5},
        "free_bits": 0,
        **others,
    }


def examples(count: int = 6, num_steps: int = 16) -> Examples:
    tokens = np.random.default_rng(0).integers(0, 90, [count, num_steps]).astype(np.uint8)
    arrays = {"tokens": tokens, "length": np.full(count, num_steps, np.int32)}
    return Examples(arrays, np.array([str(n) for n in range(count)], object), num_sources=count)


def batch_of(config) -> dict[str, tf.Tensor]:
    converter = build_converter(config.data.converter)
    steps = config.model.max_seq_len
    return next(iter(training_batches(examples(), converter, 2, steps, num_steps=1)))
