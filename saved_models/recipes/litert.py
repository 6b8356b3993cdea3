r"""Exports that are there get their LiteRT form beside; nothing else of them changes.

python -m saved_models.recipes.litert saved_models/groovae_4bar/1 ...
"""

import argparse
import sys
from pathlib import Path

from lofi_tf import quiet
from lofi_tf.cli.flags import log
from lofi_tf.errors import LofiError
from lofi_tf.saving.litert_weights import FOLDER


def main(argv: list[str] | None = None) -> int:
    """Writes the forms; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("exports", nargs="+", type=Path, help="folders, NAME/VERSION")
    args = parser.parse_args(argv)
    with quiet.imports():
        from lofi_tf.saving.litert import write_beside
        from lofi_tf.saving.loading import load_model
    for folder in args.exports:
        try:
            write_beside(folder, *load_model(folder))
        except LofiError as error:
            log(f"{folder}: {error}")
            continue
        size = sum(path.stat().st_size for path in (folder / FOLDER).iterdir())
        log(f"Wrote {folder / FOLDER}, {size / 1e6:.2f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
