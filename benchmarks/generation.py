"""How many sequences a second are generated: by our model, its export, and Magenta's.

    python -m benchmarks.generation groovae_4bar --magenta=MAGENTA/bin/python

Each runs in a process of its own and they draw in turn, full length, temperature 0.5. `--magenta`
is the Python of an environment with magenta==2.1.4.
"""

import argparse
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
    parser.add_argument("config")
    parser.add_argument("--batch_sizes", default="1,8,64,512")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--magenta", help="path of the Python of Magenta's environment")
    args = parser.parse_args()
    print(f"{args.config}, sequences a second, median of {args.rounds}")
    print("| batch | model | export | Magenta | times Magenta |\n|---|---|---|---|---|")
    for size in args.batch_sizes.split(","):
        steppers = {name: Stepper(command) for name, command in commands(args, size).items()}
        rounds = [
            {name: stepper.step() for name, stepper in steppers.items()}
            for _ in range(args.rounds + 1)
        ][1:]  # the first is a warm-up
        rates = [int(size) / statistics.median(row[name] for row in rounds) for name in rounds[0]]
        times = f"{rates[0] / rates[2]:.2f}" if args.magenta else ""
        cells = [f"{rate:.0f}" for rate in rates] + ([] if args.magenta else [""])
        print(f"| {size} | {' | '.join(cells)} | {times} |", flush=True)
        for stepper in steppers.values():
            stepper.close()


def commands(args, size: str) -> dict[str, list[str]]:
    """Returns the command of each process."""
    ours = [sys.executable, "-m", "benchmarks.stepping.sampling", args.config, size]
    found = {name: [*ours, name] for name in ("model", "export")}
    if args.magenta:
        found["magenta"] = [args.magenta, str(SCRIPT), args.config, size]
    return found


if __name__ == "__main__":
    main()
