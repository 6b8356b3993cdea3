"""Every kind's way from what is stored to what its model is fed, by its specs alone."""

import numpy as np
import pytest
import tensorflow as tf

from lofi_tf.config import config_names, load_config
from lofi_tf.data.converters.build import CONVERTERS, build_converter
from lofi_tf.data.model_inputs.view import TO_MODEL, to_model
from lofi_tf.errors import LofiError


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", config_names())
def test_what_is_stored_becomes_what_the_model_is_fed(name, training):
    converter = build_converter(load_config(name).data.converter)
    lead = [len(converter.groups)] if converter.groups else []  # of a kind that mixes, one of each
    stored = {
        name: tf.TensorSpec([*lead, *spec.shape], spec.dtype)
        for name, spec in converter.example_spec.items()
    }

    @tf.function
    def fed(example, seed):
        return to_model(converter, example, training, seed)

    outputs = fed.get_concrete_function(stored, tf.TensorSpec([2], tf.int32)).structured_outputs
    assert {name: (output.dtype.name, tuple(output.shape)) for name, output in outputs.items()} == {
        name: (spec.dtype, spec.shape) for name, spec in converter.model_spec.items()
    }


def test_every_kind_has_a_way():
    assert set(TO_MODEL) == set(CONVERTERS)


@pytest.mark.parametrize(
    "example",
    [{"drums": np.zeros(32, np.int32)}, {"tokens": np.zeros(32, np.int32), "length": np.int32(32)}],
)
def test_examples_of_another_kind_are_refused_in_one_line(example):
    converter = build_converter({"kind": "melody", "slice_bars": 2})
    message = "no example of the melody converter. Allowed: tokens of type uint8. Received: "
    with pytest.raises(LofiError, match=message):
        to_model(converter, example)
