"""What can encode and decode: a model in this process, an export or a server, all asked alike."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from lofi_tf.backends.base import Arrays, Backend, by_either_name
from lofi_tf.config import Config, load_config
from lofi_tf.errors import LofiError, NoSuchFunction
from lofi_tf.models.interfaces import interface_of
from lofi_tf.saving.hub import CONFIG_IN_EXPORT, export_in, find_model, is_address
from lofi_tf.saving.loading import _check_same, load_model, train_folder

if TYPE_CHECKING:  # an export runs without the models, whose import takes a second
    from lofi_tf.models.common.latent_model import LatentModel


def backend_of_model(model: "LatentModel", config: Config) -> Backend:
    """Returns a model in this process as a backend."""
    interface = interface_of(model, config)
    return Backend(config, lambda name, given: _call(interface.function(name), given))


def open_backend(
    model: str | Path | None = None,
    checkpoint_file: str | Path | None = None,
    config: Config | None = None,
    timeout: float = 60.0,
) -> Backend:
    """Returns the model of a run folder, of an export, behind an address, or of a checkpoint.

    Args:
        model: a folder that `lofi_train` wrote (its latest checkpoint is taken), a SavedModel
            that `lofi_export` wrote (or the folder of its versions: the latest is taken), the name
            of one (`model_folders.find_model`), or the address of a TensorFlow Serving model,
            `http(s)://host:port/v1/models/name` or `grpc://host:port/name`.
        checkpoint_file: prefix, folder or `.tar` of one of our checkpoints or of Magenta's, or a
            folder that magenta.js loads.
        config: of the checkpoint; the run or the checkpoint's folders are asked where it is not
            given. What knows its own must be of that name, or have the same settings.
        timeout: seconds to wait for a server's answer.

    Raises:
        LofiError: both or neither given, no model there, no config known, or another than the
            model's.
    """
    if (model is None) == (checkpoint_file is None):
        raise LofiError("give --model (or --run_dir) or --checkpoint_file, one of the two")
    if is_address(model):
        from lofi_tf.backends.tf_serving import open_server

        return of_config(open_server(str(model), timeout), config, model)
    model = model and find_model(model)
    export = model and export_in(model)
    if export:
        return of_config(open_export(export), config, model)
    path = train_folder(model) if model is not None else Path(checkpoint_file)
    built, config = load_model(path, config)
    return backend_of_model(built, config)


def of_config(backend: Backend, config: Config | None, where: Any) -> Backend:
    """Returns a backend whose model is that of a config, if one is given.

    Raises:
        LofiError: it is a model of another name and other settings.
    """
    if config is not None and backend.config.name != config.name:
        _check_same(config, backend.config, where)
    return backend


def open_export(folder: Path) -> Backend:
    """Returns a SavedModel that `lofi_export` wrote as a backend.

    Raises:
        LofiError: another's SavedModel, or a damaged one.
    """
    config = config_of_export(folder)
    try:
        loaded = tf.saved_model.load(str(folder))
    except (OSError, ValueError, tf.errors.OpError) as error:
        line = str(error).strip().splitlines()[0]
        raise LofiError(f"{folder} is a damaged SavedModel: {line}") from error

    def call(name, given):  # holds on to `loaded`, whose variables would go otherwise
        if name not in loaded.signatures:
            raise NoSuchFunction(f"{folder} has no signature {name!r}: export the model again")
        return _call(loaded.signatures[name], given)

    return Backend(config, by_either_name(config, call))


def config_of_export(folder: Path) -> Config:
    """Returns the config of a SavedModel that `lofi_export` wrote.

    Raises:
        LofiError: another's SavedModel.
    """
    path = folder / CONFIG_IN_EXPORT
    if not path.is_file():
        raise LofiError(f"{folder} was not written by lofi_export: it has no {CONFIG_IN_EXPORT}")
    return load_config(path)


def _call(function, given: Arrays) -> Arrays:
    answers = function(**{name: tf.constant(value) for name, value in given.items()})
    return {name: value.numpy() for name, value in answers.items()}
