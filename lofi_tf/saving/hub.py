"""Where models lie: from a name or a path to the folder of an export. Needs no TensorFlow."""

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lofi_tf.config import Config, load_config
from lofi_tf.errors import LofiError, near_names
from lofi_tf.files import read_yaml

SAVED_MODEL = "saved_model.pb"
CONFIG_IN_EXPORT = "assets.extra/config.yaml"
ABOUT_IN_EXPORT = "assets.extra/about.yaml"
CARD = "README.md"
RUNTIME = "LOFI_TF_RUNTIME"  # environment variable: which of these plays exports
RUNTIMES = ("litert", "tensorflow")
MORE_PLACES = "LOFI_TF_MODELS"  # environment variable: folders of models, as PATH lists folders


def is_address(model: str | Path | None) -> bool:
    """Says whether a model is behind an address rather than in a folder."""
    return str(model).startswith(("http://", "https://", "grpc://"))


def export_in(folder: Path) -> Path | None:
    """Returns the SavedModel in a folder, or in its latest version; None if there is none."""
    if (folder / SAVED_MODEL).is_file():
        return folder
    found = [path.parent for path in folder.glob(f"*/{SAVED_MODEL}") if path.parent.name.isdigit()]
    return max(found, key=lambda path: int(path.name), default=None)


def beside(model: Path, name: str) -> Path:
    """Returns where a file that was made for a run or an export lies, or is to lie."""
    export = export_in(model)
    return (export / CONFIG_IN_EXPORT).parent / name if export else model / name


def config_of_export(folder: Path) -> Config:
    """Returns the config of a SavedModel that `lofi_export` wrote.

    Raises:
        LofiError: another's SavedModel.
    """
    path = folder / CONFIG_IN_EXPORT
    if not path.is_file():
        raise LofiError(f"{folder} was not written by lofi_export: it has no {CONFIG_IN_EXPORT}")
    return load_config(path)


def saved_models_dir() -> Path:
    """Returns the folder of the shipped models, in a checkout or an installed wheel."""
    inside = Path(__file__).parents[1] / "saved_models"
    return inside if inside.is_dir() else Path(__file__).parents[2] / "saved_models"


def places() -> list[Path]:
    """Returns the folders in which models are looked for by name, the first to be asked first."""
    given = os.environ.get(MORE_PLACES, "").split(os.pathsep)
    return [*(Path(place).expanduser() for place in given if place), saved_models_dir()]


def named_models() -> dict[str, Path]:
    """Returns the latest export of each name, sorted; of two of one name that found first."""
    found: dict[str, Path] = {}
    for place in places():
        for folder in place.glob("*"):
            export = export_in(folder)
            if export is not None:
                found.setdefault(folder.name, export)
    return dict(sorted(found.items()))


def find_model(model: str | Path) -> str | Path:
    """Returns the folder of a model, or its address.

    Args:
        model: an address, a folder, or the name of a model in one of `places`, with or without
            `/version`. A folder wins over a name.

    Raises:
        LofiError: none of these.
    """
    if is_address(model):
        return model
    if Path(model).is_dir():
        return Path(model)
    if ".." not in Path(model).parts:
        for place in places():
            export = export_in(place / model)
            if export is not None:
                return export
    near = near_names(str(model), named_models())
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise LofiError(
        f"no such folder, nor a model of that name.{hint} lofi_models lists those there are. "
        f"Received: {str(model)!r}"
    )


@dataclasses.dataclass(frozen=True)
class About:
    """What an export says of itself.

    Attributes:
        config: name of its config.
        summary: what the model makes.
        data: what it was trained on.
        licence: of its weights.
        precision: of the stored weights.
        step: that it was trained to; 0 where it does not say.
        size: of all its files, in bytes.
    """

    config: str
    summary: str
    data: str
    licence: str
    precision: str
    step: int
    size: int


def about(export: Path) -> About:
    """Returns what an export says of itself; what it does not say is an empty text."""
    said, config = (_values(export / name) for name in (ABOUT_IN_EXPORT, CONFIG_IN_EXPORT))
    texts = {name: str(said.get(name) or "") for name in ("summary", "data", "licence")}
    size = sum(path.stat().st_size for path in export.rglob("*") if path.is_file())
    precision = str(said.get("precision") or "float32")
    step = said.get("step") if type(said.get("step")) is int else 0
    return About(str(config.get("name") or ""), **texts, precision=precision, step=step, size=size)


def _values(path: Path) -> Mapping[str, Any]:
    try:
        values = read_yaml(path)
    except LofiError:
        return {}
    return values if isinstance(values, dict) else {}
