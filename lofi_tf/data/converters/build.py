"""The kinds of music, by their names in configs."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from lofi_tf.data.converters.base import Converter
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

CONVERTERS: dict[str, type[Converter]] = {
    converter.kind: converter
    for converter in (
        DrumsConverter,
        GrooveConverter,
        MelodyConverter,
        MultiPerformanceConverter,
        PairedConverter,
        ProgressionConverter,
        SpectrumConverter,
        TrioConverter,
        WaveformConverter,
    )
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
