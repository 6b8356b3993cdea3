r"""A split file for records without one: an eighth of the sources each for validation and test.

    python -m saved_models.recipes.split --examples_path=a.tfrecord,b.tfrecord \
      --output_file=split.csv

A source goes to a side by the sha1 of its name, and so stays there when others come.
"""

import argparse
import csv
import hashlib
import io
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
    args = parser.parse_args(argv)
    paths = record_paths(args.examples_path)
    records = (record for path in paths for record in read_records(path))
    names = sorted({NoteSequence.FromString(record).filename for record in records})
    rows = [(name, split_of(name)) for name in names]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("path", "split"), *rows])
    with atomic_write(args.output_file) as file:
        file.write(text.getvalue().encode())
    print(f"{dict(Counter(split for _, split in rows))} -> {args.output_file}")
    return 0


def split_of(source: str) -> str:
    """Returns the side of a source."""
    place = int(hashlib.sha1(source.encode()).hexdigest(), 16) / 2**160
    return "test" if place < SHARE else "validation" if place < 2 * SHARE else "train"


if __name__ == "__main__":
    sys.exit(main())
