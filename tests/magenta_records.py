"""Compares NoteSequence records with Magenta's, field by field.

    python -m tests.magenta_records --ours=x.tfrecord --magenta=y.tfrecord

Prints what was compared and every field that differs; exits 1 if anything differs, if one of
Magenta's records is missing, or if nothing was compared. Records that only ours has are counted.
"""

import argparse
import collections
import sys

from lofi_tf.data.storage.note_sequences import read_note_sequences
from lofi_tf.music.sequence_proto import NoteSequence


def differing_fields(ours: NoteSequence, theirs: NoteSequence) -> list[str]:
    if ours.SerializeToString(deterministic=True) == theirs.SerializeToString(deterministic=True):
        return []
    names = [field.name for field in NoteSequence.DESCRIPTOR.fields]
    return [name for name in names if getattr(ours, name) != getattr(theirs, name)] or ["bytes"]


def by_filename(pattern: str) -> dict[tuple[str, int], NoteSequence]:
    found = {}
    for sequence in read_note_sequences(pattern):
        found[sequence.filename, sequence.reference_number] = sequence
    return found


def compare(ours: str, magenta: str) -> tuple[int, int, dict[str, list[str]]]:
    """Returns how many records were compared, how many only ours has, and the differences."""
    own, theirs = by_filename(ours), by_filename(magenta)
    differences = {}
    for key, record in theirs.items():
        fields = differing_fields(own[key], record) if key in own else ["missing"]
        if fields:
            differences[key[0]] = fields
    return len(theirs), len(own.keys() - theirs.keys()), differences


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ours", required=True)
    parser.add_argument("--magenta", required=True)
    args = parser.parse_args(argv)
    num_compared, num_extra, differences = compare(args.ours, args.magenta)
    for name, fields in sorted(differences.items()):
        print(f"{name}: {', '.join(fields)}")
    counts = collections.Counter(field for fields in differences.values() for field in fields)
    print(
        f"{num_compared} records of Magenta compared, {len(differences)} differ "
        f"{dict(counts) or ''}; {num_extra} more that only ours has"
    )
    return 0 if num_compared and not differences else 1


if __name__ == "__main__":
    sys.exit(main())
