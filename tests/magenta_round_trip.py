"""Takes models back to the real Magenta: `python -m tests.magenta_round_trip --magenta=PYTHON`.

For each config of a folder of goldens: Magenta's checkpoint -> our model -> a checkpoint for
Magenta -> its TrainedModel, which must answer as the golden says. Then a shipped model at its full
size, exported by the command: Magenta's answers must be ours, and its `music_vae_generate` must
write music, also by the lines that `lofi_export` prints for other sizes and converters. `make
parity` runs this: a row for each check; exits 1 where anything differs.
"""

import argparse
import contextlib
import dataclasses
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from lofi_tf import quiet
from lofi_tf.interop.magenta_like import Like, magenta_like
from tests.magenta_parity import table

HERE = Path(__file__).parent
GOLDEN = HERE / "data" / "golden"
SHIPPED = "groovae_4bar"
SPOILED = "groovae_2bar_humanize"  # exported once more, wrongly, to see that the checks can fail
CHORDS = "bass_2bar_chords"  # a shipped model with another converter than Magenta's, and controls
FULL = ", full size"
ANSWER = 1e-5  # allowed in mu and sigma, as a share of the largest


@dataclasses.dataclass(frozen=True)
class Trip:
    """A checkpoint that Magenta is asked about.

    Attributes:
        name: what the rows are called by.
        like: the config that Magenta opens it with.
        checkpoint: a prefix or a `.tar`.
        answers: `inputs`, `lengths`, `controls` and `z` to ask with; `mu`, `sigma`, `decoded` and
            maybe `decoded_gap` to compare with.
        own: Magenta's own checkpoint, for what it decodes where the golden's is a draw, as
            `model_parity` says.
    """

    name: str
    like: Like
    checkpoint: Path
    answers: dict[str, np.ndarray]
    own: Path | None = None


def main(argv: list[str] | None = None) -> int:
    """Runs the round trips; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--magenta", required=True, help="Python that has magenta==2.1.4")
    parser.add_argument("--golden", default=str(GOLDEN), help="folder of Magenta's answers")
    parser.add_argument("--configs", help="names with commas between (default: all in the folder)")
    args = parser.parse_args(argv)
    models = Path(args.golden) / "models"
    names = sorted(path.stem for path in models.glob("*.npz"))
    names = args.configs.split(",") if args.configs else names
    with tempfile.TemporaryDirectory() as kept:
        folder = Path(kept)
        with quiet.imports():
            trips = [trip_of(name, models, folder / name) for name in names]
            trips += [spoiled_trip(folder / "spoiled"), shipped_trip(folder / "shipped")]
        found = ask(args.magenta, trips, folder)
        rows = [row for trip in trips for row in compare(trip, found)]
        rows.append(generated(args.magenta, trips[-1].checkpoint, folder / "midi"))
        rows += [told_sizes(args.magenta, folder / "sizes"), told_controls(args.magenta, folder)]
    print(table(rows))
    bad, seen = sum(not row.ok for row in rows), sum(row.compared for row in rows)
    print(f"{len(names)} configs, {len(rows)} checks, {seen} numbers, {bad} failed")
    return 0 if names and not bad else 1


def trip_of(name: str, models: Path, folder: Path) -> Trip:
    """Returns the trip of a golden checkpoint by way of our model."""
    from lofi_tf.interop.magenta_export import export_for_magenta
    from tests.model_parity import build, shrunk_config

    answers = dict(np.load(models / f"{name}.npz"))
    config = shrunk_config(name, answers)
    model = build(config, answers, models / f"{name}.ckpt")
    like = export_for_magenta(model, config, folder, name)
    drawn = config.model.decoder["kind"] == "lstm" and len(config.model.head.get("sizes", ())) > 1
    own = models / f"{name}.ckpt" if drawn else None
    return Trip(name, like, folder / f"{name}.tar", answers, own)


def spoiled_trip(folder: Path) -> Trip:
    """Returns a trip whose export has a wrong forget bias."""
    with _wrong_forget_bias():
        return trip_of(SPOILED, GOLDEN / "models", folder)


@contextlib.contextmanager
def _wrong_forget_bias() -> Iterator[None]:
    from lofi_tf.interop import magenta_export
    from lofi_tf.interop.magenta_checkpoint import LSTM, scopes_of

    whole = magenta_export.magenta_weights

    def wrong(model):
        weights = whole(model)
        for scope, layer in scopes_of(model).items():
            if isinstance(layer, LSTM):
                weights[f"{scope}/bias"][2 * layer.units : 3 * layer.units] += 1.0
        return weights

    magenta_export.magenta_weights = wrong
    try:
        yield
    finally:
        magenta_export.magenta_weights = whole


def shipped_trip(folder: Path) -> Trip:
    """Returns the trip of a shipped model; the answers are ours."""
    from lofi_tf.backends import open
    from lofi_tf.cli import export

    backend = open.open_backend(SHIPPED)
    exported = export.main(["--format=magenta", f"--model={SHIPPED}", f"--output_dir={folder}"])
    if exported:
        raise SystemExit(f"lofi_export of {SHIPPED} failed")
    given = np.load(GOLDEN / "models" / f"{SHIPPED}.npz")
    answers = {key: given[key] for key in ("inputs", "lengths", "controls")}
    z_size, rows = backend.config.model.z_size, len(answers["inputs"])
    answers["z"] = np.random.default_rng(1).normal(size=(rows, z_size)).astype(np.float32)
    inputs = answers["inputs"].astype(np.float32)
    answers["mu"], answers["sigma"] = backend.encode(inputs, answers["lengths"])
    coldest, seeds = np.zeros(rows, np.float32), np.zeros(rows, np.int64)
    answers["decoded"] = backend.decode(answers["z"], coldest, seeds)
    like = magenta_like(backend.config)
    return Trip(SHIPPED + FULL, like, folder / f"{SHIPPED}.tar", answers)


def ask(python: str, trips: list[Trip], folder: Path) -> dict[Path, dict[str, np.ndarray]]:
    """Returns what Magenta's TrainedModel answers with each checkpoint."""
    jobs = {}
    for trip in trips:
        for checkpoint in filter(None, (trip.checkpoint, trip.own)):
            given = folder / f"given{len(jobs)}.npz"
            asked = {key: trip.answers[key] for key in ("inputs", "lengths", "controls", "z")}
            np.savez(given, **asked)
            jobs[checkpoint] = {
                "config": trip.like.name,
                "hparams": trip.like.hparams_text,
                "checkpoint": str(checkpoint),
                "given": str(given),
                "out": str(folder / f"out{len(jobs)}.npz"),
            }
    (folder / "jobs.json").write_text(json.dumps([*jobs.values()]))
    run([python, str(HERE / "ask_magenta.py"), "load", f"--jobs={folder / 'jobs.json'}"])
    return {checkpoint: dict(np.load(job["out"])) for checkpoint, job in jobs.items()}


