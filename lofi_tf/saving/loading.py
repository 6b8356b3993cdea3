"""A checkpoint or an export to its model and config, and where they lie."""

import dataclasses
import re
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lofi_tf import quiet
from lofi_tf.config import Config, load_config
from lofi_tf.errors import LofiError, naming
from lofi_tf.interop.magenta_js_config import config_by_weights
from lofi_tf.interop.magenta_js_spec import config_in, is_magenta_js
from lofi_tf.saving.hub import config_of_export, export_in, find_model, is_address

if TYPE_CHECKING:  # an export runs without the models, whose import takes a second
    from lofi_tf.models.common.latent_model import LatentModel

_PART_OF_A_CHECKPOINT = re.compile(r"\.(index|data-\d{5}-of-\d{5})$")

# Settings of models, and options of heads, that training alone asks.
OF_TRAINING = (
    *("given_hits", "expression_weight", "dropout_keep_prob", "discriminator"),
    *("beta_1", "beta_2", "cross_1", "cross_2", "regularization_type", "transfer_1", "transfer_2"),
)


def weights_path(source: str | Path) -> Path:
    """Returns where the weights of a model lie: an export's folder, or a checkpoint.

    Args:
        source: a folder that `lofi_train` wrote (its latest checkpoint is meant); an export, the
            folder of its versions (the latest), or its name (`hub.find_model`); a checkpoint, ours
            or Magenta's, by prefix, folder or `.tar`; or a folder that magenta.js loads.

    Raises:
        LofiError: no such model, or an address.
    """
    if is_address(source):
        raise LofiError(f"a server does not give away weights. Received: {source}")
    path = Path(_PART_OF_A_CHECKPOINT.sub("", str(source)))
    if path.is_file() and not tarfile.is_tarfile(path):
        raise LofiError(
            f"{path} is no checkpoint of TensorFlow. Allowed: a prefix with an .index file, a "
            "folder or a .tar"
        )
    if not path.exists() and not Path(f"{path}.index").is_file():
        with naming("no such checkpoint"):
            path = Path(find_model(source))
    if export := export_in(path):
        return export
    if (path / "train").is_dir():
        return path / "train"
    checkpoints = (path / "checkpoint").is_file() or any(path.rglob("*.index"))
    if path.is_dir() and not checkpoints and not is_magenta_js(path):
        raise LofiError(f"{path} holds no run of lofi_train, nor an export, and no checkpoint")
    return path


def load_model(
    path: Path, config: Config | None = None, renamed: Callable[[str], str] | None = None
) -> tuple["LatentModel", Config]:
    """Returns the model of a checkpoint or of an export, and its config.

    Args:
        path: prefix, folder or `.tar` of a checkpoint, a folder of magenta.js, or an export.
        config: of a model that does not know its own; one that does must be of that name, or have
            the same settings (`same_model`).
        renamed: as `checkpoints.load_weights` takes it.

    Raises:
        LofiError: no model there, no config known, or another than the model's.
    """
    with quiet.imports():
        from lofi_tf.models.build import build_model
        from lofi_tf.saving import checkpoints
    known = known_config(path)
    if known is not None:
        check_config(known, config, path)
    config = known or config or told_config(path)
    model = build_model(config)
    checkpoints.load_weights(model, path, renamed)
    return model, config


def run_above(path: Path) -> Path | None:
    """Returns the run's folder that a checkpoint lies in, up to three folders above; or None."""
    for folder in (path, *list(path.absolute().parents)[:3]):
        if (folder / "run.yaml").is_file() and (folder / "config.yaml").is_file():
            return folder
    return None


def known_config(path: Path) -> Config | None:
    """Returns the config that a model keeps with it; None where it does not."""
    if export_in(path) == path:
        return config_of_export(path)
    run = run_above(path)
    return load_config(run) if run else config_in(path)


def told_config(path: Path) -> Config:
    """Returns the config that a model keeps, or that tells of its music and its sizes.

    Raises:
        LofiError: there is none, or no model.
    """
    config = known_config(path) or config_by_weights(path)
    if config is None:
        raise LofiError(f"{path} does not say its config: give --config")
    return config


def same_model(one: Config, other: Config) -> bool:
    """Says whether two configs are of the same music and model, however these are trained."""
    return _untrained(one) == _untrained(other)


def check_config(known: Config, config: Config | None, source: Any) -> None:
    """Refuses a model that is not that of a config, if one is given.

    Raises:
        LofiError: it is a model of another name and other settings.
    """
    if config is None or known.name == config.name or same_model(known, config):
        return
    raise LofiError(
        f"{source} was trained with the config {known.name} and other settings than the given "
        f"{config.name}: leave out --config to use its own"
    )


def _untrained(config: Config) -> tuple:
    """Returns what a config says of its music and its model, without what training alone asks."""
    model, changes = config.model, {}
    for field in dataclasses.fields(model):
        if field.name in OF_TRAINING:
            changes[field.name] = field.default
        elif field.name == "head":
            changes["head"] = {n: v for n, v in model.head.items() if n not in OF_TRAINING}
    return dataclasses.replace(model, **changes), config.data.converter
