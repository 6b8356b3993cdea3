"""Which of Magenta's configs a config of ours is, and what Magenta must be told of it besides."""

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any

from lofi_tf.config import Config, VAEConfig, load_config
from lofi_tf.data.converters.build import build_converter
from lofi_tf.errors import LofiError

# The keys of CONFIG_MAP in Magenta 2.1.4; our configs of these names have the same settings.
MAGENTA_CONFIGS = (
    "cat-drums_2bar_big",
    "cat-drums_2bar_small",
    "cat-mel_2bar_big",
    "cat-mel_2bar_med_chords",
    "cat-mel_2bar_small",
    "flat-mel_16bar",
    "flat-trio_16bar",
    "groovae_2bar_add_closed_hh",
    "groovae_2bar_hits_control_tfds",
    "groovae_2bar_humanize",
    "groovae_2bar_tap_fixed_velocity",
    "groovae_2bar_tap_fixed_velocity_note_dropout",
    "groovae_4bar",
    "hier-mel_16bar",
    "hier-multiperf_vel_1bar_big",
    "hier-multiperf_vel_1bar_big_chords",
    "hier-multiperf_vel_1bar_med",
    "hier-multiperf_vel_1bar_med_chords",
    "hier-trio_16bar",
    "hierdec-mel_16bar",
    "hierdec-trio_16bar",
    "nade-drums_2bar_full",
    "nade-drums_2bar_reduced",
)
# Settings of a model that Magenta takes as hparams and that its graph depends on.
SIZES = ("max_seq_len", "z_size", "enc_rnn_size", "dec_rnn_size")
# Options of components that are as if they were not given.
_IDLE = {
    "split": False,
    "reencode": False,
    "disable_autoregression": False,
    "embedding_size": None,
    "z_inputs": True,
    "skip_inputs": False,
    "conductor_units": None,
    "conductor_embedding_size": None,
}
# Options of components that Magenta's graph does not depend on, or has among its hparams.
_ELSEWHERE = ("sampling_temperature", "hidden_size", "given_hits", "expression_weight")
# Options of converters that are no Magenta converter's, or have another default there.
_OWN_OPTIONS = {
    "mode",
    "seed",
    "unknown_pitch",
    "unknown_chord",
    "coincident_chords",
    "transpose_range",
    "stretch_range",
    "max_tensors_per_notesequence",
    "dedupe_event_lists",
}
# Options that only say which excerpts of a piece are examples, not what one is.
_CUTTING_OPTIONS = {
    "hop_size",
    "hop_size_bars",
    "valid_programs",
    "max_bars",
    "gap_bars",
    "skip_polyphony",
    "presplit_on_time_changes",
    "first_subsequence_only",
    "min_num_instruments",
    "min_total_events",
}
_CLASSES = {
    "drums": "data.DrumsConverter",
    "groove": "data.GrooveConverter",
    "melody": "data.OneHotMelodyConverter",
    "multi_performance": "data_hierarchical.MultiInstrumentPerformanceConverter",
    "trio": "data.TrioConverter",
}


@dataclasses.dataclass(frozen=True)
class Like:
    """A config of Magenta's that holds a model of ours.

    Attributes:
        name: its key in CONFIG_MAP.
        hparams: what it has to be given besides, by Magenta's names; none where all is alike.
        converter: Python that makes the converter, which it has to be given too; None where
            Magenta's own is alike.
        steps: of an example.
        control_size: depth of the controls, 0 for none.
    """

    name: str
    hparams: Mapping[str, Any]
    converter: str | None
    steps: int
    control_size: int

    @property
    def hparams_text(self) -> str:
        """The hparams as Magenta's `HParams.parse` takes them."""
        return ",".join(f"{name}={_text(value)}" for name, value in self.hparams.items())


def magenta_like(config: Config) -> Like:
    """Returns the config of Magenta 2.1.4 that a config of ours is, sizes and converter aside.

    Of several it is the one of the same name, or else that which differs least.

    Raises:
        LofiError: Magenta has no such config.
    """
    ours, found, refused = _structure(config), [], []
    for name in MAGENTA_CONFIGS:
        other, theirs = _of_magenta(name)
        differing = [what for what in ours if ours[what] != theirs[what]]
        nearness = (len(differing), name != config.name)
        if differing:
            what = differing[0]
            line = f"{name}, has the {what} {theirs[what]}. Received: {ours[what]}"
            refused.append((nearness, line))
            continue
        like, num_options = _like(name, config, other)
        far = (name != config.name, num_options, len(like.hparams))
        found.append((far, like))
    if not found:
        line = min(refused)[1]
        raise LofiError(f"Magenta has no config like {config.name}: the nearest, {line}")
    return min(found, key=lambda pair: pair[0])[1]


@functools.cache
def _of_magenta(name: str) -> tuple[Config, dict[str, Any]]:
    config = load_config(name)
    return config, _structure(config)


def _structure(config: Config) -> dict[str, Any]:
    """Returns what of a config fixes Magenta's graph and is no hparam."""
    model = config.model
    structure = {"model kind": model.kind, "converter": config.data.converter["kind"]}
    if not isinstance(model, VAEConfig):
        return structure
    structure |= {
        part: {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in getattr(model, part).items()
            if name not in _ELSEWHERE and not (name in _IDLE and value == _IDLE[name])
        }
        for part in ("encoder", "decoder", "head")
    }
    structure["z_size"] = "above 0" if model.z_size else 0
    for name in ("residual_encoder", "residual_decoder", "preprocess_controls"):
        structure[f"setting {name}"] = getattr(model, name)
    return structure


def _like(name: str, config: Config, other: Config) -> tuple[Like, int]:
    """Returns what Magenta's config of a name is to one of ours, and how many options differ."""
    ours, theirs = _hparams(config), _hparams(other)
    changed = {key: value for key, value in ours.items() if value != theirs[key]}
    right, left = (build_converter(one.data.converter) for one in (config, other))
    differing = [
        field.name
        for field in dataclasses.fields(right)
        if field.name not in _OWN_OPTIONS | _CUTTING_OPTIONS
        and getattr(right, field.name) != getattr(left, field.name)
    ]
    converter = _converter_text(config.data.converter, right) if differing else None
    control_size = right.depths.get("controls", 0)
    like = Like(name, changed, converter, config.model.max_seq_len, control_size)
    return like, len(differing)


def _converter_text(component: Mapping[str, Any], converter: Any) -> str:
    """Returns Python for Magenta's converter with the options of ours, whose names are the same."""
    given = {name: value for name, value in component.items() if name not in _OWN_OPTIONS}
    kind = given.pop("kind")
    if hasattr(converter, "slice_bars"):  # Magenta's default is another
        given["slice_bars"] = converter.slice_bars
    values = (f"{name}={_option_text(name, value)}" for name, value in given.items())
    return f"{_CLASSES[kind]}({', '.join(values)})"


def _option_text(name: str, value: Any) -> str:
    if name == "chord_encoding" and value:
        return "note_seq.TriadChordOneHotEncoding()"
    if name.endswith("pitch_classes") and isinstance(value, str):
        return f"data.{value.upper()}_DRUM_PITCH_CLASSES"
    return repr(list(value) if isinstance(value, tuple) else value)


def _hparams(config: Config) -> dict[str, Any]:
    found = {name: getattr(config.model, name) for name in SIZES}
    if config.model.head["kind"] == "nade":
        found["nade_num_hidden"] = config.model.head["hidden_size"]
    return found


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{','.join(map(str, value))}]"
    return str(value)
