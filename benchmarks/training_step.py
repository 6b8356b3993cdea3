"""How long a training step takes: ours, Magenta's, PyTorch's, and what the products alone take.

    python -m benchmarks.training_step groovae_4bar --magenta=MAGENTA/python --torch=TORCH/python

Each runs in a process of its own and they step in turn. The floor is the time that the step's
matrix products take at the rate of one large product, measured in the same turns. `--magenta` is
the Python of an environment with magenta==2.1.4, `--torch` one with PyTorch (it knows the model of
groovae alone).
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

from benchmarks.stepping.stepper import Stepper

FOLDER = Path(__file__).parent / "stepping"


def main() -> None:
    """Prints a table of medians."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("config")
    parser.add_argument("--batch_size", type=int, default=64)
    parser.add_argument("--hparams", default="", help="further overrides, for both")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--magenta", help="path of the Python of Magenta's environment")
    parser.add_argument("--torch", help="path of a Python with PyTorch")
    args = parser.parse_args()
    steppers = {name: Stepper(command) for name, command in commands(args).items()}
    rounds = []
    for number in range(args.rounds + 1):
        row = {"floor": floor_seconds(args)}
        row |= {name: stepper.step() for name, stepper in steppers.items()}
        rounds += [row] if number else []  # the first is a warm-up
    print(f"{args.config}, batch {args.batch_size}, {args.rounds} rounds")
    print("| | step s | examples/s | as fast as ours | build s | first step s | peak MiB |")
    print("|---|---|---|---|---|---|---|")
    ours = statistics.median(row["ours"] for row in rounds)
    for name in rounds[0]:
        seconds = statistics.median(row[name] for row in rounds)
        rest = ("", "", "")
        if name in steppers:
            found = steppers[name]
            rest = (f"{found.build:.1f}", f"{found.first:.1f}", f"{found.peak_mib:.0f}")
        cells = (f"{seconds:.3f}", f"{args.batch_size / seconds:.0f}", f"{ours / seconds:.2f}")
        print(f"| {name} | {' | '.join(cells + rest)} |")


def commands(args) -> dict[str, list[str]]:
    """Returns the command of each process."""
    overrides = [args.hparams] if args.hparams else []
    sizes = [args.config, str(args.batch_size), *overrides]
    found = {"ours": [sys.executable, "-m", "benchmarks.stepping.ours", *sizes]}
    if args.magenta:
        found["magenta"] = [args.magenta, str(FOLDER / "in_magenta.py"), *sizes]
    if args.torch:
        steps = "64" if "4bar" in args.config else "32"
        script = str(FOLDER / "in_torch.py")
        found["torch"] = [args.torch, script, steps, str(args.batch_size)]
    return found


def floor_seconds(args) -> float:
    """Returns the seconds of the LSTMs' products, forwards and backwards, at the machine's rate."""
    from lofi_tf import quiet

    with quiet.imports():
        import tensorflow as tf

    side = 2048
    square = tf.random.stateless_normal([side, side], [0, 0])
    start = time.perf_counter()
    tf.linalg.matmul(square, square).numpy()
    return step_flops(args) * (time.perf_counter() - start) / (2 * side**3)


def step_flops(args) -> float:
    """Returns the floating point operations of a step's LSTMs: three products forwards' size."""
    from lofi_tf.config import load_config
    from lofi_tf.data.converters.build import build_converter
    from lofi_tf.hparams import with_hparams
    from lofi_tf.models.memory import lstm_layers

    config = load_config(args.config)
    config = with_hparams(config, args.hparams) if args.hparams else config
    layers = lstm_layers(config, build_converter(config.data.converter).depths)
    products = sum(4 * units * (size + units) for size, units in layers)
    return 3 * 2 * args.batch_size * config.model.max_seq_len * products


if __name__ == "__main__":
    main()
