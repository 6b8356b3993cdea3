"""What magenta.js is told of a model: the `config.json` beside its weights.

Follows `MusicVAESpec` and the data converters of @magenta/music 1.23.1.
"""

import json
from pathlib import Path
from typing import Any

from lofi_tf.config import Config, VAEConfig, config_from_dict
from lofi_tf.data.converters.base import Converter
from lofi_tf.data.converters.build import build_converter
from lofi_tf.data.converters.drums import DrumsConverter
from lofi_tf.data.converters.groove import GrooveConverter
from lofi_tf.data.converters.melody import MelodyConverter
from lofi_tf.data.converters.performance import MultiPerformanceConverter
from lofi_tf.data.converters.trio import MAX_PITCH, MIN_PITCH, TrioConverter
from lofi_tf.errors import LofiError
from lofi_tf.interop.tfjs_weights import MANIFEST
from lofi_tf.music.drum_classes import REDUCED, Classes

CONFIG = "config.json"
SPEC_TYPE = "MusicVAE"
OWN = "lofi_tf"  # key of our own config, which magenta.js passes over
EXTRA_CONTROLS = "controls"  # what our other controls than chords and keys are called there
_HEADS = {  # of what magenta.js decodes with, by its data converter
    "GrooveConverter": ("groove",),
    "DrumRollConverter": ("nade", "bernoulli"),
    "TrioConverter": ("multi_categorical",),
}


def spec_of(config: Config) -> dict[str, Any]:
    """Returns what `config.json` says of a model.

    Raises:
        LofiError: music, or a model of it, that magenta.js has no like of.
    """
    model, converter = config.model, build_converter(config.data.converter).with_mode("infer")
    _check_model(config)
    kind, args = _converter(config, converter)
    args["numSteps"] = model.max_seq_len
    segments = num_segments(config)
    if segments:
        args["numSegments"] = segments
    heads = _HEADS.get(kind, ("categorical",))
    if model.head["kind"] not in heads or (kind == "TrioConverter" and not _is_split(config)):
        wanted = " or ".join(heads) + (" and split" if kind == "TrioConverter" else "")
        raise _refusal(config, f"decodes such music with {wanted}", f"head {model.head['kind']}")
    spec = {"type": SPEC_TYPE, "dataConverter": {"type": kind, "args": args}}
    if model.head["kind"] == "bernoulli":
        spec["useBooleanDecoder"] = True
    return spec | _controls(config, converter) | {OWN: config.to_dict()}


def is_magenta_js(path: str | Path) -> bool:
    """Says whether a folder holds weights for magenta.js."""
    return (Path(path) / MANIFEST).is_file()


def config_in(folder: str | Path) -> Config | None:
    """Returns the config that our export for magenta.js keeps, None where there is none.

    Raises:
        LofiError: a damaged `config.json`, or a config from the future.
    """
    path = Path(folder) / CONFIG
    if not is_magenta_js(folder) or not path.is_file():
        return None
    try:
        own = json.loads(path.read_text(encoding="utf-8")).get(OWN)
    except (ValueError, AttributeError) as error:
        raise LofiError(f"{path} is damaged: {error}") from error
    return own and config_from_dict(own, str(path))


def num_segments(config: Config) -> int:
    """Returns the segments of a hierarchical decoder, 0 for a flat one."""
    return config.model.decoder["level_lengths"][0] if _is_hierarchical(config) else 0


def encodes(config: Config) -> bool:
    """Says whether magenta.js can encode as the model does.

    It knows bidirectional encoders of one layer, and with a hierarchical decoder none but such
    over segments and then over what these gave.
    """
    model = config.model
    if len(model.enc_rnn_size) != 1:
        return False
    if not _is_hierarchical(config):
        return model.encoder["kind"] == "bidirectional_lstm"
    lengths = list(model.decoder["level_lengths"])[::-1]
    return (
        model.encoder["kind"] == "hierarchical_lstm"
        and list(model.encoder["level_lengths"]) == lengths
    )


def _is_hierarchical(config: Config) -> bool:
    return config.model.decoder["kind"] == "hierarchical_lstm"


def _is_split(config: Config) -> bool:
    return bool(config.model.decoder.get("split"))


