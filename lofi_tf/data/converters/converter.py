"""The protocol by which music becomes arrays and arrays become music."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from lofi_tf.data.converters.drums import DrumsConverter
from lofi_tf.data.converters.groove import GrooveConverter
from lofi_tf.data.converters.melody import MelodyConverter
from lofi_tf.data.converters.paired import PairedConverter
from lofi_tf.data.converters.performance import MultiPerformanceConverter
from lofi_tf.data.converters.progression import ProgressionConverter
from lofi_tf.data.converters.spectrum import SpectrumConverter
from lofi_tf.data.converters.trio import TrioConverter
from lofi_tf.data.converters.waveform import WaveformConverter
from lofi_tf.errors import unknown_name

if TYPE_CHECKING:
    import tensorflow as tf


class Converter(Protocol):
    """One representation of music.

    Attributes:
        example_spec: what is stored of each example: compact and deterministic.
        model_spec: what the model eats: `inputs` [T, input depth], `targets` [T, output depth],
            `controls` [T, control depth] where there are any, all float32, and `length` int32 []
            (of segments that each have a length, [segments]).

    A converter may also name, for `example_shards`, `free_options`: those that say which examples
    there are, not what one is; and `subset_options`: lists of what is stored of an example, of
    which a config may ask for less than there is.
    """

    example_spec: "Mapping[str, tf.TensorSpec]"
    model_spec: "Mapping[str, tf.TensorSpec]"

    def with_mode(self, mode: str) -> "Converter":
        """Returns this converter for `train`, `eval` or `infer`, as Magenta's `set_mode`."""

    def to_examples(self, source: Any) -> Iterator[dict[str, np.ndarray]]:
        """Yields the examples of one piece of music, by `example_spec`.

        Raises:
            NotConvertible: the rule that refuses the whole piece.
        """

    def to_model(
        self, example: "Mapping[str, tf.Tensor]", training: bool, seed: "tf.Tensor"
    ) -> "dict[str, tf.Tensor]":
        """Returns the model's view of one stored example, by `model_spec`; TF operations only.

        Args:
            example: one example by `example_spec`.
            training: whether random transformations are drawn.
            seed: int32 [2]; the same seed draws the same transformations.
        """

    def from_outputs(
        self, outputs: np.ndarray, qpm: float = 120.0, controls: np.ndarray | None = None
    ) -> Any:
        """Returns the NoteSequence of one decoded array [T, output depth].

        Args:
            outputs: what a model gave.
            qpm: its tempo, quarter notes a minute.
            controls: [T, control depth] that it was decoded with, such as chords to write down.
        """


CONVERTERS = {
    "drums": DrumsConverter,
    "groove": GrooveConverter,
    "melody": MelodyConverter,
    "multi_performance": MultiPerformanceConverter,
    "paired": PairedConverter,
    "progression": ProgressionConverter,
    "spectrum": SpectrumConverter,
    "trio": TrioConverter,
    "waveform": WaveformConverter,
}


def build_converter(component: Mapping[str, Any]) -> Converter:
    """Returns the converter of a config's `{kind: ..., **kwargs}`.

    Raises:
        LofiError: an unknown kind or option.
    """
    options = dict(component)
    kind = options.pop("kind", None)
    if kind not in CONVERTERS:
        raise unknown_name("converter kind", str(kind), CONVERTERS)
    known = [field.name for field in dataclasses.fields(CONVERTERS[kind])]
    for name in options:
        if name not in known:
            raise unknown_name(f"option of the {kind} converter", str(name), known)
    return CONVERTERS[kind](**options)


def depths_of(converter: Converter) -> dict[str, int]:
    """Returns the depths of what the model eats: of `inputs`, `targets` and any `controls`."""
    spec = converter.model_spec
    return {name: spec[name].shape[-1] for name in spec if name != "length"}
