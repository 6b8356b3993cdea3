import json

import numpy as np
import pytest
import tensorflow as tf

from lofi_tf.data.converters.build import build_converter
from lofi_tf.data.storage.example_records import (
    encode_arrays,
    encode_example,
    layout_of,
    spec_of_layouts,
)
from lofi_tf.data.storage.example_shards import find_shards, info_name, load_shards, shard_name
from lofi_tf.data.storage.tfrecord import write_records
from lofi_tf.errors import LofiError
from tests.grooves import groove_examples, small_config, write_groove_records

CONVERTER = {"kind": "melody", "slice_bars": 2}
TRAINED = [[1, 2], [5, 6], [3, 4]]  # those of `prefix`, shard by shard


def example(*tokens):
    return {"tokens": np.array(tokens, np.uint8), "length": np.int32(len(tokens))}


def write_shards(prefix, examples, converter=CONVERTER, num_shards=2):
    """Writes {split: [(arrays, sources)]} as shards with their info.json."""
    layouts = [layout_of(arrays) for found in examples.values() for arrays, _ in found]
    for split, found in examples.items():
        records = [encode_example(encode_arrays(arrays), sources) for arrays, sources in found]
        for shard in range(num_shards):
            name = shard_name(prefix, split, shard, num_shards)
            write_records(records[shard::num_shards], name)
    info = {
        "schema_version": 1,
        "config": {"name": "mine", "data": {"converter": converter}},
        "example_spec": spec_of_layouts(layouts),
        "num_shards": num_shards,
        "splits": {split: {"examples": len(found)} for split, found in examples.items()},
    }
    info_name(prefix).write_text(json.dumps(info))
    return prefix


@pytest.fixture
def prefix(tmp_path):
    examples = {
        "train": [(example(1, 2), ["b"]), (example(3, 4), ["a", "c,d"]), (example(5, 6), ["a"])],
        "validation": [(example(7, 8), ["e"])],
    }
    return write_shards(tmp_path / "x", examples)


def load(path, split, converter=CONVERTER):
    return load_shards(find_shards(path), split, converter)


def test_record_is_a_tf_example():
    arrays = {"long": np.arange(400, dtype=np.float32).reshape(40, 10), "length": np.int32(3)}
    record = encode_example(encode_arrays(arrays), ["a", "ü"])
    features = tf.train.Example.FromString(record).features.feature
    found = np.frombuffer(features["long"].bytes_list.value[0], np.float32).reshape(40, 10)
    np.testing.assert_array_equal(found, arrays["long"])
    assert np.frombuffer(features["length"].bytes_list.value[0], np.int32) == 3
    assert [name.decode() for name in features["sources"].bytes_list.value] == ["a", "ü"]


def test_load_shards_returns_arrays_and_sources(prefix):
    found = load(prefix, "train")
    assert found.arrays["tokens"].tolist() == TRAINED
    assert found.arrays["tokens"].dtype == np.uint8
    assert found.arrays["length"].tolist() == [2, 2, 2]
    assert found.sources.tolist() == ["b", "a", "a,c,d"]


@pytest.mark.parametrize("name", ["x", "x.info.json", "", "x-*-of-00002", "x-train@2,x-valid*"])
def test_find_shards_takes_every_name_of_a_set(name, prefix):
    held_out = [[7, 8]]
    for split, tokens in {"train": TRAINED, "validation": held_out, "test": held_out}.items():
        path = ",".join(str(prefix.parent / part) for part in name.split(","))
        assert load(path, split).arrays["tokens"].tolist() == tokens


def test_load_shards_of_one_split_whatever_is_asked_for(prefix):
    one = load(f"{prefix}-validation-*", "train"), load(shard_name(prefix, "train", 0, 2), "test")
    assert [part.arrays["tokens"].tolist() for part in one] == [[[7, 8]], TRAINED[:2]]


def test_load_shards_pads_shorter_examples(tmp_path):
    examples = {"train": [(example(1, 2, 3), ["a"]), (example(4), ["b"])]}
    found = load(write_shards(tmp_path / "x", examples, num_shards=1), "train")
    assert found.arrays["tokens"].tolist() == [[1, 2, 3], [4, 0, 0]]
    assert found.arrays["length"].tolist() == [3, 1]


def test_load_shards_of_an_empty_split(tmp_path):
    examples = {"train": [(example(1, 2), ["a"])], "validation": []}
    found = load(write_shards(tmp_path / "x", examples), "validation")
    assert found.arrays["tokens"].shape == (0, 2)


def test_find_shards_leaves_note_sequences_alone(tmp_path):
    assert find_shards(write_groove_records(tmp_path / "x-train-00000-of-00001")) is None


def test_find_shards_leaves_other_folders_alone(tmp_path):
    (tmp_path / "a.mid").touch()
    assert find_shards(tmp_path) is None


def test_load_shards_takes_defaults_for_given(prefix):
    loaded = load(prefix, "train", CONVERTER | {"steps_per_quarter": 4})
    assert loaded.arrays["tokens"].tolist() == TRAINED


def test_load_shards_names_what_differs(prefix):
    with pytest.raises(LofiError, match=r"made for mine.*\(slice_bars: 2 there, 16 in the config"):
        load(prefix, "train", CONVERTER | {"slice_bars": 16})
    with pytest.raises(LofiError, match=r"\(kind: 'melody' there, 'drums' in the config\)"):
        load(prefix, "train", {"kind": "drums", "slice_bars": 2})


def test_load_shards_unknown_split(prefix):
    with pytest.raises(LofiError, match="Allowed: train, validation. Received: other"):
        load(prefix, "other")


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda p: shard_name(p, "train", 1, 2).unlink(), "1 of its shards are missing"),
        (lambda p: write_records([], shard_name(p, "train", 0, 2)), "Expected: 3 examples"),
        (lambda p: write_records([b"x"], shard_name(p, "train", 0, 2)), "not its info.json's"),
        (lambda p: info_name(p).write_text("[]"), "does not describe"),
        (lambda p: info_name(p).write_text('{"schema_version": 2}'), "Received: 2"),
        (lambda p: write_shards(p.with_name("y"), {"train": []}), "holds more than one set"),
    ],
)
def test_load_shards_damaged_set(harm, message, prefix):
    harm(prefix)
    with pytest.raises(LofiError, match=message):
        load(prefix.parent, "train")


def test_find_shards_of_two_sets(prefix):
    write_shards(prefix.with_name("y"), {"train": [(example(1, 2), ["a"])]})
    with pytest.raises(LofiError, match="more than one set"):
        find_shards(prefix.parent / "?-train-*")


def test_spec_of_layouts_is_the_converters():
    config = small_config()
    arrays = groove_examples(config).arrays
    spec = spec_of_layouts([layout_of({name: array[0] for name, array in arrays.items()})])
    known = build_converter(config.data.converter).example_spec
    assert list(spec) == list(known)
    for name, entry in spec.items():
        assert entry["dtype"] == known[name].dtype
        assert len(entry["shape"]) == len(known[name].shape)
        assert all(
            None in sizes or sizes[0] == sizes[1]
            for sizes in zip(entry["shape"], known[name].shape, strict=True)
        )


def test_spec_of_layouts_refuses_other_depths():
    layouts = [layout_of({"x": np.zeros((2, depth))}) for depth in (3, 4)]
    with pytest.raises(LofiError, match="do not fit together: x"):
        spec_of_layouts(layouts)