def compare(trip: Trip, found: dict[Path, dict[str, np.ndarray]]) -> list:
    """Returns a trip's rows; of the spoiled one, a row that fails if its answers are right."""
    from tests.converter_parity import Row
    from tests.model_parity import compare_decoded, compared

    theirs, expected = found[trip.checkpoint], trip.answers
    if trip.own:
        expected = {**expected, **found[trip.own]}
    if trip.name.endswith(FULL) and "decoded_gap" in theirs:
        expected = {**expected, "decoded_gap": theirs["decoded_gap"]}
    keys = ("mu", "sigma")
    rows = [compared(trip.name, key, theirs[key], expected[key], ANSWER) for key in keys]
    rows.append(compare_decoded(trip.name, theirs["decoded"], expected))
    if trip.checkpoint.parent.name != "spoiled":
        return rows
    told = not any(row.ok for row in rows)
    return [Row(trip.name, "wrong export fails", 0.0, len(rows), told, "a check passed")]


def generated(python: str, checkpoint: Path, folder: Path):
    """Returns a row: two files of music by Magenta's command, each with notes."""
    command = [str(Path(python).parent / "music_vae_generate"), f"--config={SHIPPED}"]
    command += [f"--checkpoint_file={checkpoint}", "--num_outputs=2", f"--output_dir={folder}"]
    run(command)
    return _row_of_music(SHIPPED + FULL, folder)


def told_sizes(python: str, folder: Path):
    """Returns a row: the command that is printed for a model of other sizes writes music."""
    from lofi_tf.interop.magenta_export import how_to_load

    with quiet.imports():
        trip = trip_of(SPOILED, GOLDEN / "models", folder)
    line = how_to_load(trip.like, folder, SPOILED)[-1].strip().removeprefix("python ")
    run(["sh", "-c", f"{python} {line} --num_outputs=2 --output_dir={folder}"])
    return _row_of_music(f"{SPOILED}, other sizes", folder)


def told_controls(python: str, folder: Path):
    """Returns a row: the Python that is printed for another converter and chords makes music."""
    from lofi_tf.interop.magenta_export import export_for_magenta, how_to_load
    from lofi_tf.saving.loading import load_model, weights_path

    with quiet.imports():
        model, config = load_model(weights_path(CHORDS))
        like = export_for_magenta(model, config, folder, CHORDS)
    lines = [line.strip() for line in how_to_load(like, folder, CHORDS)[1:]]
    before = f"import numpy as np; controls = np.eye({like.control_size})[[1] * {like.steps}]"
    lines = ["import note_seq", before, *lines[:-1], f"made = {lines[-1]}"]
    save = "[note_seq.sequence_proto_to_midi_file(s, f'{out}/{i}.mid') for i, s in enumerate(made)]"
    out = folder / "chords"
    out.mkdir()
    run([python, "-c", "\n".join([*lines, f"out = {str(out)!r}", save])])
    return _row_of_music(f"{CHORDS}, another converter", out, 4)


def _row_of_music(what: str, folder: Path, number: int = 2):
    """Returns a row: so many files of music, each with notes."""
    from lofi_tf.music.midi import read_midi
    from tests.converter_parity import Row

    counts = [len(read_midi(path.read_bytes()).notes) for path in folder.glob("*.mid")]
    whole = len(counts) == number and min(counts) > 0
    return Row(what, "music by its command", 0.0, sum(counts), whole, f"notes: {counts}")


def run(command: list[str]) -> None:
    """Runs a command that must succeed; what it prints is passed on."""
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:4])} failed:\n{done.stderr[-2000:]}")


if __name__ == "__main__":
    sys.exit(main())
