r"""Records with a genre each, from the column `style` of a split file.

    python -m saved_models.recipes.genres --examples_path=groove.tfrecord \
      --split_file=info.csv --output_file=groove_genres.tfrecord

Of `hiphop/groove6`, as the Groove dataset has it, it is `hiphop`. Converters of grooves that have
`styles` learn from it.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator

from lofi_tf.data.storage.examples import read_split_file
from lofi_tf.data.storage.note_sequences import read_note_sequences, write_note_sequences
from lofi_tf.errors import LofiError
from lofi_tf.music.sequence_proto import NoteSequence


def main(argv: list[str] | None = None) -> int:
    """Writes the records; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for flag in ("--examples_path", "--split_file", "--output_file"):
        parser.add_argument(flag, required=True)
    args = parser.parse_args(argv)
    styles, counts = read_split_file(args.split_file, "style"), Counter()

    def told() -> Iterator[NoteSequence]:
        for sequence in read_note_sequences(args.examples_path):
            genre = genre_of(sequence.filename, styles)
            sequence.sequence_metadata.genre.append(genre)
            counts[genre] += 1
            yield sequence

    write_note_sequences(told(), args.output_file)
    print(f"{dict(counts.most_common())} -> {args.output_file}")
    return 0


def genre_of(source: str, styles: dict[str, str]) -> str:
    """Returns what stands before the slash of a source's style.

    Raises:
        LofiError: a source without one.
    """
    if not styles.get(source):
        raise LofiError(f"the split file names no style of a source. Received: {source}")
    return styles[source].split("/")[0]


if __name__ == "__main__":
    sys.exit(main())
