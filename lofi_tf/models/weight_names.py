"""The parts of a model by name, such as `encoder` or `decoder/core/stack`, and freezing them."""

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import keras

from lofi_tf.errors import LofiError, unknown_name
from lofi_tf.models.common.latent_model import LatentModel
from lofi_tf.models.sound.adversarial import Adversarial

DISCRIMINATOR = "discriminator"


def named_weights(model: LatentModel) -> dict[str, keras.Variable]:
    """Returns all weights, moving averages included, by the attributes that lead to them.

    Unlike `Variable.path` the names do not depend on what else was built before.
    """
    return {name: part for name, part in _parts(model) if isinstance(part, keras.Variable)}


def counts(model: LatentModel) -> tuple[int, int]:
    """Returns how many numbers are trained and how many are not, but for a discriminator's."""
    weights = [w for name, w in named_weights(model).items() if not _is_in(name, DISCRIMINATOR)]
    trained = sum(math.prod(weight.shape) for weight in model.generator_variables)
    return trained, sum(math.prod(weight.shape) for weight in weights) - trained


def freeze(model: LatentModel, names: Sequence[str]) -> None:
    """Takes parts out of training.

    A frozen weight stays what it is, and so do the moving averages of a frozen part. The optimiser
    must have been built before: its state, and so a checkpoint, is the same with or without.

    Args:
        model: of `build_model`.
        names: of weights, or what such names begin with up to a slash; a discriminator has none.

    Raises:
        LofiError: an unknown name, or nothing left to train.
    """
    parts = {name: part for name, part in _parts(model) if not _is_in(name, DISCRIMINATOR)}
    for name in names:
        inside = [part for path, part in parts.items() if _is_in(path, name)]
        if not inside:
            raise _unknown(name, parts)
        for part in inside:
            part.trainable = False
    learning = [model.generator_variables]
    if isinstance(model, Adversarial) and model.contested:
        learning.append(model.contest_variables)
    if not all(learning):
        raise LofiError(f"--freeze leaves nothing to train. Received: {','.join(names)}")


def _is_in(path: str, name: str) -> bool:
    return f"{path}/".startswith(f"{name}/")


def _parts(model: LatentModel) -> Iterator[tuple[str, keras.layers.Layer | keras.Variable]]:
    """Yields layers and weights with their names, each once, a layer before what is in it."""
    seen: set[int] = set()

    def within(layer: keras.layers.Layer, prefix: str):
        children = list(_children(layer))
        inner = {id(weight) for _, child in children for weight in child.weights}
        for weight in layer.weights:
            if id(weight) not in inner:
                yield f"{prefix}{weight.name}", weight
        for name, child in children:
            if id(child) in seen:
                continue
            seen.add(id(child))
            yield f"{prefix}{name}", child
            yield from within(child, f"{prefix}{name}/")

    yield from within(model, "")


def _children(layer: keras.layers.Layer) -> Iterator[tuple[str, keras.layers.Layer]]:
    """Yields the layers with weights right inside a layer, by its attributes or their own names."""
    public = [(name, value) for name, value in vars(layer).items() if name[0] != "_"]
    names = {id(part): name for name, part in _leaves(public)}
    for child in layer._flatten_layers(include_self=False, recursive=False):
        if child.weights:
            yield names.get(id(child), child.name), child


def _leaves(items: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    for name, value in items:
        if isinstance(value, list | tuple):
            yield from _leaves((f"{name}/{number}", part) for number, part in enumerate(value))
        else:
            yield name, value


def _unknown(name: str, paths: Iterable[str]) -> LofiError:
    """Returns the error for a name; it lists what is in the deepest part above that there is."""
    folders = name.split("/")
    while folders and not any(_is_in(path, "/".join(folders)) for path in paths):
        folders.pop()
    above = "".join(f"{folder}/" for folder in folders)
    inside = [path.removeprefix(above) for path in paths if path.startswith(above)]
    return unknown_name(
        "part to --freeze", name, {above + path.partition("/")[0] for path in inside}
    )
