"""Which music a model is measured on, which it learned from, and how fast its pieces are."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from lofi_tf.data.storage.examples import Examples, read_split_file, split_by_file, split_by_source
from lofi_tf.data.storage.sources import load_examples, made_splits, tempi_of
from lofi_tf.errors import LofiError
from lofi_tf.music.time_changes import DEFAULT_QPM

HELD_OUT = ("test", "validation")  # splits to measure on, the first that there is
VALIDATION_SHARE = 0.1

Log = Callable[[str], None]


@dataclasses.dataclass(frozen=True)
class Source:
    """Where music comes from.

    Attributes:
        path: records, example shards or a folder of music files.
        split_file: CSV that says which sources are of which split, and perhaps their `bpm`.
        split: to measure on; None takes the test split where there is one.
        train_path: music that the model learned from, where it lies elsewhere.
        num_workers: processes that convert; all cores if not given.
    """

    path: str
    split_file: str | None = None
    split: str | None = None
    train_path: str | None = None
    num_workers: int | None = None


@dataclasses.dataclass(frozen=True)
class Music:
    """Examples.

    Attributes:
        held_out: to measure on.
        split: their name.
        training: those that the model learned from; None where they are not known.
        validation: for choices that are no business of the held-out ones; with `training`.
    """

    held_out: Examples
    split: str
    training: Examples | None
    validation: Examples | None


def read_music(source: Source, converter: Mapping[str, Any], show: bool, log: Log) -> Music:
    """Returns the examples of a source; `log` is told how many, and what was refused.

    Raises:
        LofiError: as `load_examples`, or no such split, or a split of what is not split.
    """

    def load(path: str, split: str = "train") -> Examples:
        return load_examples(
            path, None, split, converter, source.num_workers, show_progress=show, log=log
        )

    if splits := made_splits(source.path):
        name = _chosen(source.split, splits, source.path)
        found = {split: load(source.path, split) for split in {name, "train"} & {*splits, name}}
        if "validation" in splits:
            found.setdefault("validation", load(source.path, "validation"))
    elif source.split_file:
        found = split_by_file(load(source.path), source.split_file)
        name = _chosen(source.split, list(found), source.split_file)
    elif source.split:
        raise LofiError(f"--split={source.split}: {source.path} has no splits: give --split_file")
    else:
        name, found = "all", {"all": load(source.path)}
    training, validation = found.get("train"), found.get("validation")
    if source.train_path:
        training, validation = load(source.train_path), None
    if training is not None and (validation is None or name == "validation"):
        training, validation = split_by_source(training, VALIDATION_SHARE)
    return Music(found[name], name, training, validation)


def some_of(examples: Examples, count: int | None, seed: int) -> Examples:
    """Returns so many examples in their order, drawn where there are more."""
    if count is None or len(examples) <= count:
        return examples
    mask = np.zeros(len(examples), bool)
    mask[np.random.default_rng(seed).choice(len(examples), count, replace=False)] = True
    return examples.where(mask)


def qpm_of(source: Source, sources: np.ndarray, log: Log) -> np.ndarray:
    """Returns the tempo of each example's source [N], quarter notes a minute.

    It is that of the records or files. Example shards hold none: there it is the column `bpm` of a
    split file.
    """
    known = {}
    if not made_splits(source.path):
        known = tempi_of(source.path)
    elif source.split_file:
        column = read_split_file(source.split_file, "bpm")
        known = {name: _number(text) for name, text in column.items()}
    found = np.array([known.get(name.split(",")[0], np.nan) for name in sources.tolist()], float)
    missing = ~(found > 0)
    if missing.any():
        log(
            f"{int(missing.sum())} of {len(found)} examples do not tell their tempo: their "
            f"milliseconds are at {DEFAULT_QPM:g} qpm."
        )
    return np.where(missing, DEFAULT_QPM, found)


def _chosen(split: str | None, splits: Sequence[str], where: str) -> str:
    """Returns the split to measure on."""
    found = [name for name in ([split] if split else HELD_OUT) if name in splits]
    if not found:
        raise LofiError(
            f"{where} has no such split. Allowed: {', '.join(splits)}. Received: "
            f"{split or ' or '.join(HELD_OUT)}"
        )
    return found[0]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")
