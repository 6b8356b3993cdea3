"""What happens beside a training step: progress, logs, checkpoints, evaluation."""

import csv
import math
import os
import time
from collections.abc import Callable
from pathlib import Path

import keras
import tensorflow as tf
import yaml
from tqdm import tqdm

from lofi_tf import checkpoints
from lofi_tf.data.tfrecord import whole_file
from lofi_tf.errors import LofiError

HISTORY = "history.csv"
SHOWN = {"loss": "loss", "losses/r_loss": "r", "losses/kl_bits": "kl_bits"}


class StepCallback(keras.callbacks.Callback):
    """A callback told of the step that has just been trained, counted over the whole run."""

    def __init__(self, first_step: int = 0):
        super().__init__()
        self.first_step = first_step

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Passes on to `on_step` with the number of steps trained so far."""
        self.on_step(self.first_step + batch + 1, logs or {})

    def on_step(self, step: int, logs: dict[str, float]) -> None:
        """Does what the callback is for; `step` is 1 after the first step."""
        raise NotImplementedError


class Progress(StepCallback):
    """A line on stderr: steps, rate, time left, loss parts."""

    def __init__(self, first_step: int, num_steps: int):
        super().__init__(first_step)
        interactive = os.isatty(2)
        self.bar = tqdm(
            total=num_steps,
            initial=first_step,
            unit="step",
            dynamic_ncols=interactive,
            mininterval=0.5 if interactive else 30.0,
            smoothing=0.05,
        )

    def on_step(self, step: int, logs: dict[str, float]) -> None:
        """Moves the line on."""
        shown = {short: f"{logs[name]:.1f}" for name, short in SHOWN.items()}
        self.bar.set_postfix(shown, refresh=False)
        self.bar.update(1)

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """Draws the last line."""
        self.bar.close()


class StopOnNaN(StepCallback):
    """Ends a run whose loss or gradients are no longer numbers, before they are saved."""

    def on_step(self, step: int, logs: dict[str, float]) -> None:
        """Raises LofiError where there is no going on."""
        bad = [name for name in ("loss", "global_norm") if not math.isfinite(logs[name])]
        if bad:
            raise LofiError(
                f"{bad[0]} is {logs[bad[0]]} at step {step}: try a lower --hparams=learning_rate. "
                "The last checkpoint is from before"
            )


class History(StepCallback):
    """Scalars at intervals, to TensorBoard and to `history.csv`.

    Args:
        folder: where both go.
        first_step: the step that the run goes on from; later lines of an earlier try are dropped.
        log_steps: steps between lines.
    """

    def __init__(self, folder: Path, first_step: int, log_steps: int):
        super().__init__(first_step)
        self.path, self.log_steps = Path(folder) / HISTORY, log_steps
        self.rows = [row for row in read_history(self.path) if int(row["step"]) <= first_step]
        self.written = 0
        self.writer = tf.summary.create_file_writer(str(folder))

    def on_step(self, step: int, logs: dict[str, float]) -> None:
        """Keeps the scalars of every `log_steps`-th step."""
        if step % self.log_steps:
            return
        if not self.written:
            self._rewrite(logs)
        with open(self.path, "a", newline="", encoding="utf-8") as file:
            csv.writer(file).writerow([step, *(f"{value:.9g}" for value in logs.values())])
        write_scalars(self.writer, logs, step)
        self.written += 1

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """Flushes TensorBoard's file."""
        self.writer.close()

    def _rewrite(self, logs):
        with whole_file(self.path) as file:
            lines = [["step", *logs], *([row[name] for name in row] for row in self.rows)]
            file.write("".join(",".join(map(str, line)) + "\n" for line in lines).encode())


