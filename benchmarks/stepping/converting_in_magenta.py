"""Converts serialized NoteSequences with the real Magenta.

python converting_in_magenta.py CONFIG PIECES
"""

import copy
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow.compat.v1 as tf
from magenta.models.music_vae import configs
from note_seq.protobuf.music_pb2 import NoteSequence
from on_demand import serve

tf.logging.set_verbosity(tf.logging.ERROR)


def build():
    """Returns what converts all pieces, with no cap on the examples of one, and counts these."""
    name, path = sys.argv[1:]
    converter = copy.deepcopy(configs.CONFIG_MAP[name].data_converter)
    converter.max_tensors_per_notesequence = None
    converter.set_mode("eval")
    pieces = list(tf.python_io.tf_record_iterator(path))
    return lambda: sum(
        len(converter.to_tensors(NoteSequence.FromString(piece)).outputs) for piece in pieces
    )


if __name__ == "__main__":
    serve(build)
