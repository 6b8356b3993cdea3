"""From what is stored of an example to what a model is fed, for every kind of music."""

from collections.abc import Callable

import tensorflow as tf

from lofi_tf.data.converters.base import Converter
from lofi_tf.data.model_inputs import (
    clip,
    drums,
    groove,
    melody,
    paired,
    performance,
    progression,
    trio,
)
from lofi_tf.data.model_inputs.steps import Arrays, Seed
from lofi_tf.errors import LofiError

# By kinds of converters; what others store is what their models are fed (`as_stored`).
TO_MODEL: dict[str, Callable[..., Arrays]] = {
    "drums": drums.to_model,
    "groove": groove.to_model,
    "melody": melody.to_model,
    "multi_performance": performance.to_model,
    "paired": paired.to_model,
    "progression": progression.to_model,
    "spectrum": clip.spectrum_to_model,
    "trio": trio.to_model,
    "waveform": clip.waveform_to_model,
}


def to_model(
    converter: Converter,
    example: Arrays,
    training: bool = False,
    seed: tf.Tensor | None = None,
) -> Arrays:
    """Returns what a model is fed of stored examples, by `model_spec`; TF operations only.

    Args:
        converter: theirs.
        example: by its `example_spec`; any batch dimensions may precede. Of a kind that mixes,
            one example of each group.
        training: whether random transformations are drawn.
        seed: int32 [2]; the same seed draws the same. Each example of a batch has draws of its
            own. Unused where nothing is drawn.

    Raises:
        LofiError: an example of another kind.
    """
    for name, spec in converter.example_spec.items():
        if name not in example or example[name].dtype != spec.dtype:
            received = ", ".join(f"{one} {part.dtype}" for one, part in example.items())
            raise LofiError(
                f"no example of the {converter.kind} converter. Allowed: {name} of type "
                f"{spec.dtype}. Received: {received}"
            )
    fed = TO_MODEL.get(converter.kind, as_stored)(converter, example, training, seed)
    specs, lead = converter.model_spec, fed["length"].shape
    lead = lead[: lead.rank - len(specs["length"].shape)]
    return {
        name: tf.ensure_shape(part, lead.concatenate(specs[name].shape))
        for name, part in fed.items()
    }


def as_stored(converter: Converter, example: Arrays, training: bool, seed: Seed) -> Arrays:
    """Returns stored arrays by the names of `model_spec`; unstored `targets` are the inputs."""
    arrays = {"targets": example["inputs"], **example}
    return {name: tf.cast(arrays[name], spec.dtype) for name, spec in converter.model_spec.items()}
