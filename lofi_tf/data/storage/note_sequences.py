"""TFRecords of NoteSequences."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

from lofi_tf.data.storage.tfrecord import read_records, record_paths, shard_paths, write_record
from lofi_tf.errors import LofiError
from lofi_tf.files import atomic_write
from lofi_tf.music.sequence_proto import NoteSequence


def read_note_sequences(pattern: str | Path) -> Iterator[NoteSequence]:
    """Yields the sequences of TFRecord files (see `record_paths`), file by file.

    Raises:
        LofiError: no such file, or one that is damaged or holds other records.
    """
    for path in record_paths(pattern):
        for record in read_records(path):
            try:
                yield NoteSequence.FromString(record)
            except Exception as error:  # protobuf's DecodeError has several homes
                raise LofiError(f"{path} holds records that are no NoteSequences") from error


def write_note_sequences(sequences: Iterable[NoteSequence], path: str | Path) -> int:
    """Writes sequences to a TFRecord file, or in turn to the shards of `x.tfrecord@8`.

    The files appear only when all are whole. Returns how many sequences were written.
    """
    count = 0
    with ExitStack() as stack:
        files = [stack.enter_context(atomic_write(shard)) for shard in shard_paths(path)]
        for sequence in sequences:
            write_record(files[count % len(files)], sequence.SerializeToString())
            count += 1
    return count
