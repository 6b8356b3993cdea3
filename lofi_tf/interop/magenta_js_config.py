"""Configs of folders for magenta.js that others made, from what they say of music and weights."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lofi_tf.config import Config, config_from_dict
from lofi_tf.data.converters.trio import MAX_PITCH, MIN_PITCH
from lofi_tf.errors import LofiError
from lofi_tf.interop import tfjs_weights
from lofi_tf.interop.magenta_js_spec import CONFIG, SPEC_TYPE, is_magenta_js
from lofi_tf.music.quantize import STEPS_PER_BAR, STEPS_PER_QUARTER

Shapes = Mapping[str, tuple[int, ...]]


def config_by_weights(folder: str | Path) -> Config | None:
    """Returns the config of a folder for magenta.js, None where it is no such folder.

    Music and controls are those of its `config.json`, sizes those of its weights; settings of
    training are ours by default. The config is called as the folder is.

    Raises:
        LofiError: a damaged folder, or music or a model that we have no like of.
    """
    folder = Path(folder)
    path = folder / CONFIG
    if not is_magenta_js(folder) or not path.is_file():
        return None
    shapes = tfjs_weights.read_shapes(folder)
    try:
        spec = json.loads(path.read_text(encoding="utf-8"))
        if spec["type"] != SPEC_TYPE:
            raise _refusal(path, f"type {spec['type']}")
        data = spec["dataConverter"]
        converter = _converter(path, data["type"], data["args"]) | _controls(path, spec)
        model = _model(spec, shapes)
    except (ValueError, TypeError, KeyError) as error:
        if isinstance(error, LofiError):
            raise
        raise LofiError(f"{path} or its weights are damaged: {error!r}") from error
    values = {"name": folder.absolute().name, "data": {"converter": converter}, "model": model}
    return config_from_dict(values, str(path))


def _converter(path: Path, kind: str, args: Mapping[str, Any]) -> dict[str, Any]:
    drums = {"pitch_classes": args["pitchClasses"]} if args.get("pitchClasses") else {}
    pitches = {"min_pitch": args.get("minPitch"), "max_pitch": args.get("maxPitch")}
    match kind:
        case "MelodyConverter":
            return {"kind": "melody", "slice_bars": _bars(path, args)} | pitches
        case "DrumsConverter" | "DrumRollConverter":
            rolls = {"roll_input": True, "roll_output": kind == "DrumRollConverter"}
            return {"kind": "drums", "slice_bars": _bars(path, args)} | rolls | drums
        case "DrumsOneHotConverter":
            return {"kind": "drums", "slice_bars": _bars(path, args)} | drums
        case "GrooveConverter":
            steps = args.get("stepsPerQuarter") or STEPS_PER_QUARTER
            split = bool(args.get("splitInstruments"))
            options = {"humanize": bool(args.get("humanize")), "tapify": bool(args.get("tapify"))}
            if split:
                options["split_instruments"] = True
            bars = _bars(
                path, args, 4 * steps * (len(args.get("pitchClasses") or 9 * [0]) ** split)
            )
            grid = {"kind": "groove", "split_bars": bars, "steps_per_quarter": steps}
            return grid | options | drums
        case "TrioConverter":
            for part in ("melArgs", "bassArgs"):
                low, high = args[part]["minPitch"], args[part]["maxPitch"]
                if (low, high) != (MIN_PITCH, MAX_PITCH):
                    raise _refusal(path, f"{part} of the pitches {low} to {high}")
            return {"kind": "trio", "slice_bars": _bars(path, args)}
        case "MultitrackConverter":
            return {
                "kind": "multi_performance",
                "steps_per_quarter": args["stepsPerQuarter"],
                "num_velocity_bins": args["numVelocityBins"],
                "max_num_instruments": args["numSegments"],
                "max_events_per_instrument": args["numSteps"] // args["numSegments"],
                "min_pitch": args.get("minPitch") or 0,
                "max_pitch": args.get("maxPitch") or 127,
            }
    raise _refusal(path, f"data converter {kind}")


def _bars(path: Path, args: Mapping[str, Any], steps_per_bar: int = STEPS_PER_BAR) -> int:
    bars, left = divmod(args["numSteps"], steps_per_bar)
    if left or not bars:
        raise _refusal(path, f"numSteps {args['numSteps']}, no whole bars of {steps_per_bar}")
    return bars


def _controls(path: Path, spec: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the options of a converter that gives controls."""
    found = {}
    if spec.get("chordEncoder"):
        if spec["chordEncoder"] != "TriadChordEncoder":
            raise _refusal(path, f"chordEncoder {spec['chordEncoder']}")
        found["chord_encoding"] = "triad"
    if spec.get("conditionOnKey"):
        found["condition_on_key"] = True
    if spec.get("extraControls"):
        raise _refusal(path, f"extraControls {spec['extraControls']}")
    return found


