"""Weights: of our runs, of Magenta's, in folders, by prefix or in tar files; of exports."""

import glob
import re
import tarfile
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from lofi_tf.errors import LofiError, LofiWarning
from lofi_tf.interop.magenta_checkpoint import load_magenta_checkpoint, magenta_weights
from lofi_tf.interop.magenta_js import load_magenta_js
from lofi_tf.interop.magenta_js_spec import is_magenta_js
from lofi_tf.interop.plain_names import plain
from lofi_tf.models.common.latent_model import LatentModel
from lofi_tf.saving.hub import about, export_in

Renamed = Callable[[str], str]
_AVERAGES = ("moving_mean", "moving_variance")  # of batch normalisation
OUR_MARK = "_CHECKPOINTABLE_OBJECT_GRAPH"  # what object-based checkpoints hold, TF1's do not


def latest(folder: str | Path) -> str | None:
    """Returns the prefix of a folder's latest checkpoint, whole or not, None if there is none."""
    return next(iter(_newest_first(Path(folder))), None)


def checkpoint_of(model: LatentModel) -> tf.train.Checkpoint:
    """Returns what is saved of a model: its weights, its optimiser, its averages, any plateau."""
    parts = {"model": model, "optimizer": model.optimizer}
    return tf.train.Checkpoint(**parts, **_averages_of(model), **_plateau_of(model))


def restore_latest(model: LatentModel, folder: str | Path) -> int:
    """Restores a model from the latest whole checkpoint in a folder; returns its step.

    Damaged ones that are newer are passed over with a `LofiWarning`.

    Raises:
        LofiError: no checkpoint there, none that is whole, or one that does not fit the model.
    """
    prefixes = _newest_first(Path(folder))
    if not prefixes:
        raise LofiError(f"there is no checkpoint in {folder}")
    return _first_whole(prefixes, lambda prefix: _restore(model, prefix))


def _restore(model: LatentModel, prefix: str) -> int:
    """Restores a model's weights and optimiser from one of our checkpoints; returns its step.

    Raises:
        LofiError: a checkpoint that is damaged or does not fit the model.
    """
    try:
        parts = {"model": model, "optimizer": model.optimizer}
        names = [name for name, _ in tf.train.list_variables(plain(prefix))]
        if any(name.startswith("plateau/") for name in names):
            parts |= _plateau_of(model)  # a run may have begun without one
        if any(name.startswith("averages/") for name in names):
            parts |= _averages_of(model)
        else:
            _check_averages(model, names, prefix)
        status = tf.train.Checkpoint(**parts).restore(plain(prefix))
        status.assert_existing_objects_matched()
    except (AssertionError, ValueError, IndexError, tf.errors.OpError) as error:
        line = str(error).strip().splitlines()[0]
        raise LofiError(f"checkpoint {prefix} does not fit the model: {line}") from error
    return model.steps_trained


def _averages_of(model: LatentModel) -> dict[str, list[tf.Variable]]:
    """Returns the moving averages of normalisation.

    A checkpoint follows attributes, and the lists that Keras keeps of layers are none: it reaches
    weights in there by way of the optimiser, which knows nothing of averages.
    """
    found = [v.value for v in model.variables if v.path.rpartition("/")[2] in _AVERAGES]
    return {"averages": found} if found else {}


def _check_averages(model: LatentModel, names: list[str], prefix: str) -> None:
    found = sum(any(f"/{average}/" in name for average in _AVERAGES) for name in names)
    missing = len(_averages_of(model).get("averages", ())) - found
    if missing > 0:
        warnings.warn(
            f"checkpoint {prefix} lacks {missing} moving averages of normalisation, as older ones "
            "do: what the model says will be wrong until it is trained on",
            LofiWarning,
            stacklevel=2,
        )


def _plateau_of(model: LatentModel) -> dict[str, tf.Module]:
    return {} if model.rate.plateau is None else {"plateau": model.rate.plateau}


