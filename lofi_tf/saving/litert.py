"""A model for LiteRT: the named functions with fixed numbers of rows, in one file.

LiteRT (once TensorFlow Lite) has no random numbers and no arrays that grow. So a function is traced
for so many rows, and what it draws by comes in as `noise` (`backends.noise` draws the same numbers
as TensorFlow). Functions are signatures `NAME_ROWS`, such as `decode_7`.

An export holds its weights once, for TensorFlow: its LiteRT graphs lie beside, one a function, so
that no more is read and held than is asked for, with zeros in the weights' place, which pack to
nothing, and a list of what goes where (`Patch`).
"""

import itertools
import json
import re
import shutil
import tempfile
import warnings
import zlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import tensorflow as tf
import yaml
from tensorflow.lite.python import schema_py_generated as schema

from lofi_tf import quiet
from lofi_tf.config import Config
from lofi_tf.data.converters.base import Converter
from lofi_tf.data.converters.build import build_converter
from lofi_tf.data.model_inputs.view import to_model
from lofi_tf.data.storage.dataset import fit
from lofi_tf.errors import LofiError, LofiWarning
from lofi_tf.models.common.latent_model import LatentModel
from lofi_tf.models.common.named_functions import NamedFunctions
from lofi_tf.models.kinds import interface_of
from lofi_tf.saving.checkpoints import stored_weights
from lofi_tf.saving.litert_parts import patches_of
from lofi_tf.saving.litert_weights import FOLDER, GRAPH, PATCHES, whole_graph

# Each rounds like the others. Processors with AVX-512 multiply seven rows in the time of four (and
# sixteen in that of 21), those with AVX2 and ARM's five or six at once.
ROWS = (1, 7, 28)
FUNCTIONS = ("encode", "decode", "fill", "play_hits", "continue", "transcribe", "synthesize")

Signatures = dict[str, Callable]  # concrete functions, by NAME_ROWS


def litert_bytes(
    interface: NamedFunctions,
    config: Config,
    weights: Sequence,
    rows: Sequence[int] = ROWS,
    precision: str = "float32",
) -> bytes:
    """Returns the functions of a model that have a fixed step, as a LiteRT file.

    What LiteRT cannot hold is left out, with a `LofiWarning` for each function.

    Args:
        interface: the model's.
        config: the model's.
        weights: its weights, Keras variables.
        rows: how many rows at once there is a signature for.
        precision: of the stored weights, float32 or float16; it computes in float32.

    Raises:
        LofiError: it can hold none.
    """
    traced = _traced(interface, config, rows)
    values = [weight.value for weight in weights]
    try:
        return _converted(traced.values(), values, precision)
    except LofiError:
        first = {name: dict([next(iter(one.items()))]) for name, one in traced.items()}
        held = [
            traced[name] for name, one in first.items() if _file(name, one, values, config.name)
        ]
    if not held:
        raise LofiError(f"LiteRT can hold no function of {config.name}")
    return _converted(held, values, precision)


def litert_files(
    interface: NamedFunctions,
    config: Config,
    weights: Sequence,
    rows: Sequence[int] = ROWS,
    names: Sequence[str] = (*FUNCTIONS, "view"),
) -> dict[str, bytes]:
    """Returns what `litert_bytes` does, by name: each function among `names` in its own file."""
    values = [weight.value for weight in weights]
    files = {
        name: _file(name, signatures, values, config.name)
        for name, signatures in _traced(interface, config, rows, names).items()
    }
    return {name: whole for name, whole in files.items() if whole is not None}


def _traced(
    interface: NamedFunctions,
    config: Config,
    rows: Sequence[int],
    names: Sequence[str] = (*FUNCTIONS, "view"),
) -> dict[str, Signatures]:
    """Returns the signatures of each function that the model has of `names`."""
    traced = {
        name: {f"{name}_{count}": interface.fixed(name, count) for count in rows}
        for name in names
        if name in interface.names
    }
    if not traced:
        raise LofiError(f"LiteRT can hold no function of {config.name}")
    converter = build_converter(config.data.converter)
    if "view" in names and converter.medium == "notes":
        traced["view"] = {"view_1": _view(converter, config.model.max_seq_len)}
    return traced


def _file(name: str, signatures: Signatures, values: list, model: str) -> bytes | None:
    """Returns a function's file, or warns that LiteRT cannot hold it."""
    try:
        return _converted([signatures], values)
    except LofiError as error:
        text = f"LiteRT cannot hold {name} of {model}, which is left out: {error}"
        warnings.warn(text, LofiWarning, stacklevel=3)
        return None


