"""Damaged checkpoints are passed over for the newest whole one."""

from pathlib import Path

import pytest

from lofi_tf.config import load_config
from lofi_tf.errors import LofiError, LofiWarning
from lofi_tf.hparams import with_hparams
from lofi_tf.models.build import build_model
from lofi_tf.saving import checkpoints
from lofi_tf.training.callbacks import Saver
from lofi_tf.training.options import TrainOptions
from tests.grooves import small_config


@pytest.fixture(scope="module")
def model():
    return build_model(small_config())


@pytest.fixture
def folder(model, tmp_path):
    """Three checkpoints whose every weight is their step."""
    saver = Saver(model, tmp_path, TrainOptions())
    for step in (8, 9, 10):
        model.optimizer.iterations.assign(step)
        for variable in model.trainable_variables:
            variable.assign(variable * 0 + step)
        saver.save()
    return tmp_path


def weights(model) -> set[float]:
    return {float(value) for v in model.trainable_variables for value in v.numpy().flat}


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def garble(path: Path) -> None:
    path.write_bytes(bytes(255 - byte for byte in path.read_bytes()))


DATA = ".data-00000-of-00001"


@pytest.mark.parametrize(
    ("ending", "harm"),
    [(DATA, cut), (DATA, garble), (DATA, Path.unlink), (".index", cut), (".index", Path.unlink)],
)
def test_damaged_latest_is_named_and_an_older_one_taken(ending, harm, model, folder):
    harm(folder / f"model.ckpt-10{ending}")
    with pytest.warns(LofiWarning, match=r"damaged: .*ckpt-10; .*ckpt-9 is taken"):
        assert checkpoints.restore_latest(model, folder) == 9
    assert weights(model) == {9.0}


def test_several_damaged_ones_are_passed_over_by_load_weights_too(model, folder):
    cut(folder / f"model.ckpt-10{DATA}")
    cut(folder / "model.ckpt-9.index")
    (folder / "checkpoint").unlink()
    with pytest.warns(LofiWarning, match=r"damaged: .*ckpt-10, .*ckpt-9; .*ckpt-8 is taken"):
        checkpoints.load_weights(model, folder)
    assert weights(model) == {8.0}


def test_none_whole_is_refused(model, folder):
    for path in folder.glob("*.index"):
        cut(path)
    with pytest.raises(LofiError, match="ckpt-10 is damaged, and so are the 2 others"):
        checkpoints.restore_latest(model, folder)
    with pytest.raises(LofiError, match="ckpt-9 is damaged$"):
        checkpoints.load_weights(model, folder / "model.ckpt-9")


def test_other_model_is_no_damage(folder):
    other = build_model(small_config(hparams="z_size=5"))
    with pytest.raises(LofiError, match="ckpt-10 does not fit the model"):
        checkpoints.restore_latest(other, folder)


def test_saver_replaces_a_damaged_checkpoint_of_the_same_step(model, folder):
    cut(folder / f"model.ckpt-10{DATA}")
    saver = Saver(model, folder, TrainOptions())
    with pytest.warns(LofiWarning):
        assert saver.restore() == 9
    model.optimizer.iterations.assign(10)
    saver.save()
    assert checkpoints.restore_latest(model, folder) == 10
    assert weights(model) == {9.0}


def test_moving_averages_of_layers_in_lists_are_kept(tmp_path):
    sizes = (
        "converter.num_bins=12,hidden_dims_1=[3],hidden_num_1=[1],hidden_dims_2=[3],"
        "hidden_num_2=[1],dims=[2],instruments=[piano]"
    )
    config = with_hparams(load_config("crossmodal"), sizes)
    trained, fresh = build_model(config), build_model(config)
    for number, variable in enumerate(trained.variables):
        variable.assign(variable * 0 + number)
    prefix = checkpoints.checkpoint_of(trained).save(str(tmp_path / "model.ckpt"))
    checkpoints.load_weights(fresh, prefix)
    assert fresh.non_trainable_variables
    for number, variable in enumerate(fresh.variables):
        assert (variable.numpy() == number).all(), variable.path
