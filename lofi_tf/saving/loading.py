"""A checkpoint to its model and config."""

import glob
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lofi_tf import quiet
from lofi_tf.config import Config, load_config
from lofi_tf.errors import LofiError
from lofi_tf.interop.magenta_js_config import config_by_weights
from lofi_tf.interop.magenta_js_spec import config_in

if TYPE_CHECKING:  # an export runs without the models, whose import takes a second
    from lofi_tf.models.common.latent_model import LatentModel


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
        from lofi_tf.models.build import build_model
        from lofi_tf.saving import checkpoints
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
