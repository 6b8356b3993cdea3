"""Composed tracks in numbers: seconds and memory of the whole command, and what can be counted.

    python -m benchmarks.composing --seeds=7,21,42 --minutes=2 --output_dir=tracks

runs `lofi_compose` once a seed, each in a process of its own, and leaves its files in the folder.
"""

import argparse
from pathlib import Path

from benchmarks.rendering import measure
from lofi_tf import quiet

with quiet.imports():
    from lofi_tf.compose.checking import most_repeats, strong_share
    from lofi_tf.compose.composing import compose
    from lofi_tf.compose.instrument_models import Players
    from lofi_tf.compose.plan import load_plan

COMMAND = "import sys; from lofi_tf.cli.compose import main; sys.exit(main())"


def main() -> None:
    """Prints a row a seed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seeds", default="7,21,42")
    parser.add_argument("--presets", help="one a seed; the moods' if not given")
    parser.add_argument("--minutes", default="2")
    parser.add_argument("--output_dir", required=True, type=Path)
    args = parser.parse_args()
    args.output_dir.mkdir(parents=True, exist_ok=True)
    seeds = args.seeds.split(",")
    presets = args.presets.split(",") if args.presets else [None] * len(seeds)
    print("| seed | mood, key, tempo, preset | seconds of music | wall s | CPU s | peak MiB | "
          "on chord tones | most repeats |\n|" + "---|" * 8)  # fmt: skip
    players = Players()
    for seed, preset in zip(seeds, presets, strict=True):
        flags = [f"--seed={seed}", f"--minutes={args.minutes}", "--log=WARN"]
        flags += [f"--preset={preset}"] if preset else []
        flags += [f"--png={args.output_dir / f'track{seed}.png'}"]
        output = args.output_dir / f"track{seed}.wav"
        cpu, wall, peak = measure([*flags, f"--output={output}"], COMMAND)
        plan = load_plan(output.with_suffix(".yaml"))
        track = compose(plan, players)
        repeats = ", ".join(f"{name} {count}" for name, count in most_repeats(track).items())
        about = f"{plan.mood}, {plan.key}, {plan.qpm:g}, {plan.preset}"
        print(
            f"| {seed} | {about} | {track.piece.total_time:.0f} | {wall:.1f} | {cpu:.1f} | "
            f"{peak:.0f} | {strong_share(track):.3f} | {repeats} |"
        )


if __name__ == "__main__":
    main()
