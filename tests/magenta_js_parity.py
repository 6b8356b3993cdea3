"""Asks the real magenta.js about our exports: `python -m tests.magenta_js_parity --modules=FOLDER`.

Small models of known weights are exported, and so are two shipped ones. magenta.js, in Node, loads
each folder, decodes given z and encodes given inputs; our model, loaded from the same folder, must
answer alike. `make parity-js` runs this; it needs node and npm (`tests/magenta_js/package.json`).
A row for each check; exits 1 where anything differs or was not compared.

`--out=tests/data/magenta_js` also keeps what was exported and what magenta.js said, for
`tests/test_interop_magenta_js.py`.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lofi_tf import quiet
from tests.magenta_parity import table

HERE = Path(__file__).parent / "magenta_js"
ROWS = 3
MEAN = 1e-5  # allowed, as a share of the largest
DECODED = 1e-4  # allowed in velocities and offsets; hits and classes are 0 or 1
SECONDS = 1e-4
QPM = 120.0
CHORDS = ("C", "Am", "F", "G")


class Case(NamedTuple):
    """A model, and how it is exported.

    Attributes:
        name: of its config; with `hparams=None` of a shipped model.
        hparams: overrides beside those of `tests.grooves.small_config`.
        quantization: of the export.
        kept: whether `--out` keeps it.
    """

    name: str
    hparams: str | None = ""
    quantization: str = "none"
    kept: bool = False

    @property
    def folder(self) -> str:
        """What its folder is called."""
        return f"{self.name}-{self.quantization}" + ("-shipped" if self.hparams is None else "")


ONE_LAYER = "enc_rnn_size=[8]"
CASES = (
    Case("groovae_4bar", kept=True),
    Case("groovae_4bar", None),
    Case("groovae_4bar", None, "uint8"),
    Case("cat-mel_2bar_small", None),
    Case("cat-mel_2bar_small", None, "float16"),
    Case("cat-mel_2bar_med_chords", "", "float16", kept=True),
    Case("cat-drums_2bar_small"),
    Case("nade-drums_2bar_reduced"),
    Case("nade-drums_2bar_full", "", "uint16"),
    Case("groovae_2bar_hits_control_tfds", "", "uint16", kept=True),
    Case("groovae_2bar_tap_fixed_velocity"),
    Case("hier-mel_16bar", "", "uint16", kept=True),
    Case("hierdec-mel_16bar", "enc_rnn_size=[8,8]"),
    Case("hierdec-trio_16bar", ONE_LAYER, "uint8", kept=True),
    Case("hier-trio_16bar"),
    Case("hier-multiperf_vel_1bar_med"),
    Case("hier-multiperf_vel_1bar_med_chords"),
)


def main(argv: list[str] | None = None) -> int:
    """Runs the comparison; returns its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--modules", required=True, help="folder with node_modules")
    parser.add_argument("--only", help="cases by a part of their name")
    parser.add_argument("--out", help="folder to keep small cases in, with magenta.js' answers")
    args = parser.parse_args(argv)
    with quiet.imports():
        import lofi_tf.training.warm_start  # noqa: F401
    rows = []
    with tempfile.TemporaryDirectory() as work:
        for case in CASES:
            if args.only and args.only not in case.folder:
                continue
            print(f"asking magenta.js about {case.folder}", flush=True)
            folder = Path(work) / case.folder
            asked = export_and_ask(case, folder, Path(args.modules))
            rows += check(case.folder, folder, asked)
            if args.out and case.kept:
                shutil.rmtree(Path(args.out) / case.folder, ignore_errors=True)
                shutil.copytree(folder, Path(args.out) / case.folder)
    print(table(rows))
    bad, seen = sum(not row.ok for row in rows), sum(row.compared for row in rows)
    print(f"{len(rows)} checks, {seen} numbers, {bad} failed")
    return 0 if rows and not bad else 1


