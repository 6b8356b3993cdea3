r"""A split file for records without one: an eighth of the sources each for validation and test.

    python -m saved_models.recipes.split --examples_path=a.tfrecord,b.tfrecord \
      --output_file=split.csv

A source goes to a side by the sha1 of its name, and so stays there when others come. Records given
`--by_composer` go by the first folder of the name, those `--by_tune` by the name without numbers:
works of a composer, versions of a tune stay together.
"""

import argparse
import csv
import hashlib
import io
import re
import sys
from collections import Counter

from lofi_tf.data.storage.tfrecord import read_records, record_paths
from lofi_tf.files import atomic_write
from lofi_tf.music.sequence_proto import NoteSequence

SHARE = 1 / 8


def main(argv: list[str] | None = None) -> int:
    """Writes the split file; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--examples_path", required=True)
    parser.add_argument("--output_file", required=True)
    parser.add_argument("--by_composer", default="", help="records named by folders of composers")
    parser.add_argument("--by_tune", default="", help="records whose names differ by numbers alone")
    args = parser.parse_args(argv)
    whole = {str(path): group for path, group in _groups(args)}
    found = {
        (name, whole.get(str(path), str)(name))
        for path in record_paths(args.examples_path)
        for name in (NoteSequence.FromString(record).filename for record in read_records(path))
    }
    rows = [(name, split_of(group)) for name, group in sorted(found)]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("path", "split"), *rows])
    with atomic_write(args.output_file) as file:
        file.write(text.getvalue().encode())
    print(f"{dict(Counter(split for _, split in rows))} -> {args.output_file}")
    return 0


def _groups(args: argparse.Namespace):
    """Yields records whose sources are kept together, and what of a name they go by."""
    for paths, group in (
        (args.by_composer, lambda name: name.partition("/")[0]),
        (args.by_tune, lambda name: re.sub(r"\d+", "", name)),
    ):
        if paths:
            yield from ((path, group) for path in record_paths(paths))


def split_of(source: str) -> str:
    """Returns the side of a source."""
    place = int(hashlib.sha1(source.encode()).hexdigest(), 16) / 2**160
    return "test" if place < SHARE else "validation" if place < 2 * SHARE else "train"


if __name__ == "__main__":
    sys.exit(main())
