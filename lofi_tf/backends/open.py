"""What can encode and decode: a model in this process, an export or a server, all asked alike."""

from pathlib import Path
from typing import TYPE_CHECKING

import tensorflow as tf

from lofi_tf.backends.base import Arrays, Backend, by_either_name
from lofi_tf.config import Config
from lofi_tf.errors import LofiError, NoSuchFunction
from lofi_tf.models.interfaces import interface_of
from lofi_tf.saving.hub import config_of_export, export_in, is_address
from lofi_tf.saving.loading import check_config, load_model, model_folder

if TYPE_CHECKING:  # an export runs without the models, whose import takes a second
    from lofi_tf.models.common.latent_model import LatentModel


def backend_of_model(model: "LatentModel", config: Config) -> Backend:
    """Returns a model in this process as a backend."""
    interface = interface_of(model, config)
    return Backend(config, lambda name, arrays: _call(interface.function(name), arrays), model)


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
            of one (`hub.find_model`), or the address of a TensorFlow Serving model,
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

        backend = open_server(str(model), timeout)
    else:
        path = Path(checkpoint_file) if model is None else model_folder(model)
        if export_in(path) != path:
            return backend_of_model(*load_model(path, config))
        backend = open_export(path)
    check_config(backend.config, config, model or checkpoint_file)
    return backend


def open_source(source: str | Path, config: Config | None = None) -> Backend:
    """Returns the model of whatever a person calls one; takes and raises what `open_backend` does.

    Args:
        source: what `open_backend` takes as a model or as a checkpoint. A run or an export goes
            before a folder of checkpoints; what is none of them is the name of a model.
        config: as of `open_backend`.
    """
    if is_checkpoint(source):
        return open_backend(checkpoint_file=source, config=config)
    return open_backend(source, config=config)


def is_checkpoint(source: str | Path) -> bool:
    """Says whether a source is a checkpoint rather than a run, an export, an address or a name."""
    path = Path(source)
    if is_address(source) or not path.is_dir():
        return path.suffix == ".tar" or Path(f"{path}.index").is_file()
    return not (path / "train").is_dir() and export_in(path) is None


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

    def call(name, arrays):  # holds on to `loaded`, whose variables would go otherwise
        if name not in loaded.signatures:
            raise NoSuchFunction(f"{folder} has no signature {name!r}: export the model again")
        return _call(loaded.signatures[name], arrays)

    return Backend(config, by_either_name(config, call))


def _call(function, arrays: Arrays) -> Arrays:
    answers = function(**{name: tf.constant(value) for name, value in arrays.items()})
    return {name: value.numpy() for name, value in answers.items()}