def load_weights(model: LatentModel, path: str | Path, renamed: Renamed | None = None) -> None:
    """Sets a model's weights from any checkpoint, ours, Magenta's TF1 or magenta.js', or export.

    Args:
        model: of the config that the checkpoint was trained with.
        path: a prefix (`model.ckpt-2721`), a folder (its latest whole checkpoint, as by
            `restore_latest`, or the first one found at any depth), a `.tar` file of either, or a
            folder that magenta.js loads, or an export.
        renamed: what a checkpoint of Magenta's calls the variable of a name; the same if not
            given.

    Raises:
        LofiError: no checkpoint there, none that is whole, or one that does not fit.
    """
    path = Path(path)
    if export_in(path) == path:
        _load_export(model, path)
        return
    if path.is_file() and tarfile.is_tarfile(path):
        with tempfile.TemporaryDirectory() as folder:
            _extract(path, Path(folder))
            _load_newest(model, _prefixes_in(Path(folder), path), renamed)
        return
    if is_magenta_js(path):
        load_magenta_js(model, path, renamed)
        return
    if path.is_dir():
        _load_newest(model, _prefixes_in(path, path), renamed)
        return
    if not Path(f"{path}.index").is_file():
        raise LofiError(
            f"no checkpoint at {path}. Expected a prefix with an .index file, a folder or a .tar"
        )
    _load_newest(model, [str(path)], renamed)


def stored_weights(model: LatentModel) -> list[keras.Variable]:
    """Returns the weights that an export stores, in its order: all but a discriminator's."""
    discriminator = {id(weight) for weight in getattr(model.discriminator, "weights", ())}
    return [weight for weight in model.weights if id(weight) not in discriminator]


def _load_export(model: LatentModel, folder: Path) -> None:
    """Gives a model the weights and the step of an export."""
    weights = stored_weights(model)
    try:
        reader = tf.train.load_checkpoint(plain(folder / "variables" / "variables"))
        values = [
            reader.get_tensor(f"weights/{number}/.ATTRIBUTES/VARIABLE_VALUE")
            for number in range(len(weights))
        ]
        for weight, value in zip(weights, values, strict=True):
            weight.assign(tf.cast(value, weight.dtype))
    except (tf.errors.OpError, ValueError, RuntimeError) as error:
        line = str(error).strip().splitlines()[0]
        raise LofiError(f"{folder} is a damaged export: {line}") from error
    model.optimizer.iterations.assign(about(folder).step)


def _load_newest(model: LatentModel, prefixes: list[str], renamed: Renamed | None) -> None:
    def load(prefix):
        if OUR_MARK in dict(tf.train.list_variables(plain(prefix))):
            _restore(model, prefix)
            return
        names = magenta_weights(model) if renamed else ()
        back = {f"^{re.escape(renamed(name))}$": name for name in names}
        load_magenta_checkpoint(model, prefix, back)

    _first_whole(prefixes, load)


def _prefixes_in(folder: Path, named: Path) -> list[str]:
    prefixes = _newest_first(folder)
    deeper = [] if prefixes else sorted(folder.rglob("*.index"))
    if not prefixes and not deeper:
        raise LofiError(f"there is no checkpoint in {named}")
    return prefixes or [str(deeper[0]).removesuffix(".index")]


def _newest_first(folder: Path) -> list[str]:
    """Returns the prefixes of a folder's checkpoints: as its `checkpoint` file says, then others.

    Those of which no file is left do not count; without the `checkpoint` file it goes by the step.
    """
    state = tf.train.get_checkpoint_state(str(folder))
    said = [state.model_checkpoint_path, *state.all_model_checkpoint_paths[::-1]] if state else []
    there = [prefix for prefix in said if glob.glob(f"{glob.escape(prefix)}.*")]
    found = [str(path).removesuffix(".index") for path in folder.glob("*.index")]
    return list(dict.fromkeys([*there, *sorted(found, key=_step_and_name, reverse=True)]))


def _step_and_name(prefix: str) -> tuple[int, str]:
    step = prefix.rpartition("-")[2]
    return int(step) if step.isdecimal() else -1, prefix


def _first_whole(prefixes: list[str], load: Callable[[str], Any]) -> Any:
    """Loads the first checkpoint that is whole, and warns of those before it."""
    for number, prefix in enumerate(prefixes):
        try:
            found = load(prefix)
        except (LofiError, IndexError, tf.errors.OpError):
            if _is_whole(prefix):
                raise
            continue
        if number:
            damaged = ", ".join(prefixes[:number])
            warnings.warn(f"damaged: {damaged}; {prefix} is taken", LofiWarning, stacklevel=3)
        return found
    others = f", and so are the {len(prefixes) - 1} others" if len(prefixes) > 1 else ""
    raise LofiError(f"checkpoint {prefixes[0]} is damaged{others}")


def _is_whole(prefix: str) -> bool:
    """Says whether every number of a checkpoint can be read; checksums tell."""
    try:
        reader = tf.train.load_checkpoint(plain(prefix))
        for name in reader.get_variable_to_shape_map():
            reader.get_tensor(name)
    except Exception:  # what TensorFlow raises for damage has no common kind
        return False
    return True


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