def export_and_ask(case: Case, folder: Path, modules: Path) -> dict[str, np.ndarray]:
    """Exports a case, asks magenta.js, and returns what was asked and answered."""
    from lofi_tf.interop.magenta_js import export_for_magenta_js
    from lofi_tf.saving.loading import load_model, weights_path
    from tests.grooves import scrambled_model

    if case.hparams is None:
        model, config = load_model(weights_path(case.name))
    else:
        model, config = scrambled_model(case.name, case.hparams)
    export_for_magenta_js(model, config, folder, case.quantization)
    asked, controls = questions(config)
    text = {"z": asked["z"].tolist(), "inputs": asked["inputs"].tolist(), "controls": controls}
    (folder / "asked.json").write_text(json.dumps(text))
    shutil.copy(HERE / "ask.js", modules)  # Node looks for modules beside the script
    command = ["node", str(modules / "ask.js"), str(folder)]
    files = [str(folder / name) for name in ("asked.json", "answers.json")]
    subprocess.run([*command, *files], check=True)
    answers = json.loads((folder / "answers.json").read_text())
    for file in files:
        Path(file).unlink()
    asked |= arrays_of(answers)
    np.savez_compressed(folder / "answers.npz", **asked)
    return asked


def questions(config) -> tuple[dict[str, np.ndarray], dict | None]:
    """Returns z, inputs and controls as arrays, and the controls as magenta.js takes them."""
    from lofi_tf.data.converters.build import build_converter
    from lofi_tf.music.chords import triad_of

    rng, steps = np.random.default_rng(5), config.model.max_seq_len
    converter = build_converter(config.data.converter)
    depths = converter.depths
    found = {"z": rng.normal(size=[ROWS, config.model.z_size]).astype(np.float32)}
    inputs = np.float32(rng.random([ROWS, steps, depths["inputs"]]) < 0.1)
    kind = config.data.converter["kind"]
    if kind == "multi_performance":  # a segment ends with its end token; magenta.js takes one row
        inputs = _segments(rng, converter, depths["inputs"])
    found["inputs"] = inputs
    if "controls" not in depths:
        return found, None
    if not config.data.converter.get("chord_encoding"):
        controls = np.float32(rng.random([steps, depths["controls"]]) < 0.3)
        return found | {"controls": controls}, {"extraControls": {"controls": controls.tolist()}}
    chords = CHORDS[1:2] if kind == "multi_performance" else CHORDS
    segments = converter.num_segments if kind == "multi_performance" else 1
    first = [0] if kind == "multi_performance" else []  # no chord at the program of an instrument
    left = steps // segments - len(first)
    triads = first + [triad_of(chords[step * len(chords) // left]) for step in range(left)]
    controls = np.eye(depths["controls"], dtype=np.float32)[triads * segments]
    return found | {"controls": controls}, {"chordProgression": list(chords)}


def _segments(rng, converter, depth: int) -> np.ndarray:
    steps = converter.max_events_per_instrument
    tokens = np.full([converter.num_segments, steps], -1)
    for row in tokens:
        length = int(rng.integers(1, steps))
        row[: length - 1] = rng.integers(0, converter.end_token, length - 1)
        row[length - 1] = converter.end_token
    return np.float32(tokens.reshape(1, -1, 1) == np.arange(depth))


def arrays_of(answers: dict) -> dict[str, np.ndarray]:
    """Returns what magenta.js said as arrays; notes as row, pitch, velocity, start, end."""
    if "error" in answers:
        return {"error": np.array(answers["error"])}
    keys = ("pitch", "velocity", "start", "end")
    notes = [
        [row, *(note[key] or 0 for key in keys)]
        for row, sequence in enumerate(answers["notes"])
        for note in sequence
    ]
    found = {"decoded": np.array(answers["decoded"], np.float32), "notes": np.array(notes)}
    if "mean" in answers:
        return found | {"mean": np.array(answers["mean"], np.float32)}
    return found | {"encode_error": np.array(answers["encodeError"])}


def check(name: str, folder: Path, asked: dict[str, np.ndarray], config=None) -> list:
    """Returns the rows of one folder: our model, loaded from it, against magenta.js' answers.

    Args:
        name: what the rows are called.
        folder: the folder.
        asked: what was asked with, and the answers.
        config: of the model; that which the folder keeps if not given.
    """
    from lofi_tf.backends.open import backend_of_model
    from lofi_tf.errors import LofiWarning
    from lofi_tf.interop import magenta_js_spec
    from lofi_tf.models.build import build_model
    from lofi_tf.saving import checkpoints
    from tests.converter_parity import Row

    if "error" in asked:
        return [Row(name, "loaded", np.inf, 0, False, str(asked["error"]))]
    config = config or magenta_js_spec.config_in(folder)
    model = build_model(config)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LofiWarning)  # of those that decode alone
        checkpoints.load_weights(model, folder)
    backend = backend_of_model(model, config)
    controls = asked.get("controls")
    controls = None if controls is None else np.stack([controls] * len(asked["z"]))
    coldest, seeds = np.zeros(len(asked["z"]), np.float32), np.zeros(len(asked["z"]), np.int64)
    decoded = backend.decode(asked["z"], coldest, seeds, controls)
    rows = [compared(name, "decoded", decoded, asked["decoded"], DECODED)]
    rows += [notes_row(name, config, decoded, asked["notes"])]
    if not magenta_js_spec.encodes(config):
        said = str(asked.get("encode_error", "an answer"))
        rows.append(Row(name, "encode is refused", 0.0, 1, "inner shapes" in said, said))
        return rows
    if "encode_error" in asked:
        return [*rows, Row(name, "mean", np.inf, 0, False, str(asked["encode_error"]))]
    inputs = asked["inputs"]
    controls = controls[: len(inputs)] if controls is not None else None
    mean, _ = backend.encode(inputs, lengths_of(config, inputs), controls)
    return [*rows, compared(name, "mean", mean, asked["mean"], MEAN)]


def lengths_of(config, inputs: np.ndarray) -> np.ndarray:
    """Returns the valid steps of inputs [B, T, D]; of segments that end, those of each."""
    from lofi_tf.data.converters.build import build_converter

    if config.data.converter["kind"] != "multi_performance":
        return np.full(len(inputs), inputs.shape[1], np.int32)
    converter = build_converter(config.data.converter)
    segments = inputs.reshape(len(inputs), converter.num_segments, -1, inputs.shape[-1])
    return np.int32(segments[..., converter.end_token].argmax(-1) + 1)


def notes_row(name: str, config, decoded: np.ndarray, theirs: np.ndarray) -> Any:
    """Compares the notes of decoded arrays: pitch, start, end, and velocity where it counts."""
    from lofi_tf.data.converters.build import build_converter

    converter = build_converter(config.data.converter).with_mode("infer")
    in_seconds = config.data.converter["kind"] == "groove"
    unit = 1.0 if in_seconds else 60.0 / QPM / converter.steps_per_quarter
    ours = [
        [row, note.pitch, note.velocity, note.start_time / unit, note.end_time / unit]
        for row, outputs in enumerate(decoded)
        for note in converter.from_outputs(outputs, qpm=QPM).notes
    ]
    order = [0, 3, 1, 4, 2] if in_seconds else [0, 3, 1, 4]
    ours, theirs = (np.round(np.array(n, float)[:, order], 4) for n in (ours, theirs))
    ours, theirs = (n[np.lexsort(n.T[::-1])] for n in (ours, theirs))
    return compared(name, "notes", ours, theirs, SECONDS)


def compared(name: str, what: str, ours: np.ndarray, theirs: np.ndarray, allowed: float) -> Any:
    """Compares arrays; `allowed` is a share of the largest absolute entry of magenta.js'."""
    from tests.converter_parity import Row

    if ours.shape != theirs.shape or not theirs.size:
        return Row(name, what, np.inf, 0, False, f"shape {ours.shape}, not {theirs.shape}")
    difference = float(np.abs(ours - theirs).max())
    ok = difference <= allowed * max(1.0, float(np.abs(theirs).max()))
    return Row(name, what, difference, ours.size, ok, "")


if __name__ == "__main__":
    sys.exit(main())