def _model(spec: Mapping[str, Any], shapes: Shapes) -> dict[str, Any]:
    """Returns the components and sizes of a model."""
    args = spec["dataConverter"]["args"]
    steps, segments = args["numSteps"], args.get("numSegments")
    split = spec["dataConverter"]["type"] == "TrioConverter"
    prefix = ("core_decoder/" if segments else "") + ("core_decoder_0/" if split else "")
    layers = _units(shapes, f"{prefix}decoder/multi_rnn_cell")
    way = "cell_0/bidirectional_rnn/fw/multi_rnn_cell"
    level = "hierarchical_level_0/" if segments else ""
    encoder, decoder = {"kind": "bidirectional_lstm"}, {"kind": "lstm"}
    if segments:
        decoder = {
            "kind": "hierarchical_lstm",
            "level_lengths": [segments, steps // segments],
            "disable_autoregression": True,
        }
        conductors = _units(shapes, "decoder/hierarchical_level_0")
        decoder |= {} if conductors == layers else {"conductor_units": conductors}
        decoder |= {"split": True} if split else {}
        lengths = [steps // segments, segments]
        encoder = {"kind": "hierarchical_lstm", "level_lengths": lengths}
    control = "control_preprocessing/" + way
    return {
        "encoder": encoder,
        "decoder": decoder,
        "head": _head(spec, shapes, prefix),
        "max_seq_len": steps,
        "z_size": shapes["encoder/mu/bias"][0],
        "enc_rnn_size": _units(shapes, f"encoder/{level}{way}"),
        "dec_rnn_size": layers,
    } | _preprocessing(_units(shapes, control))


def _preprocessing(units: list[int]) -> dict[str, Any]:
    return {"preprocess_controls": True, "control_preprocessing_rnn_size": units} if units else {}


def _head(spec: Mapping[str, Any], shapes: Shapes, prefix: str) -> dict[str, Any]:
    nade = f"{prefix}decoder/nade/w_enc"
    if nade in shapes:
        return {"kind": "nade", "hidden_size": shapes[nade][-1]}
    match spec["dataConverter"]["type"]:
        case "GrooveConverter":
            return {"kind": "groove"}
        case "TrioConverter":
            base = prefix.removesuffix("core_decoder_0/")
            names = [f"{base}core_decoder_{n}/decoder/output_projection/bias" for n in range(3)]
            return {"kind": "multi_categorical", "sizes": [shapes[name][0] for name in names]}
    return {"kind": "bernoulli" if spec.get("useBooleanDecoder") else "categorical"}


def _units(shapes: Shapes, scope: str) -> list[int]:
    """Returns the units of each layer of a stack of LSTMs."""
    cell = re.compile(rf"{re.escape(scope)}/cell_(\d+)/lstm_cell/bias$")
    found = {int(m[1]): shapes[name][0] // 4 for name in shapes if (m := cell.match(name))}
    return [found[number] for number in sorted(found)]


def _refusal(path: Path, received: str) -> LofiError:
    return LofiError(f"{path} asks for what is not known here: give --config. Received: {received}")
