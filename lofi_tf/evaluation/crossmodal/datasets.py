"""Examples of prepare_paired for a model, whatever other instruments a store has or lacks."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from lofi_tf.data.converters.build import build_converter
from lofi_tf.data.storage.example_shards import find_shards, load_shards
from lofi_tf.data.storage.examples import Examples
from lofi_tf.errors import LofiError
from lofi_tf.evaluation.crossmodal.mixtures import Recordings

ENDING_SHARE = 0.1  # of the training notes, by which the training of baselines ends


def examples_of(
    path: str, split: str | None, component: Mapping[str, Any], log: Callable[[str], None]
) -> list[Examples]:
    """Returns the examples of a split, or of every split, of what `prepare_paired` wrote.

    Raises:
        LofiError: no such store or split, or one of other spectra than the component's.
    """
    shards = find_shards(path)
    if shards is None:
        raise LofiError(f"{path} holds no example shards of prepare_paired")
    stored = shards.info["config"]["data"]["converter"]
    if stored.get("kind") != "paired":
        raise LofiError(
            f"{shards.info_path} must hold pairs, of prepare_paired. Received: {stored.get('kind')}"
        )
    if split is not None and split not in shards.files:
        allowed = ", ".join(shards.files)
        raise LofiError(
            f"{shards.info_path} has no such split. Allowed: {allowed}. Received: {split}"
        )
    settings = {**component, "instruments": list(stored["instruments"])}
    names = [split] if split else list(shards.files)
    found = [load_shards(shards, name, settings) for name in names]
    log(f"{shards.info_path}: {sum(map(len, found))} examples of {', '.join(names)}.")
    return [part for part in found if len(part)]


def training_recordings(
    path: str, component: Mapping[str, Any], log: Callable[[str], None]
) -> tuple[Recordings, Recordings]:
    """Returns the training notes to learn from, and others of them, by which learning ends.

    Raises what `examples_of` does.
    """
    (examples,) = examples_of(path, "train", component, log)
    groups, names = build_converter(component).groups_of(examples.arrays), examples.sources
    ending: set[str] = set()
    for number in set(groups.tolist()) - {-1}:
        own = sorted(set(names[groups == number].tolist()))
        count = max(1, round(ENDING_SHARE * len(own)))
        ending |= set(np.random.default_rng(number).permutation(own)[:count].tolist())
    mask = np.array([name in ending for name in names.tolist()], bool)
    return tuple(recordings_of([examples.where(part)], component) for part in (~mask, mask))


def recordings_of(examples: Sequence[Examples], component: Mapping[str, Any]) -> Recordings:
    """Returns examples as recordings of a model's instruments."""
    if not examples:
        raise LofiError("the store holds no examples of that split")
    return Recordings(examples, build_converter(component))
