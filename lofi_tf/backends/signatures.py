"""Names and shapes of what a model's functions answer, by which a server's answers are checked."""

from collections.abc import Mapping

import numpy as np

from lofi_tf.config import Config
from lofi_tf.data.converters.build import build_converter
from lofi_tf.models.continuation.frames import frame_size_of
from lofi_tf.models.continuation.long_term import memory_sizes

_OUTPUTS = {
    "vae": {
        "encode": ("mean", "stddev"),
        "decode": ("outputs",),
        "score": ("loss", "outputs"),
        "play_hits": ("outputs",),
        "sample": ("z", "outputs"),
        "interpolate": ("z", "outputs"),
    },
    "continuation": {
        "encode": ("states", "frame"),
        "continue": ("outputs", "states", "frame"),
    },
    "cross_modal": {
        "transcribe": ("mean", "stddev", "probabilities"),
        "synthesize": ("mean", "stddev", "spectra"),
        "decode": ("spectra", "probabilities"),
        "sample": ("z", "spectra", "probabilities"),
    },
}
# The outputs that come without others.
LONE = {"decode": "outputs", "play_hits": "outputs", "describe": "config_yaml"}
_COUNTS = {"sample": "num_outputs", "interpolate": "steps"}  # what tells their rows


def shapes_of(
    config: Config, function: str, given: Mapping[str, np.ndarray]
) -> dict[str, tuple[int, ...]]:
    """Returns the shapes of a function's outputs for what it is given."""
    first = next(iter(given.values()))
    count = given.get(_COUNTS.get(function, ""))
    rows = len(first) if count is None else int(count)
    kind = config.model.kind
    sizes = {"vae": _vae, "continuation": _continuation, "cross_modal": _cross_modal}[kind](config)
    return {name: (rows, *sizes[name]) for name in _OUTPUTS[kind][function]}


def _vae(config: Config) -> dict[str, tuple[int, ...]]:
    spec, z_size = build_converter(config.data.converter).model_spec, config.model.z_size
    music = (config.model.max_seq_len, spec["targets"].shape[-1])
    return {"outputs": music, "loss": (), **dict.fromkeys(("mean", "stddev", "z"), (z_size,))}


def _continuation(config: Config) -> dict[str, tuple[int, ...]]:
    width = frame_size_of(config.model.encoder)
    num_frames = config.model.max_seq_len // width
    states = 2 * sum(config.model.dec_rnn_size)
    if config.model.head["kind"] == "cosine_student":
        states += 2 * width  # its context
    if config.model.head["kind"] == "recall":
        states += sum(memory_sizes(width, num_frames))
    return {"outputs": (num_frames * width, 1), "states": (states,), "frame": (width,)}


def _cross_modal(config: Config) -> dict[str, tuple[int, ...]]:
    spec, dims = build_converter(config.data.converter).model_spec, config.model.encoder["dims"]
    return {
        "spectra": (spec["inputs"].shape[-1],),
        "probabilities": (spec["targets"].shape[-1],),
        **dict.fromkeys(("mean", "stddev", "z"), (dims[0],)),
    }
