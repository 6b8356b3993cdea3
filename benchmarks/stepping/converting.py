"""Converts serialized NoteSequences to examples.

python -m benchmarks.stepping.converting CONFIG PIECES
"""

import sys

from benchmarks.stepping.on_demand import serve
from lofi_tf.config import load_config
from lofi_tf.data.converters.converter import build_converter
from lofi_tf.data.storage.tfrecord import read_records
from lofi_tf.errors import NotConvertible
from lofi_tf.music.sequence_proto import NoteSequence


def build():
    """Returns what converts all pieces, with no cap on the examples of one, and counts these."""
    name, path = sys.argv[1:]
    component = dict(load_config(name).data.converter)
    component.pop("max_tensors_per_notesequence", None)
    converter, pieces = build_converter(component).with_mode("eval"), list(read_records(path))
    return lambda: sum(examples_of(converter, piece) for piece in pieces)


def examples_of(converter, piece: bytes) -> int:
    """Returns how many examples a piece gives."""
    try:
        return sum(1 for _ in converter.to_examples(NoteSequence.FromString(piece)))
    except NotConvertible:
        return 0


if __name__ == "__main__":
    serve(build)
