"""What can encode and decode: a model in this process, an export or a server, all asked alike."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from lofi_tf import quiet
from lofi_tf.backends import litert
from lofi_tf.backends.base import Arrays, Backend, name_among
from lofi_tf.config import Config
from lofi_tf.errors import LofiError, unknown_name
from lofi_tf.interop.plain_names import plain_folder
from lofi_tf.models.kinds import interface_of
from lofi_tf.saving.hub import RUNTIME, RUNTIMES, config_of_export, export_in, is_address
from lofi_tf.saving.litert_weights import litert_functions
from lofi_tf.saving.loading import check_config, load_model, run_above, weights_path

if TYPE_CHECKING:  # an export runs without the models, whose import takes a second
    from lofi_tf.models.common.latent_model import LatentModel


def backend_of_model(model: "LatentModel", config: Config, run_dir: Path | None = None) -> Backend:
    """Returns a model in this process, of a run if it is told, as a backend."""
    interface = interface_of(model, config)

    def call(function, arrays):
        return _call(interface.function(function), arrays)

    return Backend(config, call, model, run_dir)


def open_backend(
    source: str | Path,
    config: Config | None = None,
    timeout: float = 60.0,
    runtime: str | None = None,
) -> Backend:
    """Returns a trained model, whatever a person calls it.

    Args:
        source: what `loading.weights_path` takes, or the address of a TensorFlow Serving model,
            `http(s)://host:port/v1/models/name` or `grpc://host:port/name`.
        config: of a checkpoint that does not know its own. What knows its own must be of that
            name, or have the same settings.
        timeout: seconds to wait for a server's answer.
        runtime: `litert` or `tensorflow`, which play alike; None is what the environment variable
            `LOFI_TF_RUNTIME` says, or LiteRT where an export has that form and it is installed.

    Raises:
        LofiError: no model there, no config known, or another than the model's; no such runtime, or
            one that cannot play the model.
    """
    runtime = runtime or os.environ.get(RUNTIME)
    if runtime not in (None, *RUNTIMES):
        raise unknown_name("runtime", str(runtime), RUNTIMES)
    if is_address(source):
        from lofi_tf.backends.tf_serving import open_server

        backend = open_server(str(source), timeout)
    else:
        path = weights_path(source)
        if export_in(path) != path:
            if runtime == "litert":
                raise LofiError(f"--runtime=litert plays exports (lofi_export). Received: {source}")
            return backend_of_model(*load_model(path, config), run_above(path))
        backend = _open_export(path, runtime)
    check_config(backend.config, config, source)
    return backend


def _open_export(folder: Path, runtime: str | None) -> Backend:
    if runtime == "tensorflow" or not (runtime or can_litert(folder)):
        return open_export(folder)
    if not litert_functions(folder):
        raise LofiError(f"{folder} has no LiteRT form: export it again, or --runtime=tensorflow")
    if not litert.is_installed():
        raise LofiError(
            "LiteRT is not installed: pip install ai-edge-litert, or --runtime=tensorflow"
        )
    config = config_of_export(folder)
    return litert.LiteRTBackend(config, folder, lambda: open_export(folder))


def can_litert(folder: Path) -> bool:
    """Says whether an export is played by LiteRT here."""
    return bool(litert_functions(folder)) and litert.is_installed()


def open_export(folder: Path) -> Backend:
    """Returns a SavedModel that `lofi_export` wrote as a backend.

    Raises:
        LofiError: another's SavedModel, or a damaged one.
    """
    config = config_of_export(folder)
    with quiet.imports():
        import tensorflow as tf
    try:
        loaded = tf.saved_model.load(plain_folder(folder))
    except (OSError, ValueError, tf.errors.OpError) as error:
        line = str(error).strip().splitlines()[0]
        raise LofiError(f"{folder} is a damaged SavedModel: {line}") from error

    def call(function, arrays):  # holds on to `loaded`, whose variables would go otherwise
        name = name_among(loaded.signatures, function, config, folder)
        return _call(loaded.signatures[name], arrays)

    return Backend(config, call, folder=folder)


def _call(function, arrays: Arrays) -> Arrays:
    import tensorflow as tf

    answers = function(**{name: tf.constant(value) for name, value in arrays.items()})
    return {name: value.numpy() for name, value in answers.items()}
