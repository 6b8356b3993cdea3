"""Holds the project against Magenta's answers: `python -m tests.magenta_parity --golden <folder>`.

The folder holds `inputs/`, `tensors/<config>.npz` and `models/<config>.{npz,ckpt.*}`. Prints a row
for each check; exits 1 where anything differs, is missing or was not compared. `--runtime=litert`
asks the models' LiteRT forms instead.
"""

import argparse
import sys
from pathlib import Path

from lofi_tf import quiet
from lofi_tf.saving.hub import RUNTIMES


def main(argv: list[str] | None = None) -> int:
    """Runs the comparison; returns its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--golden", required=True, help="folder of Magenta's answers")
    parser.add_argument("--configs", help="names with commas between (default: all in the folder)")
    parser.add_argument(
        "--runtime",
        choices=RUNTIMES,
        default="tensorflow",
        help="litert: the models' LiteRT forms alone, what they encode and decode",
    )
    args = parser.parse_args(argv)
    with quiet.imports():
        import tensorflow as tf

        import tests.model_parity  # noqa: F401
    tf.get_logger().setLevel("ERROR")  # it warns of retracing, once a config
    names = args.configs.split(",") if args.configs else golden_configs(args.golden)
    rows = check(names, args.golden, args.runtime)
    print(table(rows))
    bad = sum(not row.ok for row in rows)
    compared = sum(row.compared for row in rows)
    print(f"{len(names)} configs, {len(rows)} checks, {compared} numbers, {bad} failed")
    return 0 if rows and compared and not bad else 1


def golden_configs(golden: str | Path) -> list[str]:
    """Returns the configs that the folder has answers for."""
    return sorted({path.stem for path in Path(golden).glob("*/*.npz")})


def check(names: list[str], golden: str | Path, runtime: str = "tensorflow") -> list:
    """Returns the rows of all checks; whatever stops a check is a failed row."""
    from tests.converter_parity import Row, check_converter
    from tests.model_parity import check_litert, check_model

    checks = {"converter": check_converter, "model": check_model}
    if runtime == "litert":
        checks = {"model": check_litert}
    rows = []
    for name in names:
        for kind, function in checks.items():
            try:
                found = function(name, golden)
            except Exception as error:  # a comparison that cannot run has failed
                found = [
                    Row(name, kind, float("inf"), 0, False, f"{type(error).__name__}: {error}")
                ]
            rows += found or [Row(name, kind, float("inf"), 0, False, "nothing was compared")]
    return rows


def table(rows: list) -> str:
    """Returns the rows as text, the checks of single variables summed up by their worst."""
    lines = [f"{'config':50s} {'check':22s} {'largest difference':>18s} {'compared':>9s}"]
    groups: dict[tuple[str, str], list] = {}
    for row in rows:
        groups.setdefault((row.config, row.check.partition("|")[0]), []).append(row)
    for (config, check_name), members in groups.items():
        worst = max(members, key=lambda row: (not row.ok, row.largest_difference))
        state = "ok" if worst.ok else f"DIFFERS  {worst.check}: {worst.note}"
        lines.append(
            f"{config:50s} {check_name:22s} {worst.largest_difference:18.2e} "
            f"{sum(row.compared for row in members):9d}  {state}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
