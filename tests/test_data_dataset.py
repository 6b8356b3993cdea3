import numpy as np

from lofi_tf.data.converters.build import build_converter
from lofi_tf.data.storage.dataset import evaluation_batches, training_batches
from lofi_tf.data.storage.examples import Examples


def test_batches_start_no_tuning_thread_whose_end_would_be_waited_for():
    converter = build_converter({"kind": "melody"})
    tokens = np.zeros([4, 32], np.uint8)
    examples = Examples({"tokens": tokens, "length": np.full(4, 32, np.int32)}, np.array(["a"] * 4))
    for batches in (training_batches, evaluation_batches):
        assert batches(examples, converter, 2, 32).options().autotune.enabled is False
