"""Runs and exports work whatever the names of their folders are."""

import shutil

import numpy as np
import pytest
import tensorflow as tf

from lofi_tf.backends.open import open_export
from lofi_tf.data.storage.tfrecord import record_paths
from lofi_tf.interop.plain_names import made_plain, plain, plain_folder
from lofi_tf.saving.checkpoints import load_weights
from tests.grooves import small_config

ODD = "a[b]*?#ü x"


def test_plain_names_stay():
    assert plain("runs/a b#ü/model.ckpt-3") == "runs/a b#ü/model.ckpt-3"
    assert plain_folder("runs/ü") == "runs/ü"


def test_a_run_is_loaded_from_a_folder_of_any_name(tmp_path, groove_run):
    from lofi_tf.models.build import build_model

    shutil.copytree(groove_run, tmp_path / ODD / "run")
    there, odd = (build_model(small_config()) for _ in range(2))
    load_weights(there, groove_run / "train")
    load_weights(odd, tmp_path / ODD / "run" / "train")
    assert odd.steps_trained == there.steps_trained == 2
    for one, other in zip(odd.weights, there.weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


def test_checkpoints_are_kept_and_deleted_in_a_folder_of_any_name(tmp_path):
    kept = tf.train.Checkpoint(x=tf.Variable(1.0))
    manager = tf.train.CheckpointManager(kept, made_plain(tmp_path / ODD), max_to_keep=1)
    manager.save(1)
    manager.save(2)
    names = sorted(path.name for path in (tmp_path / ODD).iterdir())
    assert names == ["checkpoint", "ckpt-2.data-00000-of-00001", "ckpt-2.index"]
    reader = tf.train.load_checkpoint(plain(tmp_path / ODD / "ckpt-2"))
    assert reader.get_tensor("x/.ATTRIBUTES/VARIABLE_VALUE") == 1


def test_an_export_answers_from_a_folder_of_any_name(tmp_path, groove_export):
    shutil.copytree(groove_export, tmp_path / ODD / "1")
    backend, there = open_export(tmp_path / ODD / "1"), open_export(groove_export)
    z = np.zeros([1, there.config.model.z_size], np.float32)
    how = z, np.ones(1, np.float32), np.zeros(1, np.int64)
    found, expected = (one.decode(*how) for one in (backend, there))
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", ["x[1].tfrecord", "x*.tfrecord", "#x y?.tfrecord"])
def test_records_of_a_literal_name_win_over_a_pattern(tmp_path, name):
    folder = tmp_path / ODD
    folder.mkdir()
    for one in (name, "x1.tfrecord", "xa.tfrecord"):
        (folder / one).touch()
    assert record_paths(folder / name) == [folder / name]


def test_patterns_work_in_a_folder_of_any_name(tmp_path, monkeypatch):
    folder = tmp_path / ODD
    folder.mkdir()
    names = ["x1.tfrecord", "x2.tfrecord"]
    for one in names:
        (folder / one).touch()
    assert record_paths(folder / "x?.tfrecord") == [folder / one for one in names]
    assert record_paths(tmp_path / "*" / "x[2].tfrecord") == [folder / "x2.tfrecord"]
    monkeypatch.chdir(folder)
    assert [str(path) for path in record_paths("x[12].tfrecord")] == names
