"""A model for LiteRT: the named functions with fixed numbers of rows, in one file.

LiteRT (once TensorFlow Lite) has no random numbers and no arrays that grow. So a function is traced
for so many rows, and what it draws by comes in as `noise` (`backends.noise` draws the same numbers
as TensorFlow). Functions are signatures `NAME_ROWS`, such as `decode_4`.

An export holds its weights once, for TensorFlow: its LiteRT graph lies beside with zeros in their
place, which pack to nothing, and a list of what goes where (`Patch`).
"""

import json
import tempfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from lofi_tf.config import Config
from lofi_tf.data.converters.base import Converter
from lofi_tf.data.converters.build import build_converter
from lofi_tf.data.model_inputs.view import to_model
from lofi_tf.data.storage.dataset import fit
from lofi_tf.errors import LofiError
from lofi_tf.models.common.latent_model import LatentModel
from lofi_tf.models.common.named_functions import NamedFunctions
from lofi_tf.models.kinds import interface_of
from lofi_tf.saving.checkpoints import stored_weights
from lofi_tf.saving.litert_weights import GRAPH, PATCHES, VARIABLES, Patch

ROWS = (1, 4, 16, 64)  # of whose products each rounds like those of the others
FUNCTIONS = ("encode", "decode", "fill", "play_hits", "continue", "transcribe", "synthesize")
LEAST_BYTES = 512  # of a constant that is looked for among the weights


def litert_bytes(
    interface: NamedFunctions, config: Config, weights: Sequence, rows: Sequence[int] = ROWS
) -> bytes:
    """Returns the functions of a model that have a fixed step, as a LiteRT file.

    Args:
        interface: the model's.
        config: the model's.
        weights: its weights, Keras variables.
        rows: how many rows at once there is a signature for.

    Raises:
        LofiError: an operation that LiteRT does not have.
    """
    module, signatures = tf.Module(), {}
    module.weights = [weight.value for weight in weights]
    for name in FUNCTIONS:
        if name in interface.names:
            signatures |= {f"{name}_{count}": interface.fixed(name, count) for count in rows}
    converter = build_converter(config.data.converter)
    if converter.medium == "notes":
        signatures["view_1"] = _view(converter, config.model.max_seq_len)
    with tempfile.TemporaryDirectory() as folder:
        options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
        tf.saved_model.save(module, folder, signatures, options)
        lite = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=[*signatures])
        lite.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        try:
            return lite.convert()
        except Exception as error:  # MLIR's, of many kinds
            line = str(error).strip().splitlines()[0]
            raise LofiError(f"LiteRT cannot hold {config.name}: {line}") from error


def write_beside(folder: Path, model: LatentModel, config: Config) -> None:
    """Writes a SavedModel's LiteRT form beside it, without the weights that it has.

    Args:
        folder: of the export.
        model: with the weights that the export stores.
        config: its config.
    """
    whole = bytearray(litert_bytes(interface_of(model, config), config, stored_weights(model)))
    reader = tf.train.load_checkpoint(str(folder / "variables" / "variables"))
    patches = _patches(whole, folder, reader)
    for patch in patches:
        patch.place(whole)[...] = 0.0
    (folder / GRAPH).parent.mkdir(parents=True, exist_ok=True)
    (folder / GRAPH).write_bytes(zlib.compress(bytes(whole), 9))
    text = json.dumps([list(patch) for patch in patches], separators=(",", ":"))
    (folder / PATCHES).write_text(text)


def _view(converter: Converter, steps: int):
    """Returns the function from a stored example to what the model is fed of it."""
    converter = converter.with_mode("infer")
    specs = {
        name: tf.TensorSpec([1, *(size or steps for size in spec.shape)], spec.dtype, name)
        for name, spec in converter.example_spec.items()
    }

    def body(**example):
        fed = to_model(converter, {name: part[0] for name, part in example.items()}, False)
        return {name: part[None] for name, part in fit(fed, steps).items()}

    return tf.function(body, autograph=False).get_concrete_function(**specs)


def _patches(whole: bytearray, folder: Path, reader) -> list[Patch]:
    """Returns where constants of a LiteRT file are parts of an export's variables."""
    data, stored = (folder / VARIABLES).read_bytes(), []
    for name, shape in reader.get_variable_to_shape_map().items():
        if shape and not name.startswith("_"):
            values = reader.get_tensor(name)
            at = data.find(values.tobytes())
            if at >= 0 and values.dtype in (np.float16, np.float32):
                matrix = values.reshape(-1, values.shape[-1])
                stored.append(Stored(at, matrix.astype(np.float32), values.dtype == np.float16))
    return [p for at, constant in _constants(whole) for p in _parts(at, constant, stored)]


def _constants(whole: bytearray):
    """Yields place and value of each large float32 constant of a LiteRT file, as a matrix."""
    from tensorflow.lite.python import schema_py_generated as schema

    model = schema.Model.GetRootAs(bytes(whole), 0)
    seen = set()
    for graph in map(model.Subgraphs, range(model.SubgraphsLength())):
        for tensor in map(graph.Tensors, range(graph.TensorsLength())):
            buffer = model.Buffers(tensor.Buffer())
            if tensor.Type() != schema.TensorType.FLOAT32 or buffer.DataLength() < LEAST_BYTES:
                continue
            at = buffer._tab.Vector(buffer._tab.Offset(4))
            if at not in seen:
                seen.add(at)
                shape = tensor.ShapeAsNumpy()
                values = np.frombuffer(whole, np.float32, buffer.DataLength() // 4, at)
                yield at, values.reshape(-1, shape[-1] if np.size(shape) else 1).copy()


class Stored(NamedTuple):
    """A variable of an export: its place in the file, its values as a matrix, whether float16."""

    at: int
    values: np.ndarray
    half: bool


def _parts(at: int, constant: np.ndarray, stored: Sequence[Stored]) -> list[Patch]:
    """Returns the parts of variables that a constant is made of, side by side, as is or turned."""
    best: list[Patch] = []
    for turned in (False, True):
        block, found, row = constant.T if turned else constant, [], 0
        while row < len(block):
            count, source = _longest(block[row:], stored)
            if count:
                found.append(
                    _patch(at, constant.shape[1], row, count, block.shape[1], source, turned)
                )
            row += max(count, 1)
        best = max(best, found, key=lambda parts: sum(p.rows * p.columns for p in parts))
    return best


def _longest(block: np.ndarray, stored: Sequence[Stored]) -> tuple[int, tuple | None]:
    """Returns how many of a matrix' first rows are a part of a variable, and where that is."""
    count, source, width = 0, None, block.shape[1]
    if not np.any(block[0]):
        return 0, None
    for one in stored:
        wide = one.values
        if width > wide.shape[1]:
            continue
        starts = wide[:, : wide.shape[1] - width + 1] == block[0, 0]
        for row, column in np.argwhere(starts):
            part = wide[row : row + len(block), column : column + width]
            if not np.array_equal(part[0], block[0]):
                continue
            same = np.all(part == block[: len(part)], axis=1)
            run = len(same) if same.all() else int(np.argmin(same))
            if run > count:
                count, source = run, (one, int(row), int(column))
    return count, source


def _patch(at, width, row, rows, columns, source, turned) -> Patch:
    one, first_row, first_column = source
    stride = one.values.shape[1]
    first = one.at + (2 if one.half else 4) * (first_row * stride + first_column)
    into = at + 4 * (row if turned else row * width)
    return Patch(into, width, first, rows, columns, stride, one.half, turned)
