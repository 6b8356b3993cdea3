r"""Trained models written anew as `lofi_export` writes them now: the same weights and answers.

    python -m saved_models.recipes.reexport --output_dir=new saved_models/groovae_4bar/1 ...

Name and version stay, what is known of the training is read from the card, and what the card says
besides, tables, pictures and other files go along.
"""

import argparse
import re
import shutil
import sys
from pathlib import Path

from lofi_tf import quiet
from lofi_tf.cli.flags import log
from lofi_tf.saving.hub import CARD, about
from lofi_tf.saving.model_card import Facts

_HEADING = re.compile(r"^(?=## )", re.MULTILINE)


def main(argv: list[str] | None = None) -> int:
    """Writes the models; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("exports", nargs="+", type=Path, help="folders, NAME/VERSION")
    parser.add_argument("--output_dir", required=True, type=Path)
    args = parser.parse_args(argv)
    for folder in args.exports:
        log(f"Wrote {reexport(folder, args.output_dir)}")
    return 0


def reexport(folder: Path, output_dir: Path) -> Path:
    """Writes an export anew; returns its folder."""
    with quiet.imports():
        from lofi_tf.saving.export import export, place
        from lofi_tf.saving.loading import load_model
    card = (folder / CARD).read_text(encoding="utf-8")
    where = place(output_dir, folder.parent.name, int(folder.name))
    written = export(*load_model(folder), where, facts_of(folder, card))
    for path in folder.rglob("*"):
        copy = written / path.relative_to(folder)
        if path.is_file() and not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
    new = (written / CARD).read_text(encoding="utf-8")
    (written / CARD).write_text(joined(new, card), encoding="utf-8")
    return written


def facts_of(folder: Path, card: str) -> Facts:
    """Returns what an export and its card say of the training."""
    known = about(folder)
    examples = re.search(r"^- Examples: (\d+), sha1 (\w+)$", card, re.MULTILINE)
    seed = re.search(r"^- Seed: (\d+)$", card, re.MULTILINE)
    metrics = re.findall(r"^\| ([\w/]+) \| (\S+) \|$", _section(card, "## Metrics"), re.MULTILINE)
    return Facts(
        step=known.step,
        examples=examples and int(examples[1]),
        data_sha1=examples and examples[2],
        seed=seed and int(seed[1]),
        metrics={name: float(value) for name, value in metrics if name != "metric"},
        data=known.data,
        licence=known.licence,
        summary=known.summary,
        precision=known.precision,
    )


def joined(new: str, old: str) -> str:
    """Returns a new card, and after it the sections that the old one has besides."""
    known = {part.splitlines()[0] for part in _HEADING.split(new)}
    besides = [part for part in _HEADING.split(old) if part.splitlines()[0] not in known]
    return "\n".join([new, "".join(besides)]) if besides else new


def _section(card: str, title: str) -> str:
    return next((part for part in _HEADING.split(card) if part.startswith(title)), "")


if __name__ == "__main__":
    sys.exit(main())
