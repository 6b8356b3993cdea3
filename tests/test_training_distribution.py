"""Training in several places at once: the numbers are those of one."""

import dataclasses
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from lofi_tf.data.converters.build import build_converter
from lofi_tf.data.storage.dataset import Share, training_batches
from lofi_tf.errors import LofiError
from lofi_tf.models.build import build_model
from lofi_tf.models.common import replicas
from lofi_tf.models.weight_names import named_weights
from lofi_tf.saving import checkpoints
from lofi_tf.training import distribution
from lofi_tf.training import train as training
from lofi_tf.training.history import read_history
from lofi_tf.training.options import TrainOptions
from lofi_tf.training.train import open_run, train
from tests.grooves import SMALL, groove_examples, small_config, write_groove_records
from tests.test_models_adversarial import batch as clips
from tests.test_models_adversarial import config as adversarial_config
from tests.test_models_crossmodal import batch_of as frames
from tests.test_models_crossmodal import config_of as cross_config

# Two places for a strategy; modules are imported before any test computes, when it is still time.
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)
PLAIN = "dropout_keep_prob=1,max_seq_len=8,sampling_rate=0"
COMMAND = [sys.executable, "-c", "import sys; from lofi_tf.cli.train import main; sys.exit(main())"]
OPTIONS = TrainOptions(num_steps=3, log_steps=1, show_progress=False)


@pytest.fixture(scope="module")
def strategy():
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


@pytest.fixture(scope="module")
def examples():
    return groove_examples(small_config())


def scalars(run_dir: Path) -> list[list[float]]:
    rows = read_history(run_dir / "train" / "history.csv")
    return [[float(row[name]) for name in sorted(row)] for row in rows]


def test_two_replicas_learn_as_one(tmp_path, examples, strategy):
    """Gradients far above their bound: it is that of the whole batch."""
    config = small_config(hparams=PLAIN)
    train(config, examples, tmp_path / "one", OPTIONS)
    train(config, examples, tmp_path / "two", OPTIONS, strategy=strategy)
    one, two = (scalars(tmp_path / name) for name in ("one", "two"))
    assert len(one) == 3
    np.testing.assert_allclose(two, one, rtol=1e-4, atol=1e-6)
    models = [open_run(tmp_path / name, config) for name in ("one", "two")]
    for weight, other in zip(*(model.trainable_variables for model in models), strict=True):
        np.testing.assert_allclose(other.numpy(), weight.numpy(), rtol=1e-3, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["discriminator", "batch_normalisation"])
def test_replicas_share_all_of_a_step(strategy, kind):
    """A discriminator that joins in at the second step; moments of the whole batch."""
    config = adversarial_config(adversarial_from_step=1)
    if kind == "batch_normalisation":
        config = cross_config()
    alone = build_model(config)
    batch = clips() if kind == "discriminator" else frames(alone, 4)
    expected = [alone.train_step(batch) for _ in range(2)]
    with strategy.scope():
        model = build_model(config)
    seen = _Seen()
    rows = strategy.distribute_datasets_from_function(
        lambda context: tf.data.Dataset.from_tensor_slices(batch).repeat().batch(2)
    )
    distribution.fit(strategy, model, rows, [seen, distribution.StopTogether()], 2)
    for found, told in zip(seen.logs, expected, strict=True):
        assert found.keys() == told.keys()
        for name in ("loss", "global_norm", "losses/r_loss"):
            assert found[name] == pytest.approx(float(told[name]), rel=1e-3)
    for weight, other in zip(alone.variables, model.variables, strict=True):
        if "moving" in weight.path:
            np.testing.assert_allclose(other.numpy(), weight.numpy(), atol=2e-3)


class _Seen(distribution.StepCallback):
    def __init__(self):
        super().__init__()
        self.logs = []

    def on_step(self, step, logs):
        self.logs.append(dict(logs))


def test_rows_draw_the_same_however_many_replicas_share_them(strategy):
    def draw(count):
        return tf.random.stateless_normal([count, 3], [1, 2])

    parts = strategy.run(tf.function(lambda: replicas.own_rows(draw, 2)))
    found = tf.concat(strategy.experimental_local_results(parts), axis=0)
    np.testing.assert_array_equal(found, draw(4))
    seeds = strategy.run(tf.function(lambda: replicas.own_seed(tf.constant([1, 2]))))
    first, second = strategy.experimental_local_results(seeds)
    assert first.numpy().tolist() != second.numpy().tolist()


def test_shares_of_a_batch_are_its_rows(examples):
    config = small_config()
    converter = build_converter(config.data.converter)

    def batches(share=None):
        found = training_batches(examples, converter, 6, 8, 1, 2, 4, share)
        return [batch["inputs"].numpy() for batch in found]

    whole = batches()
    assert len(whole) == 2
    upper, lower = batches(Share(0, 4, 2)), batches(Share(4, 2))
    assert len(upper) == 4  # two pieces of each
    for number, rows in enumerate(whole):
        parts = [*upper[2 * number : 2 * number + 2], lower[number]]
        np.testing.assert_array_equal(np.concatenate(parts), rows)


