"""What can encode and decode: a model in this process, an export or a server, all asked alike."""

import glob
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf
import yaml

from lofi_tf import quiet
from lofi_tf.compat.magenta_js_config import config_by_weights
from lofi_tf.compat.magenta_js_spec import config_in
from lofi_tf.config import Config, config_from_dict, load_config
from lofi_tf.data.converter import build_converter
from lofi_tf.errors import LofiError, NoSuchFunction
from lofi_tf.model_folders import CONFIG_IN_EXPORT, export_in, find_model, is_address

if TYPE_CHECKING:  # an export runs without the models, whose import takes a second
    from lofi_tf.models.latent_model import LatentModel
    from lofi_tf.models.named_functions import NamedFunctions

Arrays = Mapping[str, np.ndarray]
_OTHERS = {
    "continuation": "a continuation: it goes on with a sound, --mode=continue --input_audio=FILE",
    "cross_modal": "a model of sound and notes at once: use lofi_play or lofi_transcribe",
}


class Backend:
    """A model, wherever it runs. Every array has the batch B first.

    Args:
        config: the model's.
        call: `(function, arrays) -> arrays` by the names of `interface_of`.

    Attributes:
        config: the model's.
    """

    def __init__(self, config: Config, call: Callable[[str, Arrays], Arrays]):
        self.config, self.call = config, call

    def encode(
        self, inputs: np.ndarray, lengths: np.ndarray, controls: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Returns the posterior's mean and standard deviation, [B, Z], of inputs [B, T, D].

        Raises:
            LofiError: the model has no latent, or is of another kind.
        """
        self._check_vae()
        if not self.config.model.z_size:
            raise LofiError(f"{self.config.name} has no latent (z_size 0) and takes no inputs")
        found = self.call("encode", _with({"inputs": inputs, "lengths": lengths}, controls))
        return found["mean"], found["stddev"]

    def decode(
        self,
        z: np.ndarray,
        temperature: np.ndarray,
        seeds: np.ndarray,
        controls: np.ndarray | None = None,
    ) -> np.ndarray:
        """Returns outputs [B, T, D] of z [B, Z], by temperature [B] and seeds int64 [B].

        A row's answer depends on that row alone. See `row_seeds` of `lofi_tf.generation`.

        Raises:
            LofiError: the model is of another kind, or z of another shape.
        """
        self._check_vae()
        self.check_latents(z)
        length = np.full(len(z), self.config.model.max_seq_len, np.int32)
        given = {"z": z, "temperature": temperature, "seed": seeds, "length": length}
        return self.call("decode", _with(given, controls))["outputs"]

    def score(
        self,
        z: np.ndarray,
        targets: np.ndarray,
        lengths: np.ndarray,
        controls: np.ndarray | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Returns the reconstruction loss [B] of targets [B, T, D], and outputs [B, T, D].

        The decoder is fed z [B, Z] and at each step the truth before it (teacher forcing); the
        outputs are the likeliest at each step. The loss is in nats, but for heads of grooves and
        of spectra, whose losses are no likelihoods.

        Raises:
            NoSuchFunction: an export from before there was `score`.
            LofiError: the model is of another kind, or z of another shape.
        """
        self._check_vae()
        self.check_latents(z)
        given = {"z": z, "targets": targets, "lengths": lengths}
        found = self.call("score", _with(given, controls))
        return found["loss"], found["outputs"]

    def play_hits(
        self, z: np.ndarray, hits: np.ndarray, controls: np.ndarray | None = None
    ) -> np.ndarray:
        """Returns outputs [B, T, D] of z [B, Z] with the given hits, 0 or 1, [B, T, D / 3].

        Velocities and timing are the model's, which is fed with them and the given hits.

        Raises:
            NoSuchFunction: no model of grooves, or an export from before there was `play_hits`.
            LofiError: the model is of another kind, or z of another shape.
        """
        self._check_vae()
        self.check_latents(z)
        given = {"z": z, "hits": np.asarray(hits, np.float32)}
        return self.call("play_hits", _with(given, controls))["outputs"]

    def check_latents(self, z: np.ndarray) -> None:
        """Refuses what is not [B, Z]."""
        z_size = self.config.model.z_size
        if np.ndim(z) != 2 or np.shape(z)[1] != z_size:
            shape = list(np.shape(z))
            raise LofiError(f"{self.config.name}: z must be [N, {z_size}]. Received: {shape}")

    def _check_vae(self) -> None:
        if self.config.model.kind in _OTHERS:
            raise LofiError(f"{self.config.name} is {_OTHERS[self.config.model.kind]}")


def backend_of_model(model: "LatentModel", config: Config) -> Backend:
    """Returns a model in this process as a backend."""
    interface = interface_of(model, config)
    return Backend(config, lambda name, given: _call(interface.function(name), given))


def interface_of(model: "LatentModel", config: Config) -> "NamedFunctions":
    """Returns the named functions of a model."""
    from lofi_tf.models.continuation_interface import ContinuationInterface
    from lofi_tf.models.cross_interface import CrossInterface
    from lofi_tf.models.interface import Interface

    text = yaml.safe_dump(config.to_dict())
    if config.model.kind == "continuation":
        return ContinuationInterface(model, text)
    if config.model.kind == "cross_modal":
        return CrossInterface(model, text)
    return Interface(model, build_converter(config.data.converter).model_spec, text)


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
        from lofi_tf.serving import open_server

        return of_config(open_server(str(model), timeout), config, model)
    model = model and find_model(model)
    export = model and export_in(model)
    if export:
        return of_config(open_export(export), config, model)
    path = train_folder(model) if model is not None else Path(checkpoint_file)
    built, config = load_model(path, config)
    return backend_of_model(built, config)


def train_folder(run_dir: str | Path) -> Path:
    """Returns where the checkpoints of a run lie.

    Raises:
        LofiError: no folder, or one that holds no run.
    """
    run_dir = Path(run_dir)
    if not run_dir.is_dir():
        raise LofiError(f"no such folder. Received: {str(run_dir)!r}")
    if not (run_dir / "train").is_dir():
        raise LofiError(f"{run_dir} holds no run of lofi_train, nor an export: it has no train/")
    return run_dir / "train"


def of_config(backend: Backend, config: Config | None, where: Any) -> Backend:
    """Returns a backend whose model is that of a config, if one is given.

    Raises:
        LofiError: it is a model of another name and other settings.
    """
    if config is not None and backend.config.name != config.name:
        _check_same(config, backend.config, where)
    return backend


def load_model(
    path: Path, config: Config | None = None, renamed: Callable[[str], str] | None = None
) -> tuple["LatentModel", Config]:
    """Returns the model of a checkpoint, and its config.

    Args:
        path: prefix, folder or `.tar` of a checkpoint, or a folder of magenta.js.
        config: of the model; the folders of the checkpoint are asked where it is not given (one
            that others made for magenta.js tells of its music and its sizes). Where they know one
            of the same name, theirs is taken, whatever its sizes.
        renamed: as `checkpoints.load_weights` takes it.

    Raises:
        LofiError: no checkpoint there, no config known, or another than the checkpoint's.
    """
    with quiet.imports():
        from lofi_tf import checkpoints
        from lofi_tf.models.build import build_model
    known = known_config(path)
    if config is None and known is None:
        config = config_by_weights(path)
    if config is None and known is None:
        if not glob.glob(f"{glob.escape(str(path))}*"):
            raise LofiError(f"there is no checkpoint {path}")
        raise LofiError(f"{path} does not say its config: give --config")
    if config is None or (known is not None and known.name == config.name):
        config = known
    _check_same(config, known, path)
    model = build_model(config)
    checkpoints.load_weights(model, path, renamed)
    return model, config


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

    return Backend(config, call)


def config_of_export(folder: Path) -> Config:
    """Returns the config of a SavedModel that `lofi_export` wrote.

    Raises:
        LofiError: another's SavedModel.
    """
    path = folder / CONFIG_IN_EXPORT
    if not path.is_file():
        raise LofiError(f"{folder} was not written by lofi_export: it has no {CONFIG_IN_EXPORT}")
    return load_config(path)


def config_of_yaml(text: str, source: str) -> Config:
    """Returns the config that a model describes itself with."""
    return config_from_dict(yaml.safe_load(text), source)


def _call(function, given: Arrays) -> Arrays:
    answers = function(**{name: tf.constant(value) for name, value in given.items()})
    return {name: value.numpy() for name, value in answers.items()}


def _with(given: dict[str, np.ndarray], controls: np.ndarray | None) -> Arrays:
    return given if controls is None else {**given, "controls": controls}


def run_above(path: Path) -> Path | None:
    """Returns the run's folder that a checkpoint lies in, up to three folders above; or None."""
    for folder in (path, *list(path.absolute().parents)[:3]):
        if (folder / "run.yaml").is_file() and (folder / "config.yaml").is_file():
            return folder
    return None


def known_config(path: Path) -> Config | None:
    """Returns the config that a checkpoint's folders say it has; None where they do not."""
    run = run_above(path)
    return load_config(run) if run else config_in(path)


def _check_same(config: Config, known: Config | None, path: Any) -> None:
    if known is None or (known.model, known.data) == (config.model, config.data):
        return
    raise LofiError(
        f"{path} was trained with the config {known.name} and other settings than the given "
        f"{config.name}: leave out --config to use its own"
    )