class Saver(StepCallback):
    """Checkpoints by time, and at the end.

    Args:
        model: whose weights and optimiser are saved.
        folder: of the checkpoints.
        save_seconds: time between checkpoints.
        keep: latest checkpoints to keep.
        keep_hours: one checkpoint in so many hours is kept besides.
    """

    def __init__(
        self, model: keras.Model, folder: Path, save_seconds: float, keep: int, keep_hours: float
    ):
        super().__init__()
        self.saved, self.save_seconds = model, save_seconds
        self.manager = tf.train.CheckpointManager(
            checkpoints.checkpoint_of(model),
            str(folder),
            max_to_keep=keep or None,
            keep_checkpoint_every_n_hours=keep_hours or None,
            checkpoint_name="model.ckpt",
        )
        self.last_time = time.monotonic()

    def restore(self) -> int:
        """Restores the latest checkpoint if there is one; returns the step it holds, or 0."""
        prefix = self.manager.latest_checkpoint
        self.first_step = checkpoints.restore(self.saved, prefix) if prefix else 0
        return self.first_step

    def on_step(self, step: int, logs: dict[str, float]) -> None:
        """Saves when it is time."""
        if time.monotonic() - self.last_time >= self.save_seconds:
            self.save()

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """Saves the last step."""
        self.save()

    def save(self) -> None:
        """Saves a checkpoint named by the step, unless it is there."""
        step = int(self.saved.optimizer.iterations)
        latest = self.manager.latest_checkpoint
        if not latest or not latest.endswith(f"-{step}"):
            self.manager.save(checkpoint_number=step)
        self.last_time = time.monotonic()


class Evaluation(StepCallback):
    """The loss on held-out examples at intervals; the best checkpoint is kept.

    Args:
        folder: for TensorBoard's events and, in `best/`, the checkpoint.
        evaluate: returns the scalars of the model as it stands.
        every: steps between evaluations.
        num_steps: the run's last step, which is evaluated too.
        first_step: the step that the run goes on from.
        say: told each result.
        picture: writes histograms and reconstructions to TensorBoard at a step.
    """

    def __init__(
        self,
        folder: Path,
        evaluate: Callable[[], dict[str, float]],
        every: int,
        num_steps: int,
        first_step: int,
        say: Callable[[str], None],
        picture: Callable[[int], None],
    ):
        super().__init__(first_step)
        self.evaluate, self.every, self.num_steps = evaluate, every, num_steps
        self.say, self.picture = say, picture
        self.best_file = Path(folder) / "best" / "best.yaml"
        self.writer = tf.summary.create_file_writer(str(folder))
        self.best = self._read_best()

    def on_step(self, step: int, logs: dict[str, float]) -> None:
        """Evaluates when it is time."""
        if step % self.every and step != self.num_steps:
            return
        found = self.evaluate()
        write_scalars(self.writer, found, step)
        with self.writer.as_default(step=step):
            self.picture(step)
        better = found["loss"] < self.best
        note = " (best so far)" if better else ""
        self.say(
            f"step {step}: validation loss {found['loss']:.2f}, "
            f"reconstruction {found['losses/r_loss']:.2f}, KL {found['losses/kl_bits']:.1f} bits"
            + note
        )
        if better:
            self._keep(step, found)

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """Flushes TensorBoard's file."""
        self.writer.close()

    def _read_best(self) -> float:
        if not self.best_file.is_file():
            return math.inf
        return yaml.safe_load(self.best_file.read_text(encoding="utf-8"))["loss"]

    def _keep(self, step, found):
        self.best = found["loss"]
        checkpoint = checkpoints.checkpoint_of(self.model)
        manager = tf.train.CheckpointManager(
            checkpoint, str(self.best_file.parent), max_to_keep=1, checkpoint_name="model.ckpt"
        )
        manager.save(checkpoint_number=step)
        with whole_file(self.best_file) as file:
            file.write(yaml.safe_dump({"step": step, **found}, sort_keys=False).encode())


def write_scalars(writer: tf.summary.SummaryWriter, scalars: dict[str, float], step: int) -> None:
    """Writes scalars to TensorBoard."""
    with writer.as_default(step=step):
        for name, value in scalars.items():
            tf.summary.scalar(name, value)
    writer.flush()


def read_history(path: str | Path) -> list[dict[str, str]]:
    """Returns the lines of a `history.csv`, none if there is no such file."""
    if not Path(path).is_file():
        return []
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
