"""Example shards read from disk: the same batches as from memory."""

import numpy as np
import pytest

from lofi_tf.data.converters.build import build_converter
from lofi_tf.data.storage import mapped_shards
from lofi_tf.data.storage.dataset import evaluation_batches, training_batches
from lofi_tf.data.storage.example_shards import find_shards, load_shards
from lofi_tf.errors import LofiError
from tests.test_data_example_shards import CONVERTER, example, write_shards

MELODY = {"kind": "melody", "slice_bars": 2, "transpose_range": [-5, 5]}


@pytest.fixture
def shards(tmp_path):
    tokens = np.random.default_rng(0).integers(2, 80, (11, 32))
    examples = {"train": [(example(*row), [f"{row[0]},x"]) for row in tokens]}
    return find_shards(write_shards(tmp_path / "x", examples, MELODY, num_shards=3))


def load(shards, in_memory):
    return load_shards(shards, "train", MELODY, in_memory)


def batches(examples, **options):
    converter = build_converter(MELODY)
    found = training_batches(examples, converter, 4, 32, seed=3, num_steps=6, **options)
    return [{name: value.numpy() for name, value in batch.items()} for batch in found]


def assert_same(ours, theirs):
    assert len(ours) == len(theirs) > 0
    for mine, other in zip(ours, theirs, strict=True):
        assert all((mine[name] == other[name]).all() for name in mine.keys() | other.keys())


def test_batches_from_disk_are_those_from_memory(shards):
    assert load(shards, False).on_disk and not load(shards, True).on_disk
    assert_same(batches(load(shards, False)), batches(load(shards, True)))


def test_batches_from_disk_go_on_from_any_step(shards):
    examples = load(shards, False)
    assert_same(batches(examples, first_step=4), batches(examples)[4:])


def test_evaluation_from_disk_is_that_from_memory(shards):
    found = [
        [
            {name: value.numpy() for name, value in batch.items()}
            for batch in evaluation_batches(load(shards, kept), build_converter(MELODY), 4, 32)
        ]
        for kept in (False, True)
    ]
    assert_same(*found)


def test_arrays_sources_and_sha1_from_disk_are_those_from_memory(shards):
    disk, memory = load(shards, False), load(shards, True)
    assert disk.sources.tolist() == memory.sources.tolist()
    assert disk.num_sources == memory.num_sources == len(set(memory.sources)) + 1
    assert disk.sha1() == memory.sha1()


def test_examples_of_other_lengths_are_padded(tmp_path):
    examples = {"train": [(example(1, 2), ["a"]), (example(3, 4, 5), ["b"])]}
    shards = find_shards(write_shards(tmp_path / "x", examples))
    found = load_shards(shards, "train", CONVERTER, in_memory=False)
    assert found.arrays["tokens"].tolist() == [[1, 2, 0], [3, 4, 5]]
    assert found.arrays["length"].tolist() == [2, 3]


def test_folder_is_made_once_and_anew_for_other_shards(shards, tmp_path):
    load(shards, False)
    (folder,) = tmp_path.glob(".*.arrays")
    made = (folder / "tokens").stat().st_mtime_ns
    load(shards, False)
    assert (folder / "tokens").stat().st_mtime_ns == made
    file = shards.files["train"][0]
    file.write_bytes(file.read_bytes())
    load(shards, False)
    (again,) = tmp_path.glob(".*.arrays")
    assert again != folder


def test_damaged_shards_leave_nothing_behind(shards, tmp_path):
    file = shards.files["train"][2]
    file.write_bytes(file.read_bytes()[:-5])
    with pytest.raises(LofiError, match="cut short"):
        load(shards, False)
    assert not list(tmp_path.glob(".*"))


def test_shards_beyond_memory_are_read_from_disk(shards, monkeypatch):
    monkeypatch.setattr(mapped_shards, "SHARE_OF_MEMORY", 0.0)
    assert load(shards, True).on_disk