def _check_model(config: Config) -> None:
    model = config.model
    decoder = model.decoder["kind"] if isinstance(model, VAEConfig) else f"a {model.kind}"
    if decoder not in ("lstm", "hierarchical_lstm"):
        raise _refusal(config, "has LSTM decoders alone", decoder)
    if not model.z_size:
        raise _refusal(config, "has models with a latent alone", "z_size 0")
    if model.preprocess_controls and (
        len(model.control_preprocessing_rnn_size) != 1 or _is_hierarchical(config)
    ):
        what = "a hierarchical decoder, or sizes " + str(model.control_preprocessing_rnn_size)
        raise _refusal(config, "preprocesses controls by one layer, of flat decoders", what)
    if not _is_hierarchical(config):
        return
    lengths, deaf = model.decoder["level_lengths"], model.decoder.get("disable_autoregression")
    if len(lengths) != 2 or not (deaf is True or deaf == [0]) or model.decoder.get("reencode"):
        raise _refusal(
            config,
            "has one conductor, which hears nothing (disable_autoregression)",
            f"{dict(model.decoder)}",
        )


def _converter(config: Config, converter: Converter) -> tuple[str, dict[str, Any]]:
    """Returns the type and the arguments of the data converter."""
    match converter:
        case GrooveConverter(num_velocity_bins=None):
            return "GrooveConverter", {
                "stepsPerQuarter": converter.steps_per_quarter,
                "pitchClasses": _lists(converter.classes),
                "humanize": converter.humanize,
                "tapify": converter.tapify,
                "splitInstruments": converter.split_instruments,
            }
        case MelodyConverter(add_end_token=False):
            return "MelodyConverter", _melody(converter.min_pitch, converter.max_pitch)
        case DrumsConverter(add_end_token=False, roll_input=True, roll_output=roll):
            kind = "DrumRollConverter" if roll else "DrumsConverter"
            return kind, {"pitchClasses": _lists(converter.pitch_classes)}
        case DrumsConverter(add_end_token=False, roll_input=False, roll_output=False):
            return "DrumsOneHotConverter", {"pitchClasses": _lists(converter.pitch_classes)}
        case TrioConverter():
            return "TrioConverter", {
                "melArgs": _melody(MIN_PITCH, MAX_PITCH),
                "bassArgs": _melody(MIN_PITCH, MAX_PITCH),
                "drumsArgs": {"pitchClasses": _lists(REDUCED)},
            }
        case MultiPerformanceConverter() if _fits_tracks(config, converter):
            return "MultitrackConverter", {
                "stepsPerQuarter": converter.steps_per_quarter,
                "totalSteps": converter.chunk_steps,
                "numVelocityBins": converter.num_velocity_bins,
                "minPitch": converter.min_pitch,
                "maxPitch": converter.max_pitch,
            }
    raise _refusal(config, "has no data converter like its", f"{dict(config.data.converter)}")


def _fits_tracks(config: Config, converter: MultiPerformanceConverter) -> bool:
    """Says whether one chunk of tracks is decoded, which is as long as the longest shift."""
    return (
        converter.num_chunks == 1
        and converter.chunk_steps == converter.vocabulary.max_shift
        and num_segments(config) == converter.num_segments
    )


def _melody(low: int, high: int) -> dict[str, int]:
    return {"minPitch": low, "maxPitch": high}


def _lists(classes: Classes) -> list[list[int]]:
    return [list(pitches) for pitches in classes]


def _controls(config: Config, converter: Converter) -> dict[str, Any]:
    """Returns what the model is given besides: chords, the key, or what else there is."""
    depth = converter.depths.get("controls", 0)
    if not depth:
        return {}
    chords = getattr(converter, "chord_encoding", None)
    found = {"chordEncoder": "TriadChordEncoder"} if chords else {}
    if chords not in (None, "triad"):
        raise _refusal(config, "reads chords as triads alone", f"chord_encoding {chords}")
    if getattr(converter, "condition_on_key", False):
        found["conditionOnKey"] = True
    if not found:
        return {"extraControls": [{"name": EXTRA_CONTROLS, "depth": depth}]}
    return found


def _refusal(config: Config, known: str, received: str) -> LofiError:
    return LofiError(f"magenta.js cannot run {config.name}: it {known}. Received: {received}")
