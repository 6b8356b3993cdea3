"""Checkpoints: of our runs, and Magenta's, in folders, by prefix or in tar files."""

import tarfile
import tempfile
from pathlib import Path

import tensorflow as tf

from lofi_tf.compat.magenta_checkpoint import load_magenta_checkpoint
from lofi_tf.errors import LofiError
from lofi_tf.models.vae import MusicVAE

OUR_MARK = "_CHECKPOINTABLE_OBJECT_GRAPH"  # what object-based checkpoints hold, TF1's do not


def latest(folder: str | Path) -> str | None:
    """Returns the prefix of the folder's latest checkpoint, None if it holds none."""
    return tf.train.latest_checkpoint(str(folder))


def checkpoint_of(model: MusicVAE) -> tf.train.Checkpoint:
    """Returns what is saved of a model: its weights, its optimiser and any plateau."""
    parts = {"model": model, "optimizer": model.optimizer}
    return tf.train.Checkpoint(**parts, **_plateau_of(model))


def restore_latest(model: MusicVAE, folder: str | Path) -> int:
    """Restores a model from the latest checkpoint in a folder; returns its step.

    Raises:
        LofiError: no checkpoint there.
    """
    prefix = latest(folder)
    if prefix is None:
        raise LofiError(f"there is no checkpoint in {folder}")
    return restore(model, prefix)


def restore(model: MusicVAE, prefix: str) -> int:
    """Restores a model's weights and optimiser from one of our checkpoints; returns its step.

    Raises:
        LofiError: a checkpoint that does not fit the model.
    """
    try:
        parts = {"model": model, "optimizer": model.optimizer}
        if any(name.startswith("plateau/") for name, _ in tf.train.list_variables(prefix)):
            parts |= _plateau_of(model)  # a run may have begun without one
        status = tf.train.Checkpoint(**parts).restore(prefix)
        status.assert_existing_objects_matched()
    except (AssertionError, ValueError, IndexError, tf.errors.OpError) as error:
        line = str(error).strip().splitlines()[0]
        raise LofiError(
            f"checkpoint {prefix} is damaged or does not fit the model: {line}"
        ) from error
    return int(model.optimizer.iterations)


def _plateau_of(model: MusicVAE) -> dict[str, tf.Module]:
    return {} if model.rate.plateau is None else {"plateau": model.rate.plateau}


def load_weights(model: MusicVAE, path: str | Path) -> None:
    """Sets a model's weights from any checkpoint: ours or Magenta's TF1.

    Args:
        model: of the config that the checkpoint was trained with.
        path: a prefix (`model.ckpt-2721`), a folder (its latest checkpoint, or the first one
            found at any depth) or a `.tar` file of either.

    Raises:
        LofiError: no checkpoint there, or one that does not fit.
    """
    path = Path(path)
    if path.is_file() and tarfile.is_tarfile(path):
        with tempfile.TemporaryDirectory() as folder:
            _extract(path, Path(folder))
            _load_prefix(model, _prefix_in(Path(folder), path))
        return
    _load_prefix(model, _prefix_in(path, path) if path.is_dir() else str(path))


def _load_prefix(model: MusicVAE, prefix: str) -> None:
    if not Path(f"{prefix}.index").is_file():
        raise LofiError(
            f"no checkpoint at {prefix}. Expected a prefix with an .index file, a folder or a .tar"
        )
    if OUR_MARK in dict(tf.train.list_variables(prefix)):
        restore(model, prefix)
    else:
        load_magenta_checkpoint(model, prefix)


def _prefix_in(folder: Path, named: Path) -> str:
    prefix = latest(folder)
    if prefix:
        return prefix
    found = sorted(folder.rglob("*.index"))
    if not found:
        raise LofiError(f"there is no checkpoint in {named}")
    return str(found[0])[: -len(".index")]


def _extract(path: Path, folder: Path) -> None:
    """Unpacks checkpoint files only, under their own folder, no links."""
    try:
        with tarfile.open(path) as tar:
            for member in tar:
                target = (folder / member.name).resolve()
                if member.isfile() and target.is_relative_to(folder.resolve()):
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(tar.extractfile(member).read())
    except (tarfile.TarError, OSError, EOFError) as error:
        raise LofiError(f"cannot unpack {path}: {error}") from error
