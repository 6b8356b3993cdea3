import dataclasses
import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import yaml

from lofi_tf.data.storage.dataset import training_batches
from lofi_tf.errors import LofiError
from lofi_tf.models.build import build_model
from lofi_tf.saving import checkpoints
from lofi_tf.training import callbacks
from lofi_tf.training import train as training
from lofi_tf.training.history import read_history
from lofi_tf.training.options import TrainOptions
from lofi_tf.training.train import train
from tests.clip_runs import clip_config, clip_examples
from tests.grooves import groove_examples, small_config

OPTIONS = TrainOptions(num_steps=8, log_steps=1, eval_steps=4, show_progress=False)


def losses(run_dir: Path) -> dict[int, float]:
    rows = read_history(run_dir / "train" / "history.csv")
    return {int(row["step"]): float(row["loss"]) for row in rows}


@pytest.fixture(scope="module")
def config():
    return small_config(hparams="dropout_keep_prob=0.5")


@pytest.fixture(scope="module")
def examples(config):
    return groove_examples(config)


@pytest.fixture(scope="module")
def run(tmp_path_factory, examples):
    """A run that learns, and what it said."""
    folder, said = tmp_path_factory.mktemp("run"), []
    options = TrainOptions(num_steps=40, log_steps=1, eval_steps=20, show_progress=False)
    config = small_config(hparams="learning_rate=0.02")
    train(config, examples, folder, options, validation=examples, log=said.append)
    return folder, said


def test_loss_falls_and_run_folder_holds_all_that_is_promised(run, examples):
    folder, said = run
    found = losses(folder)
    assert sorted(found) == list(range(1, 41))
    assert np.mean([found[n] for n in range(36, 41)]) < 0.8 * found[1]
    assert checkpoints.latest(folder / "train").endswith("model.ckpt-40")
    best = yaml.safe_load((folder / "eval" / "best" / "best.yaml").read_text())
    assert best["step"] in (20, 40)
    assert sum("validation loss" in line for line in said) == 3
    assert any(examples.sha1() in line for line in said)


def test_tensorboard_has_magentas_names_histograms_and_pictures(run):
    assert tags(run[0] / "train") >= {
        "loss", "losses/r_loss", "losses/kl_loss", "losses/kl_bits", "losses/kl_beta",
        "metrics/hits_loss", "metrics/velocities_loss", "metrics/offsets_loss",
        "learning_rate", "global_norm",
    }  # fmt: skip
    found = tags(run[0] / "eval")
    assert found >= {"loss", "losses/r_loss", "latent/mean", "reconstruction/0"}
    assert any(tag.startswith("weights/") for tag in found)


def tags(folder: Path) -> set[str]:
    found = set()
    for path in folder.glob("events*"):
        for record in tf.data.TFRecordDataset(str(path)):
            event = tf.compat.v1.Event.FromString(record.numpy())
            found |= {value.tag for value in event.summary.value}
    return found


KILLED = """
import sys
from lofi_tf import quiet
with quiet.imports():
    from tests.test_training_train import OPTIONS, groove_examples, small_config
    from lofi_tf.training.options import TrainOptions
    from lofi_tf.training.train import train
config = small_config(hparams="dropout_keep_prob=0.5")
options = TrainOptions(num_steps=10**6, log_steps=1, save_seconds=0.0, show_progress=False)
train(config, groove_examples(config), sys.argv[1], options)
"""