def test_a_batch_that_cannot_be_dealt_out_is_refused(tmp_path, examples, strategy):
    with pytest.raises(LofiError, match="multiple of the 2 replicas.* 4 or 6. Received: 5"):
        train(small_config(hparams="batch_size=5"), examples, tmp_path, strategy=strategy)
    assert not list(tmp_path.iterdir())


def test_patience_ends_the_run_and_frozen_parts_stay(tmp_path, examples, strategy, monkeypatch):
    config, losses = small_config(hparams=PLAIN), iter([3.0, 2.0, 2.5, 2.5])
    parts = {"losses/r_loss": 0.0, "losses/kl_bits": 0.0}
    monkeypatch.setattr(training, "evaluate", lambda *args: {"loss": next(losses), **parts})
    options = dataclasses.replace(
        OPTIONS, num_steps=9, eval_steps=1, patience=2, frozen=("encoder",), picture_steps=0
    )
    model = train(config, examples, tmp_path, options, examples, strategy=strategy)
    assert model.steps_trained == len(scalars(tmp_path)) == 3
    drawn = build_model(config)
    for name, weight in named_weights(drawn).items():
        same = np.array_equal(weight.numpy(), named_weights(model)[name].numpy())
        assert same == name.startswith("encoder/"), name


@pytest.mark.slow
def test_ctrl_c_ends_the_run_after_a_whole_step(tmp_path, examples, strategy, monkeypatch):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    class Stop(distribution.StopTogether):
        def on_step(self, step, logs):
            if step == 1:
                signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(distribution, "StopTogether", Stop)
    try:
        with pytest.raises(KeyboardInterrupt, match="stopped at step 2, saved"):
            train(small_config(hparams=PLAIN), examples, tmp_path, OPTIONS, strategy=strategy)
    finally:
        signal.signal(signal.SIGINT, before)
    assert checkpoints.latest(tmp_path / "train").endswith("model.ckpt-2")
    assert len(scalars(tmp_path)) == 2


def start(flags: list[str], addresses: list[str], index: int) -> subprocess.Popen:
    task = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
    environment = {**os.environ, "TF_CONFIG": json.dumps(task)}
    command = [*COMMAND, "--strategy=multiworker", *flags]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True)


def free_addresses() -> list[str]:
    with socket.socket() as one, socket.socket() as other:
        for taken in (one, other):
            taken.bind(("localhost", 0))
        return [f"localhost:{taken.getsockname()[1]}" for taken in (one, other)]


@pytest.mark.slow
def test_two_processes_learn_as_one_and_go_on(tmp_path):
    """The second call goes on from the first one's checkpoint, on both."""
    records = write_groove_records(tmp_path / "grooves.tfrecord")
    hparams = f"enc_rnn_size=[8],dec_rnn_size=[8,8],z_size=4,batch_size=4,{PLAIN}"
    flags = [
        "--config=groovae_2bar_humanize", f"--hparams={hparams}", f"--examples_path={records}",
        "--log_steps=1", "--num_workers=1", "--eval_steps=10",
    ]  # fmt: skip
    for num_steps in (10, 20):
        addresses = free_addresses()
        more = [*flags, f"--run_dir={tmp_path / 'two'}", f"--num_steps={num_steps}"]
        workers = [start(more, addresses, index) for index in range(2)]
        said = [worker.communicate(timeout=600) for worker in workers]
        assert [worker.returncode for worker in workers] == [0, 0], said
        assert "validation loss" in said[0][1]
        assert said[1] == ("", "")
    command = [*COMMAND, *flags, "--num_steps=20", f"--run_dir={tmp_path / 'one'}"]
    subprocess.run(command, check=True, capture_output=True)
    one, two = (scalars(tmp_path / name) for name in ("one", "two"))
    assert len(one) == 20
    np.testing.assert_allclose(two, one, rtol=1e-4, atol=1e-6)
    names = [{path.name for path in tmp_path.glob(f"{run}/*/model*")} for run in ("one", "two")]
    assert names[1] == names[0] | {name.replace("-20", "-10") for name in names[0]}


@pytest.mark.slow
def test_two_processes_end_together_where_nothing_gets_better(tmp_path):
    """Without a learning rate the start stays the best."""
    records, run = write_groove_records(tmp_path / "grooves.tfrecord"), tmp_path / "run"
    hparams = f"{SMALL},{PLAIN},learning_rate=0,min_learning_rate=0"
    flags = [
        "--config=groovae_2bar_humanize", f"--hparams={hparams}", f"--examples_path={records}",
        "--num_workers=1", "--eval_steps=2", "--patience=2", f"--run_dir={run}", "--num_steps=9",
    ]  # fmt: skip
    for line in ("step 4: no better in the last 2 evaluations", "has ended at step 4"):
        addresses = free_addresses()
        workers = [start(flags, addresses, index) for index in range(2)]
        said = [worker.communicate(timeout=600) for worker in workers]
        assert [worker.returncode for worker in workers] == [0, 0], said
        assert line in said[0][1]
        assert checkpoints.latest(run / "train").endswith("model.ckpt-4")
