r"""Chord progressions of any key as records in C major and A minor.

    python -m saved_models.recipes.one_key --examples_path=a.tfrecord,b.tfrecord \
      --output_file=one_key.tfrecord

Each four bars of a piece are moved to C major or A minor, whichever scale of seven pitch classes
holds most of their chords, and become a record of their own that keeps the piece's name: a model of
few examples has one key to learn, and its music is moved to any other.
"""

import argparse
import sys
from collections.abc import Iterator

import numpy as np

from lofi_tf.data.converters.progression import ProgressionConverter
from lofi_tf.data.converters.progression_tracks import FIRST_CHORD
from lofi_tf.data.storage.tfrecord import read_records, record_paths, write_records
from lofi_tf.errors import NotConvertible
from lofi_tf.music.chord_qualities import CHORD_QUALITIES, NUM_QUALITIES
from lofi_tf.music.sequence_proto import NoteSequence

C_MAJOR = np.isin(np.arange(12), (0, 2, 4, 5, 7, 9, 11))


def main(argv: list[str] | None = None) -> int:
    """Writes the records; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--examples_path", required=True)
    parser.add_argument("--output_file", required=True)
    parser.add_argument("--most", type=int, default=8, help="records of one piece")
    args = parser.parse_args(argv)
    converter = ProgressionConverter(max_tensors_per_notesequence=args.most)
    paths = record_paths(args.examples_path)
    pieces = (NoteSequence.FromString(record) for path in paths for record in read_records(path))
    moved = (found for piece in pieces for found in in_one_key(piece, converter))
    count = write_records((found.SerializeToString() for found in moved), args.output_file)
    print(f"{count} progressions in C major and A minor -> {args.output_file}")
    return 0


def in_one_key(piece: NoteSequence, converter: ProgressionConverter) -> Iterator[NoteSequence]:
    """Yields the examples of a piece in C major or A minor; none where it has no progression."""
    try:
        for number, example in enumerate(converter.to_examples(piece)):
            tokens = moved(example["tokens"].astype(int), up_to_c(example["tokens"].astype(int)))
            found = converter.from_outputs(np.eye(converter.depth)[tokens])
            found.filename, found.id = piece.filename, f"{piece.id}/{number}"
            yield found
    except NotConvertible:
        return


def moved(tokens: np.ndarray, steps: int) -> np.ndarray:
    """Returns tokens [T] with every root so many half steps higher."""
    chords = tokens - FIRST_CHORD
    roots, qualities = np.divmod(chords, NUM_QUALITIES)
    higher = (roots + steps) % 12 * NUM_QUALITIES + qualities
    return np.where(chords >= 0, higher + FIRST_CHORD, tokens)


def up_to_c(tokens: np.ndarray) -> int:
    """Returns how many half steps bring tokens [T] to C major or A minor, -5 to 6.

    The scale that holds most of the chords' pitch classes; of equal ones that with more chords on
    C major and A minor, the first and the last chord twice.
    """
    struck = tokens[tokens >= FIRST_CHORD] - FIRST_CHORD
    weights, tonics = np.zeros(12), np.zeros(12)
    ends = {0, len(struck) - 1}
    for place, chord in enumerate(struck):
        root, quality = divmod(int(chord), NUM_QUALITIES)
        intervals = CHORD_QUALITIES[quality].intervals
        for interval in intervals:
            weights[(root + interval) % 12] += 1
        minor = {3, 7} <= set(intervals)
        tonics[(root - (9 if minor else 0)) % 12] += 2 if place in ends else 1
    # Bin k: the scale of C major moved up by k, and chords that are its C or Am.
    inside = np.array([weights[np.roll(C_MAJOR, key)].sum() for key in range(12)])
    best = max(range(12), key=lambda key: (inside[key], tonics[key]))
    return (-best + 5) % 12 - 5


if __name__ == "__main__":
    sys.exit(main())
