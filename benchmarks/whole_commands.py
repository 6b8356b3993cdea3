"""How long whole commands take, start-up included: ours and Magenta's in turn.

    python -m benchmarks.whole_commands convert --input_dir=MIDI --magenta=MAGENTA/bin
    python -m benchmarks.whole_commands generate --checkpoint_file=model.ckpt --magenta=MAGENTA/bin

`--magenta` is the folder of commands of an environment with magenta==2.1.4; ours are those beside
this Python. Seconds are of the wall clock, memory is the most that one process held.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main() -> None:
    """Prints a table of medians."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("what", choices=["convert", "generate"])
    parser.add_argument("--input_dir", help="folder to convert")
    parser.add_argument("--num_workers", type=int, help="of ours; as many as it takes if absent")
    parser.add_argument("--config", default="groovae_4bar")
    parser.add_argument("--checkpoint_file", help="Magenta's, to generate from")
    parser.add_argument("--magenta", help="folder of Magenta's commands")
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asked = (converting if args.what == "convert" else generating)(args, Path(folder))
        runs = [
            {name: seconds_and_mib(command) for name, command in asked.items()}
            for _ in range(args.runs + 1)
        ][1:]  # the first is a warm-up
    print(f"{args.what}, {args.runs} runs in turn\n| | wall s | peak MiB |\n|---|---|---|")
    middle = {
        name: [statistics.median(run[name][place] for run in runs) for place in (0, 1)]
        for name in asked
    }
    for name, (seconds, mib) in middle.items():
        print(f"| {name} | {seconds:.2f} | {mib:.0f} |")
    if args.magenta:
        print(f"ours in {middle['ours'][0] / middle['Magenta'][0]:.3f} of Magenta's time")


def converting(args, folder: Path) -> dict[str, list[str]]:
    """Returns the commands that turn a folder into records."""
    name, given = "convert_dir_to_note_sequences", [f"--input_dir={args.input_dir}", "--recursive"]
    workers = []
    if args.num_workers:
        mode = "multi_processing" if args.num_workers > 1 else "in_memory"
        workers = [f"--direct_running_mode={mode}", f"--direct_num_workers={args.num_workers}"]
    found = {"ours": [ours(name), *given, *workers, f"--output_file={folder / 'ours.tfrecord'}"]}
    if args.magenta:
        output = f"--output_file={folder / 'magenta.tfrecord'}"
        found["Magenta"] = [f"{args.magenta}/{name}", *given, output]
    return found


def generating(args, folder: Path) -> dict[str, list[str]]:
    """Returns the commands that draw five outputs from one checkpoint."""
    given = [f"--config={args.config}", f"--checkpoint_file={args.checkpoint_file}"]
    given += ["--mode=sample", "--num_outputs=5"]
    found = {"ours": [ours("lofi_generate"), *given, f"--output_dir={folder / 'ours'}"]}
    if args.magenta:
        output = f"--output_dir={folder / 'magenta'}"
        found["Magenta"] = [f"{args.magenta}/music_vae_generate", *given, output]
    return found


def ours(name: str) -> str:
    """Returns the path of a command of ours."""
    return str(Path(sys.executable).parent / name)


def seconds_and_mib(command: list[str]) -> tuple[float, float]:
    """Runs a command to its end; returns its seconds and its peak memory."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command[0]} ended with {process.returncode}")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


if __name__ == "__main__":
    main()
