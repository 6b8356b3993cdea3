"""Asks the real Magenta afresh: `python -m tests.fresh_golden --magenta=PYTHON --out=FOLDER`.

The folder is laid out as `tests.magenta_parity` reads it; `make parity` runs both.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from lofi_tf.config import config_names
from tests.magenta_parity import golden_configs

HERE = Path(__file__).parent
# Of the weights. At the 2.5 of the shipped answers a draw may be chaotic: the gradient norm of
# flat-mel_16bar grew twentyfold in three steps, and rounding errors with it.
GAIN = 1.5
MUSIC = (".mid", ".mxl", ".pb")


def main(argv: list[str] | None = None) -> int:
    """Asks about every config; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--magenta", required=True, help="Python that has magenta==2.1.4")
    parser.add_argument("--out", required=True, help="folder to write; what is there is replaced")
    parser.add_argument("--seed", type=int, default=1, help="of the models' weights")
    parser.add_argument("--configs", help="names with commas between (default: all)")
    parser.add_argument("--inputs", help="folder of music (default: files of tests and demo)")
    args = parser.parse_args(argv)
    out = Path(args.out)
    shutil.rmtree(out, ignore_errors=True)
    (out / "tensors").mkdir(parents=True)
    (out / "models").mkdir()
    files = copy_inputs(out / "inputs", args.inputs)
    names = args.configs.split(",") if args.configs else magenta_configs()
    for name in names:
        print(f"asking Magenta about {name}", flush=True)
        ask(args.magenta, name, out, files, args.seed)
    return 0


def magenta_configs() -> list[str]:
    """Returns the shipped configs that are Magenta's."""
    known = golden_configs(HERE / "data" / "golden")
    return [name for name in config_names() if name in known]


def copy_inputs(folder: Path, given: str | None) -> list[Path]:
    """Copies music to ask about, by names that occur once; returns the copies."""
    demo = HERE.parent / "demo" / "grooves"
    golden = HERE / "data" / "golden" / "inputs"
    sources = [path for path in golden.rglob("*") if path.suffix in MUSIC]
    sources += sorted(demo.rglob("*.mid"))[::6]
    if given:
        sources = [path for path in sorted(Path(given).rglob("*")) if path.suffix in MUSIC]
    folder.mkdir()
    copies = []
    for source in sources:
        copies.append(folder / f"{len(copies):03d}_{source.name}")
        shutil.copy(source, copies[-1])
    return copies


def ask(python: str, name: str, out: Path, files: list[Path], seed: int) -> None:
    """Writes the answers about one config."""
    tensors = out / "tensors" / f"{name}.npz"
    script = [python, str(HERE / "ask_magenta.py")]
    about = ["--config", name]
    for command in (
        [*script, "tensors", *about, "--out", str(tensors), *map(str, files)],
        [*script, "model", *about, "--tensors", str(tensors), "--seed", str(seed),
         "--gain", str(GAIN), "--out", str(out / "models")],
    ):  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"Magenta failed on {name}:\n{done.stderr[-2000:]}")


if __name__ == "__main__":
    sys.exit(main())
