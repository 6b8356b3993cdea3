"""Five beats of the shipped model, then the main job from end to end on a folder of grooves.

The latter: records, a short training, five new beats. Fails where the held-out loss has not fallen
by a fifth, or a beat is empty or absurdly dense.
"""

import csv
import shutil
import subprocess
import sys
import time
from pathlib import Path

from lofi_tf.music.midi import read_midi
from lofi_tf.saving.hub import named_models

HERE = Path(__file__).resolve().parent
OUT = HERE / "output"
NUM_STEPS, NUM_BEATS = 500, 5
SHIPPED = "groovae_4bar"
# Smaller than groovae_4bar, so that a few hundred steps on 48 files come to something, and with the
# latent held to its prior from the start, since the beats are drawn from there.
HPARAMS = (
    "batch_size=32,enc_rnn_size=[128],dec_rnn_size=[128,128],z_size=32,learning_rate=0.003,"
    "free_bits=0,dropout_keep_prob=0.8"
)
NOTES_ALLOWED = range(8, 321)  # of four bars: two a bar to five a 16th


def main() -> int:
    """Runs the demo; returns its exit code."""
    started = time.monotonic()
    OUT.mkdir(exist_ok=True)
    records, run_dir = OUT / "notesequences.tfrecord", OUT / time.strftime("run_%Y%m%d_%H%M%S")
    beats = run_dir / "generated"
    problems = shipped_beats(OUT / "beats") if SHIPPED in named_models() else []
    step(
        "1/3  MIDI folder -> records",
        "convert_dir_to_note_sequences",
        f"--input_dir={HERE / 'grooves'}",
        "--recursive",
        f"--output_file={records}",
    )
    step(
        "2/3  a short training",
        "lofi_train",
        "--config=groovae_4bar",
        f"--run_dir={run_dir}",
        "--mode=train",
        f"--examples_path={records}",
        f"--num_steps={NUM_STEPS}",
        f"--hparams={HPARAMS}",
        "--eval_steps=100",
        "--log_steps=10",
        f"--split_file={HERE / 'grooves' / 'info.csv'}",
    )
    step(
        "3/3  five new beats",
        "lofi_generate",
        f"--run_dir={run_dir}",
        "--mode=sample",
        f"--num_outputs={NUM_BEATS}",
        f"--output_dir={beats}",
        "--seed=1",
        "--png",
    )
    problems += [*loss_problems(run_dir), *beat_problems(beats)]
    print(
        f"\nDemo took {time.monotonic() - started:.0f} s. The beats of this training are in {beats}"
    )
    for problem in problems:
        print(f"FAILED: {problem}")
    return 1 if problems else 0


def shipped_beats(folder: Path) -> list[str]:
    """Generates beats of the shipped model; returns what is wrong with them."""
    shutil.rmtree(folder, ignore_errors=True)
    step(
        "Five beats of the model that comes with lofi_tf",
        "lofi_generate",
        f"--model={SHIPPED}",
        f"--num_outputs={NUM_BEATS}",
        "--best_of=16",
        f"--output_dir={folder}",
        "--seed=1",
        "--png",
    )
    return beat_problems(folder)


def step(title: str, command: str, *arguments: str) -> None:
    """Runs one of the project's commands and ends the demo where it fails."""
    print(f"\n=== {title}\n$ {command} {' '.join(arguments)}", flush=True)
    code = subprocess.run([Path(sys.executable).parent / command, *arguments]).returncode
    if code:
        raise SystemExit(code)


def loss_problems(run_dir: Path) -> list[str]:
    """Returns what is wrong with the held-out loss, and prints it."""
    with open(run_dir / "eval" / "history.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    first, last = float(rows[0]["loss"]), float(rows[-1]["loss"])
    fallen = 1 - last / first
    print(
        f"\nHeld-out loss: {first:.1f} before training, {last:.1f} after {rows[-1]['step']} "
        f"steps: fallen by {fallen:.0%}"
    )
    return [] if fallen >= 0.2 else ["the held-out loss has not fallen by a fifth"]


def beat_problems(folder: Path) -> list[str]:
    """Returns what is wrong with the beats, and prints a line for each."""
    problems = []
    files = sorted(folder.glob("*.mid"))
    for path in files:
        notes = read_midi(path.read_bytes()).notes
        drums = len({note.pitch for note in notes})
        print(f"{path.name}: {len(notes)} hits on {drums} drums")
        if len(notes) not in NOTES_ALLOWED:
            problems.append(f"{path.name} has {len(notes)} hits")
    if len(files) != NUM_BEATS:
        problems.append(f"{len(files)} beats were written, not {NUM_BEATS}")
    return problems


if __name__ == "__main__":
    sys.exit(main())
