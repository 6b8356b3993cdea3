r"""From a run of lofi_train to a model that comes along: exported, measured, with its card.

    cd where_the_records_lie
    python -m saved_models.recipes.release groovae_4bar --run_dir=runs/groovae_4bar \
      --output_dir=saved_models

exports the best checkpoint of the run in float16, makes the judge of its beats and the vectors of
its attributes where the recipe has them, measures the export on the split `test`, and adds how it
was trained, the tables and the pictures to its card. `models.yaml` holds what is said of each
model, the flags that it was trained with, and the music that it is measured on.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from lofi_tf import quiet
from lofi_tf.cli import attributes, evaluate, export
from lofi_tf.evaluation.tables import Table
from lofi_tf.saving.hub import CARD, export_in
from saved_models.recipes import judge

RECIPES = Path(__file__).with_name("models.yaml")
BESIDE = {  # files made of the export, and their commands
    "judge": (judge.main, "python -m saved_models.recipes.judge"),
    "attributes": (attributes.main, "lofi_attributes"),
}
PICTURES = {
    "curves": "Losses of training and validation, by step.",
    "samples": "Samples of the prior.",
    "reconstructions": "Music of the split `test`, and what the model makes of it.",
    "latent": "Latents of the split `test`.",
}


def main(argv: list[str] | None = None) -> int:
    """Writes the model; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", help="of a recipe in models.yaml")
    parser.add_argument("--run_dir", required=True, type=Path)
    parser.add_argument("--output_dir", required=True, type=Path)
    args = parser.parse_args(argv)
    recipes = yaml.safe_load(RECIPES.read_text(encoding="utf-8"))
    if args.name not in recipes:
        print(f"no such recipe. Allowed: {', '.join(recipes)}. Received: {args.name}")
        return 2
    return release(args.name, recipes[args.name], args.run_dir, args.output_dir)


def release(name: str, recipe: Mapping[str, Any], run_dir: Path, output_dir: Path) -> int:
    """Writes a model that `recipe` speaks of; returns the exit code of what failed, or 0."""
    said = [f"--{key}={recipe[key]}" for key in ("summary", "data", "licence")]
    best = f"--checkpoint_file={run_dir / 'eval' / 'best'}"
    flags = [best, f"--output_dir={output_dir}", f"--name={name}", "--precision=float16"]
    code = export.main([*flags, *said])
    if code:
        return code
    folder = export_in(output_dir / name)
    for part, (make, _) in BESIDE.items():
        if part in recipe:
            code = make([f"--model={folder}", *recipe[part]])
            if code:
                return code
    with tempfile.TemporaryDirectory() as measured:
        flags = [f"--model={folder}", f"--output_dir={measured}", *recipe["evaluate"]]
        code = evaluate.main(flags)
        if code:
            return code
        _draw_curves(run_dir, name, Path(measured))
        finish(folder, recipe, Path(measured))
    return 0


def finish(folder: Path, recipe: Mapping[str, Any], measured: Path) -> None:
    """Adds to an export what it was trained with, what was measured, and pictures.

    Args:
        folder: of the export.
        recipe: one of `models.yaml`.
        measured: a folder that `lofi_evaluate` wrote, with any other pictures.
    """
    shutil.copy(measured / evaluate.CSV, folder / evaluate.CSV)
    report = json.loads((measured / evaluate.JSON).read_text(encoding="utf-8"))
    drawn = [name for name in PICTURES if (measured / f"{name}.png").is_file()]
    (folder / "pictures").mkdir()
    for name in drawn:
        shutil.copy(measured / f"{name}.png", folder / "pictures")
    card = folder / CARD
    parts = [
        card.read_text(encoding="utf-8").rstrip(),
        _training(recipe, folder.parent.name),
        *_evaluation(report, recipe),
        *(f"![{PICTURES[name]}](pictures/{name}.png)" for name in drawn),
    ]
    card.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def _draw_curves(run_dir: Path, title: str, folder: Path) -> None:
    with quiet.imports():
        from lofi_tf.evaluation.plots import draw_curves
        from lofi_tf.plotting.figures import save_png
    figure = draw_curves(run_dir, title)
    if figure is not None:
        save_png(figure, folder / "curves.png")


def _training(recipe: Mapping[str, Any], name: str) -> str:
    stages = [command("lofi_train", flags) for flags in recipe["train"]]
    text = "## How it was trained\n\n"
    if len(stages) > 1:
        text += "One command after the other. "
    for part, (_, called) in BESIDE.items():
        if part in recipe:
            stages.append(command(called, [f"--model={name}", *recipe[part]]))
    return text + recipe["records"].strip() + "\n\n```sh\n" + "\n".join(stages) + "\n```"


def _evaluation(report: Mapping[str, Any], recipe: Mapping[str, Any]) -> list[str]:
    """Returns the sections of what `lofi_evaluate` found, and of what is to be said of it."""
    count, split = report["examples"], report["split"]
    parts = [f"## Evaluation\n\n{count} examples of the split `{split}`, by"]
    parts.append("```sh\n" + command("lofi_evaluate", recipe["evaluate"]) + "\n```")
    parts.append(recipe["remarks"].strip())
    for table in report["tables"]:
        found = Table.of_rows(table["title"], table["rows"], table["notes"])
        parts += [f"### {found.title}", found.as_markdown(), *found.notes]
    return parts


def command(name: str, flags: Sequence[str]) -> str:
    """Returns a command with its flags as a shell takes them; a long one in several lines."""
    lines, line = [], name
    for flag in flags:
        if len(line) + len(flag) > 96:
            lines.append(line)
            line = " "
        line += f" {flag}"
    return " \\\n".join([*lines, line])


if __name__ == "__main__":
    sys.exit(main())
