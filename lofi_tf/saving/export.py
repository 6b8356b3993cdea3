"""Export: a model to a SavedModel that runs with TensorFlow alone and under TensorFlow Serving."""

import dataclasses
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path

import keras
import tensorflow as tf

from lofi_tf.config import Config
from lofi_tf.data.storage.tfrecord import write_record
from lofi_tf.errors import LofiError, LofiWarning
from lofi_tf.models.common.latent_model import LatentModel
from lofi_tf.models.common.named_functions import NamedFunctions
from lofi_tf.models.kinds import interface_of
from lofi_tf.saving.checkpoints import stored_weights
from lofi_tf.saving.hub import ABOUT_IN_EXPORT, CARD, CONFIG_IN_EXPORT
from lofi_tf.saving.model_card import Facts, about_yaml, model_card

WARMUP = "tf_serving_warmup_requests"


@dataclasses.dataclass(frozen=True)
class ExportPath:
    """Where an export goes.

    Attributes:
        output_dir: folder of all models.
        name: of the model, a folder in it.
        version: number of the version, a folder in that.
    """

    output_dir: Path
    name: str
    version: int

    @property
    def folder(self) -> Path:
        """The version's folder."""
        return self.output_dir / self.name / str(self.version)


def place(output_dir: str | Path, name: str, version: int | None = None) -> ExportPath:
    """Returns where a model's next version goes, or the version asked for.

    Raises:
        LofiError: a name that is no name of a folder in it, a version that is there already, or is
            no positive number.
    """
    if name in ("", ".", "..") or "/" in name or "\\" in name:
        raise LofiError(f"--name must be the name of a folder, no path. Received: {name!r}")
    folder = Path(output_dir) / name
    there = [int(path.name) for path in folder.glob("*") if path.name.isdigit()]
    if version is None:
        version = max(there, default=0) + 1
    if version < 1:
        raise LofiError(f"--version must be at least 1. Received: {version}")
    if version in there:
        raise LofiError(
            f"{folder / str(version)} is there already: give another --version, or none for "
            f"{max(there) + 1}"
        )
    return ExportPath(Path(output_dir), name, version)


def export(
    model: LatentModel,
    config: Config,
    where: ExportPath,
    facts: Facts = Facts(),  # noqa: B008
    litert: bool = False,
) -> Path:
    """Writes a model as a SavedModel; returns its folder.

    The folder holds the SavedModel with the signatures of `backends.interface_of` (its default is
    `serving_default` too), `assets.extra/config.yaml`, `assets.extra/about.yaml`,
    `assets.extra/tf_serving_warmup_requests` and a model card. It is written beside and renamed, so
    that a server that watches the folder never sees half of it.

    Args:
        model: the model.
        config: its config.
        where: the folder, from `place`.
        facts: what the model card says of it; its `precision` is that of the stored
            weights. Answers are computed in float32 whatever it is.
        litert: whether its LiteRT form is written beside (`litert.write_beside`); a `LofiWarning`
            says so if it has none.

    Raises:
        LofiError: a weight that is beyond what float16 can hold.
    """
    beside = where.folder.with_name(f".{where.version}.partial")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    try:
        interface = interface_of(model, config)
        _save(model, interface, facts.precision, beside)
        extra = beside / "assets.extra"
        extra.mkdir()
        (beside / CONFIG_IN_EXPORT).write_text(interface.config_yaml, encoding="utf-8")
        _write_warmup(extra / WARMUP, where.name, interface)
        about = about_yaml(config, facts)
        (beside / ABOUT_IN_EXPORT).write_text(about, encoding="utf-8")
        card = model_card(config, where.name, interface, facts)
        (beside / CARD).write_text(card, encoding="utf-8")
        if litert:
            _write_litert(beside)
        beside.rename(where.folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return where.folder


def _save(model: LatentModel, interface: NamedFunctions, precision: str, folder: Path) -> None:
    module = tf.Module()
    weights = stored_weights(model)
    module.weights = [weight.value for weight in weights]
    if precision == "float16":
        module.weights = [_halved(weight) for weight in weights]
        interface.scope = _widened(weights, module.weights)
    signatures = interface.functions
    tf.saved_model.save(
        module,
        str(folder),
        signatures={**signatures, "serving_default": signatures[interface.default]},
        options=tf.saved_model.SaveOptions(experimental_custom_gradients=False),
    )


def _write_litert(folder: Path) -> None:
    """Writes the LiteRT form of an export, of the weights that it stores."""
    from lofi_tf.saving import litert
    from lofi_tf.saving.loading import load_model

    try:
        litert.write_beside(folder, *load_model(folder))
    except LofiError as error:
        warnings.warn(f"{error}: TensorFlow alone runs the export", LofiWarning, stacklevel=3)


def _halved(weight: keras.Variable) -> tf.Variable:
    """Returns a weight as a variable of float16; one that is no float as it is."""
    value = weight.value
    if not value.dtype.is_floating:
        return value
    half = tf.cast(value, tf.float16)
    if not bool(tf.reduce_all(tf.math.is_finite(half) | ~tf.math.is_finite(value))):
        raise LofiError(
            f"{weight.path} holds values beyond {tf.float16.max:g}, the largest of float16: "
            "export it as float32"
        )
    return tf.Variable(half, trainable=False)


def _widened(weights: list, halves: list[tf.Variable]) -> Callable[[], keras.StatelessScope]:
    """Returns the scope of a function that reads float16 and computes in float32.

    Each call casts its weights once, ahead of all loops.
    """

    def scope():
        pairs = zip(weights, halves, strict=True)
        return keras.StatelessScope([(one, tf.cast(half, one.dtype)) for one, half in pairs])

    return scope


def _write_warmup(path: Path, name: str, interface: NamedFunctions) -> None:
    """Writes requests, which a server runs before it takes others.

    Functions of scalars are left out: a server that batches refuses them, and would then refuse
    the whole model.
    """
    from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

    with path.open("wb") as file:
        for function in sorted(interface.functions):
            asked = interface.inputs_of(function)
            if any(spec.shape.rank == 0 for spec in asked.values()):
                continue
            request = predict_pb2.PredictRequest()
            request.model_spec.name, request.model_spec.signature_name = name, function
            for key, spec in asked.items():
                shape = [1 if size is None else size for size in spec.shape]
                # A number for a whole tensor is kept as one: a clip's zeros would be its size.
                value = {"length": interface.steps, "lengths": 1, "temperature": 1}.get(key, 0)
                request.inputs[key].CopyFrom(tf.make_tensor_proto(value, spec.dtype, shape))
            log = prediction_log_pb2.PredictionLog(
                predict_log=prediction_log_pb2.PredictLog(request=request)
            )
            write_record(file, log.SerializeToString())