def test_losses_after_sigkill_equal_the_unbroken_run(tmp_path, config, examples):
    """Dropout on, batches crossing the end of the epoch."""
    run_dir = tmp_path / "killed"
    child = subprocess.Popen([sys.executable, "-c", KILLED, str(run_dir)], cwd=Path.cwd())
    deadline = time.monotonic() + 240
    while not checkpoints.latest(run_dir / "train") and time.monotonic() < deadline:
        time.sleep(0.05)
        assert child.poll() is None
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    step = int(checkpoints.latest(run_dir / "train").rpartition("-")[2])
    epoch = len(examples) // config.training.batch_size + 1
    options = TrainOptions(num_steps=step + 2 * epoch, log_steps=1, show_progress=False)
    train(config, examples, run_dir, options)
    train(config, examples, tmp_path / "unbroken", options)
    resumed, unbroken = losses(run_dir), losses(tmp_path / "unbroken")
    assert resumed.keys() == unbroken.keys() == set(range(1, step + 2 * epoch + 1))
    for number, loss in unbroken.items():
        assert resumed[number] == pytest.approx(loss, rel=1e-6)
    assert len(set(unbroken.values())) == len(unbroken)


@pytest.fixture
def ctrl_c():
    """Ctrl-C interrupts, even where the tests were started with it ignored (as `&` does)."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_saves_and_logs_the_step_it_stopped_at(tmp_path, monkeypatch):
    """Ctrl-C once the step is trained: before it is logged, and after."""
    given = clip_config(), clip_examples(), tmp_path, OPTIONS
    for place, last in ((training.StopOnNaN, 3), (training.History, 5)):

        class Stop(place):
            def on_step(self, step, logs, last=last):
                super().on_step(step, logs)
                if step == last:
                    signal.raise_signal(signal.SIGINT)

        with monkeypatch.context() as patch:
            patch.setattr(training, place.__name__, Stop)
            with pytest.raises(KeyboardInterrupt, match=f"stopped at step {last}, saved"):
                train(*given)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        assert checkpoints.latest(tmp_path / "train").endswith(f"model.ckpt-{last}")
        assert rows_of(tmp_path) == list(range(1, last + 1))
    train(*given)
    assert rows_of(tmp_path) == list(range(1, 9))


def test_last_step_is_logged_wherever_it_falls(tmp_path):
    history = callbacks.History(tmp_path / "train", 0, 100)
    for step in (99, 100, 141):
        history.on_step(step, {"loss": 1.0})
    history.close()
    history.close()
    assert rows_of(tmp_path) == [100, 141]


def rows_of(run_dir: Path) -> list[int]:
    return [int(row["step"]) for row in read_history(run_dir / "train" / "history.csv")]


@pytest.mark.usefixtures("ctrl_c")
def test_second_ctrl_c_does_not_wait():
    callback = callbacks.WholeSteps()
    callback.on_train_begin()
    callback.on_train_batch_begin(0)
    try:
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    finally:
        callback.close()


def test_nan_ends_the_run_and_the_progress_line_and_is_not_saved(tmp_path, monkeypatch):
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr("sys.stderr", terminal)
    config = clip_config("learning_rate=1e30")
    options = TrainOptions(num_steps=8, save_seconds=0.0, log_steps=1, show_progress=True)
    with pytest.raises(LofiError, match="at step.*learning_rate"):
        train(config, clip_examples(), tmp_path, options)
    assert terminal.getvalue().endswith("]\n")
    model = build_model(config)
    checkpoints.restore_latest(model, tmp_path / "train")
    assert all(np.isfinite(variable.numpy()).all() for variable in model.trainable_variables)


def test_too_few_examples_say_which_batch_size_fits(tmp_path, examples):
    config = small_config(hparams="batch_size=5000")
    with pytest.raises(LofiError, match=f"batch_size={len(examples)}"):
        train(config, examples, tmp_path / "run", OPTIONS)
    assert not (tmp_path / "run").exists()


def test_model_that_cannot_be_built_leaves_no_run_folder(tmp_path, config, examples):
    decoder = {"kind": "lstm", "split": True}
    config = dataclasses.replace(config, model=dataclasses.replace(config.model, decoder=decoder))
    with pytest.raises(LofiError, match="multi_categorical"):
        train(config, examples, tmp_path / "run", OPTIONS)
    assert not (tmp_path / "run").exists()


def test_too_much_memory_suggests_a_batch_size_before_anything_is_built(tmp_path, examples):
    config = small_config(hparams="batch_size=100000000")
    with pytest.raises(LofiError, match=r"GiB.*--hparams=batch_size=\d+"):
        train(config, examples, tmp_path / "run", OPTIONS)
    assert not (tmp_path / "run").exists()


def test_other_model_or_seed_in_a_run_folder_is_refused(tmp_path):
    config, examples = clip_config(), clip_examples()
    train(config, examples, tmp_path, TrainOptions(num_steps=1, show_progress=False))
    with pytest.raises(LofiError, match="other model or data settings"):
        train(clip_config("latent_dim=3"), examples, tmp_path, OPTIONS)
    with pytest.raises(LofiError, match="--seed=0"):
        train(config, examples, tmp_path, TrainOptions(seed=3, show_progress=False))
    said = []
    half = examples.where(np.arange(len(examples)) % 2 == 0)
    train(config, half, tmp_path, OPTIONS, log=said.append)
    assert any("data differs" in line for line in said)
    (tmp_path / "run.yaml").write_text("[")
    with pytest.raises(LofiError, match="run.yaml is not valid YAML"):
        train(config, half, tmp_path, OPTIONS)


def test_file_is_no_run_folder(tmp_path, config, examples):
    (tmp_path / "run").touch()
    with pytest.raises(LofiError, match="needs a folder.*Received: the file"):
        train(config, examples, tmp_path / "run", OPTIONS)


def test_exploding_step_leaves_no_gradient_and_value_clip_bounds():
    model = build_model(small_config(hparams="grad_norm_clip_to_zero=10"))
    clipped, norm = model.clip([tf.constant([6.0, 8.0])])
    assert (float(norm), clipped[0].numpy().tolist()) == (10.0, [0.0, 0.0])
    clipped, _ = model.clip([tf.constant([3.0, 4.0])])
    np.testing.assert_allclose(clipped[0], [0.6, 0.8], rtol=1e-6)
    model = build_model(small_config(hparams="clip_mode=value,grad_clip=5"))
    assert model.clip([tf.constant([6.0, -8.0])])[0][0].numpy().tolist() == [5.0, -5.0]


def test_each_epoch_sees_every_example_once_in_another_order(config, examples):
    from lofi_tf.data.converters.build import build_converter

    converter = build_converter(config.data.converter)
    whole = len(examples)
    batches = training_batches(examples, converter, whole, 32, seed=1, num_steps=2)
    first, second = (batch["targets"].numpy().reshape(whole, -1) for batch in batches)
    assert sorted(map(bytes, first)) == sorted(map(bytes, second))
    assert not np.array_equal(first, second)


def test_note_dropout_is_drawn_anew_each_epoch():
    from lofi_tf.data.converters.build import build_converter

    config = small_config("groovae_2bar_tap_fixed_velocity_note_dropout")
    examples = groove_examples(config).where(np.arange(len(groove_examples(config))) < 4)
    converter = build_converter(config.data.converter)
    batches = list(training_batches(examples, converter, 4, 32, seed=1, num_steps=6))
    rows = {
        batch["inputs"].numpy()[np.argsort([bytes(t) for t in batch["targets"].numpy()])].tobytes()
        for batch in batches
    }
    assert len(rows) == 6


def test_scheduled_sampling_trains_on_outputs_of_its_own(tmp_path, examples, run):
    config = small_config(hparams="learning_rate=0.02,sampling_schedule=constant,sampling_rate=1")
    train(config, examples, tmp_path, TrainOptions(num_steps=1, log_steps=1, show_progress=False))
    assert losses(tmp_path)[1] != losses(run[0])[1]  # teacher-forced


def test_model_without_a_latent_trains_and_is_evaluated(tmp_path, examples):
    config = small_config(hparams="z_size=0")
    train(config, examples, tmp_path, OPTIONS, validation=examples)
    best = yaml.safe_load((tmp_path / "eval" / "best" / "best.yaml").read_text())
    assert best["losses/kl_bits"] == 0
    assert len(losses(tmp_path)) == 8
