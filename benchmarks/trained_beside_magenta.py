"""Two models trained by the same command, Magenta's and ours, measured on the same test windows.

    python -m benchmarks.trained_beside_magenta --examples_path=groove.tfrecord \
      --split_file=groove/info.csv --magenta=MAGENTA/bin --folder=beside --num_steps=600

`--magenta` is the folder of commands of an environment with magenta==2.1.4. Both learn from the
records of the split `train`, in batches of 64, with all else as the config says. Runs that are
there are not run again. The losses are means over the windows of the split `test`, each latent
drawn of its posterior with the same noise, both by our evaluation: that it computes what Magenta
does is what `python -m tests.magenta_parity` checks.
"""

import argparse
import csv
import subprocess
import sys
import time
from pathlib import Path

from lofi_tf import quiet

with quiet.imports():
    from lofi_tf.config import load_config
    from lofi_tf.data.converters.converter import build_converter
    from lofi_tf.data.storage.dataset import evaluation_batches
    from lofi_tf.data.storage.examples import examples_of_records
    from lofi_tf.data.storage.tfrecord import read_records, write_records
    from lofi_tf.music.sequence_proto import NoteSequence
    from lofi_tf.saving.loading import load_model
    from lofi_tf.training.evaluate import evaluate

OURS = [sys.executable, "-c", "import sys; from lofi_tf.cli.train import main; sys.exit(main())"]
BATCH = 64


def main() -> None:
    """Prints a table in Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--config", default="groovae_2bar_humanize")
    parser.add_argument("--examples_path", required=True, help="NoteSequence records")
    parser.add_argument("--split_file", required=True, help="CSV with midi_filename and split")
    parser.add_argument("--magenta", required=True, help="folder of Magenta's commands")
    parser.add_argument("--folder", required=True, type=Path, help="for the records and the runs")
    parser.add_argument("--num_steps", type=int, default=600)
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    sides = split(args.examples_path, args.split_file)
    records = args.folder / "train.tfrecord"
    write_records(iter(sides["train"]), records)
    commands = {"Magenta": [f"{args.magenta}/music_vae_train"], "ours": [*OURS, "--log=WARN"]}
    for name, command in commands.items():
        train(name, command, records, args)
    rows = {name: losses(args, name, sides["test"]) for name in commands}
    names = [name for name in rows["ours"] if name.startswith(("loss", "metrics"))]
    print(f"\n{args.config}, {args.num_steps} steps of {BATCH}, test split\n\n| | Magenta | ours |")
    print("|---|---|---|")
    for name in names:
        print(f"| {name} | {rows['Magenta'][name]:.4g} | {rows['ours'][name]:.4g} |")


def split(examples_path: str, split_file: str) -> dict[str, list[bytes]]:
    """Returns the records of the splits `train` and `test`."""
    with open(split_file, newline="", encoding="utf-8") as file:
        side = {row["midi_filename"]: row["split"] for row in csv.DictReader(file)}
    found: dict[str, list[bytes]] = {"train": [], "test": [], "validation": []}
    for record in read_records(Path(examples_path)):
        found[side[NoteSequence.FromString(record).filename]].append(record)
    return found


def train(name: str, command: list[str], records: Path, args: argparse.Namespace) -> None:
    """Runs one of the two, unless it is done."""
    run_dir = args.folder / name
    if run_dir.is_dir():
        return
    flags = [f"--config={args.config}", f"--run_dir={run_dir}", "--mode=train"]
    flags += [f"--examples_path={records}", f"--hparams=batch_size={BATCH}"]
    flags += [f"--num_steps={args.num_steps}"]
    if name == "ours":
        flags += ["--validation_split=0"]
    begun = time.monotonic()
    done = subprocess.run([*command, *flags], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{name}: {done.stderr[-2000:]}")
    print(f"{name}: trained in {time.monotonic() - begun:.0f} s", flush=True)


def losses(args: argparse.Namespace, name: str, records: list[bytes]) -> dict[str, float]:
    """Returns the mean loss and its parts over the windows of records."""
    model, config = load_model(args.folder / name / "train", load_config(args.config))
    converter = build_converter(config.data.converter)
    examples = examples_of_records(records, {**config.data.converter, "mode": "eval"})
    steps = config.model.max_seq_len
    return evaluate(model, evaluation_batches(examples, converter, BATCH, steps))


if __name__ == "__main__":
    main()
