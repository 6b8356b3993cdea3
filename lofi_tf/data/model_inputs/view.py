"""From what is stored of an example to what a model is fed, for every kind of music."""

from collections.abc import Callable, Mapping

import tensorflow as tf

from lofi_tf.data.converters.base import Converter
from lofi_tf.data.model_inputs.clip import spectrum_to_model, waveform_to_model
from lofi_tf.data.model_inputs.drums import to_model as drums_to_model
from lofi_tf.data.model_inputs.groove import to_model as groove_to_model
from lofi_tf.data.model_inputs.melody import to_model as melody_to_model
from lofi_tf.data.model_inputs.paired import to_model as paired_to_model
from lofi_tf.data.model_inputs.performance import to_model as performance_to_model
from lofi_tf.data.model_inputs.progression import to_model as progression_to_model
from lofi_tf.data.model_inputs.trio import to_model as trio_to_model
from lofi_tf.errors import LofiError

# By kinds of converters; what others store is what their models are fed (`as_stored`).
TO_MODEL: dict[str, Callable[..., dict[str, tf.Tensor]]] = {
    "drums": drums_to_model,
    "groove": groove_to_model,
    "melody": melody_to_model,
    "multi_performance": performance_to_model,
    "paired": paired_to_model,
    "progression": progression_to_model,
    "spectrum": spectrum_to_model,
    "trio": trio_to_model,
    "waveform": waveform_to_model,
}


def to_model(
    converter: Converter,
    example: Mapping[str, tf.Tensor],
    training: bool = False,
    seed: tf.Tensor | None = None,
) -> dict[str, tf.Tensor]:
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
    spec, lead = converter.model_spec, fed["length"].shape
    lead = lead[: lead.rank - len(spec["length"].shape)]
    return {
        name: tf.ensure_shape(part, lead.concatenate(spec[name].shape))
        for name, part in fed.items()
    }


def as_stored(
    converter: Converter,
    example: Mapping[str, tf.Tensor],
    training: bool,
    seed: tf.Tensor | None,
) -> dict[str, tf.Tensor]:
    """Returns stored arrays by the names of `model_spec`; unstored `targets` are the inputs."""
    arrays = {"targets": example["inputs"], **example}
    return {name: tf.cast(arrays[name], spec.dtype) for name, spec in converter.model_spec.items()}
