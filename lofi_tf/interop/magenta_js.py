"""Checkpoints of magenta.js: folders that its `new MusicVAE(url)` loads, written and read.

A folder holds `config.json`, `weights_manifest.json` and shards. Its weights are those of a TF1
checkpoint of Magenta's under the same names, float32 or quantised.
"""

import json
import shutil
import uuid
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from lofi_tf.config import Config
from lofi_tf.errors import LofiError, LofiWarning
from lofi_tf.interop import tfjs_weights
from lofi_tf.interop.magenta_checkpoint import magenta_weights, set_magenta_weights
from lofi_tf.interop.magenta_js_spec import CONFIG, encodes, num_segments, spec_of
from lofi_tf.models.sequence.vae import MusicVAE

Weights = Mapping[str, np.ndarray]
_CELL = "cell_0/bidirectional_rnn/{}/multi_rnn_cell/cell_0/lstm_cell"
_SIGMA = "encoder/sigma"
_STAND_IN = (1, 4)  # shape of the kernel of a cell of one unit, which no cell with an input has
_NARROW = -10.0  # before the softplus that makes it a standard deviation, of 0.00005


def export_for_magenta_js(
    model: MusicVAE, config: Config, folder: str | Path, quantization: str = "none"
) -> None:
    """Writes a model as a folder that magenta.js loads.

    Of an encoder that magenta.js has no like of (`magenta_js_spec.encodes`) there is a stand-in,
    without which it would not load the rest: it samples and decodes, and `encode` fails.

    Args:
        model: the model.
        config: its config.
        folder: a new or an empty one; it is written beside and renamed.
        quantization: see `tfjs_weights.write_weights`.

    Raises:
        LofiError: a model that magenta.js cannot run, a folder that holds something, or weights
            that cannot be quantised so.
    """
    spec, folder = spec_of(config), Path(folder)
    check_free(folder)
    weights = magenta_weights(model)
    if not encodes(config):
        weights = _without_encoder(weights, config)
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = folder.absolute().with_name(f".{folder.absolute().name}.{uuid.uuid4().hex[:8]}.part")
    beside.mkdir()
    try:
        tfjs_weights.write_weights(beside, weights, quantization)
        text = json.dumps(spec, indent=2) + "\n"
        (beside / CONFIG).write_text(text, encoding="utf-8")
        beside.rename(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def load_magenta_js(
    model: MusicVAE, folder: str | Path, renamed: Callable[[str], str] | None = None
) -> None:
    """Sets a model's weights from a folder that magenta.js loads.

    magenta.js encodes to the mean alone: where a folder holds nothing of the standard deviation,
    the model's is next to zero. Of a folder that was exported to decode alone, the encoder stays as
    it is. A `LofiWarning` tells of either.

    Args:
        model: of the config that the checkpoint was trained with.
        folder: of weights, whole or quantised.
        renamed: what the folder calls the variable of a name of Magenta's; the same if not given.

    Raises:
        LofiError: as `tfjs_weights.read_weights` and `set_magenta_weights`.
    """
    found = tfjs_weights.read_weights(Path(folder))
    if renamed:
        ours = {renamed(name): name for name in magenta_weights(model)}
        found = {ours.get(name, name): value for name, value in found.items()}
    if any(v.shape == _STAND_IN for name, v in found.items() if name.startswith("encoder/")):
        found = {name: value for name, value in found.items() if not name.startswith("encoder/")}
        weights = magenta_weights(model)
        found |= {name: weights[name] for name in weights if name.startswith("encoder/")}
        _warn(f"{folder} was exported to decode alone: what this model encodes means nothing")
    mean = found.get("encoder/mu/kernel")
    if mean is not None and f"{_SIGMA}/kernel" not in found:
        found[f"{_SIGMA}/kernel"] = np.zeros_like(mean)
        found[f"{_SIGMA}/bias"] = np.full(mean.shape[1:], _NARROW, np.float32)
        _warn(f"{folder} lacks the standard deviation of what it encodes: it is taken as zero")
    set_magenta_weights(model, found, folder)


def _warn(line: str) -> None:
    warnings.warn(line, LofiWarning, stacklevel=3)


def check_free(folder: str | Path) -> None:
    """Refuses a folder that holds something, or a file.

    Raises:
        LofiError: either.
    """
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise LofiError(f"{folder} is there already: give another --output_dir")


def _without_encoder(weights: Weights, config: Config) -> dict[str, np.ndarray]:
    """Returns weights in which the encoder is a stand-in.

    magenta.js looks for its variables by name. They are of one unit and fit no input, so that to
    encode is an error there instead of a wrong answer.
    """
    found = {name: value for name, value in weights.items() if not name.startswith("encoder/")}
    levels = [f"hierarchical_level_{n}/" for n in range(2)] if num_segments(config) else [""]
    for level in levels:
        for way in ("fw", "bw"):
            cell = f"encoder/{level}{_CELL.format(way)}"
            found |= {f"{cell}/kernel": np.zeros(_STAND_IN), f"{cell}/bias": np.zeros(4)}
    z_size = config.model.z_size
    return found | {"encoder/mu/kernel": np.zeros([2, z_size]), "encoder/mu/bias": np.zeros(z_size)}
