"""A model adapted to twenty beats of one drummer, beside training without it.

    python -m benchmarks.fine_tuning --groove=groove --folder=fine_tuning --warm_start=groovae_4bar

Takes the beats of one drummer of the test split of the Groove MIDI Dataset, which the models of
this project are not trained on, copies them to `FOLDER/beats`, and writes `FOLDER/mine.csv`: three
of ten for validation, the others for training. Then it runs `lofi_train` once for each row of the
table: with all weights trained, with the encoder frozen, and from weights that are drawn. Runs that
are there are not run again. It prints the validation loss before the first step and at the best.
"""

import argparse
import csv
import shutil
import subprocess
import sys
import time
from pathlib import Path

import yaml

from lofi_tf import quiet

with quiet.imports():
    from lofi_tf.training.history import read_history

COMMAND = [sys.executable, "-c", "import sys; from lofi_tf.cli.train import main; sys.exit(main())"]
COMMON = [
    "--eval_steps=10", "--patience=5", "--num_steps=1000", "--log=WARN", "--seed=1",
    "--checkpoints_to_keep=1", "--picture_steps=0", "--hparams=batch_size=32,learning_rate=0.0005",
]  # fmt: skip


def main() -> None:
    """Prints a table in Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--groove", required=True, help="folder of the dataset, with info.csv")
    parser.add_argument("--folder", required=True, help="for the beats and the runs")
    parser.add_argument("--warm_start", default="groovae_4bar")
    parser.add_argument("--drummer", default="drummer7")
    parser.add_argument("--count", type=int, default=20, help="files, the longest first")
    args = parser.parse_args()
    folder = Path(args.folder)
    if not (folder / "mine.csv").is_file():
        gather(Path(args.groove), folder, args.drummer, args.count)
    print("| | before | best | at step | reconstruction | KL, bits | seconds |")
    print("|---|---|---|---|---|---|---|")
    warm = [f"--warm_start={args.warm_start}"]
    print(row("all weights trained", folder, "all", warm))
    print(row("encoder frozen", folder, "frozen", [*warm, "--freeze=encoder,latent"]))
    config = folder / "all" / "config.yaml"
    print(row("from drawn weights", folder, "drawn", [f"--config={config}", "--patience=10"]))


def gather(groove: Path, folder: Path, drummer: str, count: int) -> None:
    """Copies a drummer's beats and writes which are held out."""
    with open(groove / "info.csv", newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "test"]
    rows = [row for row in rows if (row["drummer"], row["beat_type"]) == (drummer, "beat")]
    rows = sorted(rows, key=lambda row: -float(row["duration"]))[:count]
    (folder / "beats").mkdir(parents=True, exist_ok=True)
    lines = ["path,split"]
    for number, row in enumerate(sorted(rows, key=lambda row: row["midi_filename"])):
        name = row["midi_filename"].replace("/", "_")
        shutil.copy(groove / row["midi_filename"], folder / "beats" / name)
        lines.append(f"{name},{'validation' if number % 10 in (2, 5, 8) else 'train'}")
    (folder / "mine.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def row(title: str, folder: Path, name: str, flags: list[str]) -> str:
    """Trains, unless it is done; returns a line of the table."""
    run, seconds = folder / name, folder / f"{name}.seconds"
    if not seconds.is_file():
        begun = time.monotonic()
        data = [f"--examples_path={folder / 'beats'}", f"--split_file={folder / 'mine.csv'}"]
        subprocess.run([*COMMAND, f"--run_dir={run}", *data, *COMMON, *flags], check=True)
        seconds.write_text(f"{time.monotonic() - begun:.0f}", encoding="utf-8")
    best = yaml.safe_load((run / "eval" / "best" / "best.yaml").read_text(encoding="utf-8"))
    before = float(read_history(run / "eval" / "history.csv")[0]["loss"])
    return (
        f"| {title} | {before:.1f} | {best['loss']:.1f} | {best['step']} | "
        f"{best['losses/r_loss']:.1f} | {best['losses/kl_bits']:.1f} | {seconds.read_text()} |"
    )


if __name__ == "__main__":
    main()
