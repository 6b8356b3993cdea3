"""How many sequences a second are generated: by LiteRT, in TensorFlow, and by Magenta.

    python -m benchmarks.generation groovae_4bar --magenta=MAGENTA/bin/python

The model is one that comes along: its export by both runtimes, and as a model in memory. Each runs
in a process of its own and they draw in turn, full length, temperature 0.5. `--magenta` is the
Python of an environment with magenta==2.1.4. Behind the rates stand those by the seconds of the
processor, were all cores at work: what others do on the machine changes them less.
"""

import argparse
import os
import statistics
import sys
from pathlib import Path

from benchmarks.stepping.stepper import Stepper

SCRIPT = Path(__file__).parent / "stepping" / "sampling_in_magenta.py"


def main() -> None:
    """Prints a table of medians."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("model")
    parser.add_argument("--batch_sizes", default="1,8,64,512")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--magenta", help="path of the Python of Magenta's environment")
    args = parser.parse_args()
    print(f"{args.model}, sequences a second, median of {args.rounds} in turn")
    for size in args.batch_sizes.split(","):
        steppers = {name: Stepper(command) for name, command in commands(args, size).items()}
        rounds = [
            {name: (stepper.step(), stepper.cpu) for name, stepper in steppers.items()}
            for _ in range(args.rounds + 1)
        ][1:]  # the first is a warm-up
        cells = []
        for name in steppers:
            wall, cpu = map(statistics.median, zip(*(row[name] for row in rounds), strict=True))
            cores = min(os.cpu_count() or 1, int(size))
            cells.append(f"{name} {int(size) / wall:.0f} ({int(size) * cores / cpu:.0f})")
        print(f"| {size} | {' | '.join(cells)} |", flush=True)
        for stepper in steppers.values():
            stepper.close()


def commands(args, size: str) -> dict[str, list[str]]:
    """Returns the command of each process."""
    ours = [sys.executable, "-m", "benchmarks.stepping.sampling", args.model, size]
    found = {name: [*ours, name] for name in ("litert", "tensorflow", "memory")}
    if args.magenta:
        found["Magenta"] = [args.magenta, str(SCRIPT), args.model, size]
    return found


if __name__ == "__main__":
    main()