def _converted(functions: Iterable[Signatures], values: list, precision: str = "float32") -> bytes:
    signatures = dict(itertools.chain.from_iterable(one.items() for one in functions))
    module = tf.Module()
    module.weights = values
    with tempfile.TemporaryDirectory() as folder:
        options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
        tf.saved_model.save(module, folder, signatures, options)
        lite = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=[*signatures])
        lite.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        lite._experimental_enable_dynamic_update_slice = True  # else each step copies all steps
        if precision == "float16":
            lite.optimizations = [tf.lite.Optimize.DEFAULT]
            lite.target_spec.supported_types = [tf.float16]
        try:
            with quiet.imports():  # of the converter's own lines
                return lite.convert()
        except Exception as error:  # MLIR's, of many kinds
            raise LofiError(_reason(str(error))) from error


def _reason(said: str) -> str:
    """Returns one line of what the converter says: the operations that LiteRT lacks, if any."""
    lacking = re.findall(r"(?:TF Select|Custom) ops: (.+)", said)
    names = sorted({name for names in lacking for name in names.split(", ")})
    return f"it has no {', '.join(names)}" if names else said.strip().splitlines()[0]


def write_beside(folder: Path, model: LatentModel, config: Config) -> None:
    """Writes a SavedModel's LiteRT form beside it, without the weights that it has.

    Args:
        folder: of the export.
        model: with the weights that the export stores.
        config: its config.
    """
    files = litert_files(interface_of(model, config), config, stored_weights(model))
    if not files:
        raise LofiError(f"LiteRT can hold no function of {config.name}")
    shutil.rmtree(folder / FOLDER, ignore_errors=True)
    (folder / FOLDER).mkdir(parents=True)
    for name, whole in files.items():
        patches, without = patches_of(whole, folder), bytearray(whole)
        for patch in patches:
            patch.place(without)[...] = 0.0
        (folder / FOLDER / (name + GRAPH)).write_bytes(zlib.compress(bytes(without), 9))
        text = json.dumps([list(patch) for patch in patches], separators=(",", ":"))
        (folder / FOLDER / (name + PATCHES)).write_text(text)
        if whole_graph(folder, name) != whole:
            raise LofiError(f"the LiteRT form of {name} in {folder} is not what was converted")


def write_file(
    model: LatentModel, config: Config, folder: Path, name: str, precision: str = "float32"
) -> Path:
    """Writes a model as `NAME.tflite`, whole, and beside it `NAME.yaml`; returns the first.

    Args:
        model: the model.
        config: its config.
        folder: made if it is not there.
        name: of the files.
        precision: of the stored weights, float32 or float16.

    Raises:
        LofiError: a file of that name is there, or LiteRT can hold no function of the model.
    """
    path = folder / f"{name}.tflite"
    if path.exists():
        raise LofiError(f"{path} is there already: give another --name or --output_dir")
    weights = stored_weights(model)
    whole = litert_bytes(interface_of(model, config), config, weights, precision=precision)
    about = {"signatures": signatures_in(whole), "config": config.to_dict()}
    folder.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(about, sort_keys=False)
    path.with_suffix(".yaml").write_text(text, encoding="utf-8")
    path.write_bytes(whole)
    return path


def signatures_in(whole: bytes) -> dict[str, dict[str, dict[str, str]]]:
    """Returns the signatures of a LiteRT file: types and shapes of their inputs and outputs."""
    model, found = schema.Model.GetRootAs(whole, 0), {}
    types = {number: name.lower() for name, number in vars(schema.TensorType).items()}

    def described(graph, tensor_map):
        tensor = graph.Tensors(tensor_map.TensorIndex())
        shape = [tensor.Shape(n) for n in range(tensor.ShapeLength())]
        return f"{types[tensor.Type()]} {shape}"

    for one in map(model.SignatureDefs, range(model.SignatureDefsLength())):
        graph = model.Subgraphs(one.SubgraphIndex())
        sides = {
            "inputs": map(one.Inputs, range(one.InputsLength())),
            "outputs": map(one.Outputs, range(one.OutputsLength())),
        }
        found[one.SignatureKey().decode()] = {
            side: {m.Name().decode(): described(graph, m) for m in maps}
            for side, maps in sides.items()
        }
    return found


def _view(converter: Converter, steps: int):
    """Returns the function from a stored example to what the model is fed of it."""
    converter = converter.with_mode("infer")
    specs = {
        name: tf.TensorSpec([1, *(size or steps for size in spec.shape)], spec.dtype, name)
        for name, spec in converter.example_spec.items()
    }

    def body(**example):
        whole = {name: tf.squeeze(part, 0) for name, part in example.items()}
        fed = to_model(converter, whole, False)
        return {name: part[None] for name, part in fit(fed, steps).items()}

    return tf.function(body, autograph=False).get_concrete_function(**specs)
