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
from lofi_tf.plateau import Plateau

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


class ScalarLog:
    """Scalars by step, to TensorBoard and to `history.csv` in the same folder.

    Args:
        folder: where both go.
        first_step: the step that the run goes on from; later lines of an earlier try are dropped.
            All are kept if not given.
    """

    def __init__(self, folder: Path, first_step: float = math.inf):
        self.path = Path(folder) / HISTORY
        self.rows = [row for row in read_history(self.path) if int(row["step"]) <= first_step]
        self.begun = False
        self.writer = tf.summary.create_file_writer(str(folder))

    def write(self, step: int, scalars: dict[str, float]) -> None:
        """Adds a line."""
        if not self.begun:
            self._rewrite(scalars)
        with open(self.path, "a", newline="", encoding="utf-8") as file:
            csv.writer(file).writerow([step, *(f"{value:.9g}" for value in scalars.values())])
        with self.writer.as_default(step=step):
            for name, value in scalars.items():
                tf.summary.scalar(name, value)
        self.writer.flush()

    def _rewrite(self, scalars):
        with whole_file(self.path) as file:
            lines = [["step", *scalars], *([row[name] for name in row] for row in self.rows)]
            file.write("".join(",".join(map(str, line)) + "\n" for line in lines).encode())
        self.begun = True


class History(StepCallback):
    """The scalars of every `log_steps`-th step of training."""

    def __init__(self, folder: Path, first_step: int, log_steps: int):
        super().__init__(first_step)
        self.log, self.log_steps = ScalarLog(folder, first_step), log_steps

    def on_step(self, step: int, logs: dict[str, float]) -> None:
        """Logs when it is time."""
        if step % self.log_steps == 0:
            self.log.write(step, logs)


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
        self.saved, self.save_seconds, self.saved_step = model, save_seconds, None
        self.manager = tf.train.CheckpointManager(
            checkpoints.checkpoint_of(model),
            str(folder),
            max_to_keep=keep or None,
            keep_checkpoint_every_n_hours=keep_hours or None,
            checkpoint_name="model.ckpt",
        )
        self.last_time = time.monotonic()

    def restore(self) -> int:
        """Restores the latest whole checkpoint if there is any; returns the step it holds, or 0."""
        folder = self.manager.directory
        if checkpoints.latest(folder):
            self.first_step = self.saved_step = checkpoints.restore_latest(self.saved, folder)
        return self.first_step

    def on_step(self, step: int, logs: dict[str, float]) -> None:
        """Saves when it is time."""
        if time.monotonic() - self.last_time >= self.save_seconds:
            self.save()

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """Saves the last step."""
        self.save()

    def save(self) -> None:
        """Saves a checkpoint named by the step, unless the step is saved or was restored."""
        step = int(self.saved.optimizer.iterations)
        if step != self.saved_step:
            self.manager.save(checkpoint_number=step)
            self.saved_step = step
        self.last_time = time.monotonic()


class Evaluation(StepCallback):
    """The loss on held-out examples at intervals and at a run's start; the best is kept.

    Args:
        folder: for `history.csv`, TensorBoard's events and, in `best/`, the checkpoint.
        evaluate: returns the scalars of the model as it stands.
        every: steps between evaluations.
        num_steps: the run's last step, which is evaluated too.
        first_step: the step that the run goes on from.
        say: told each result.
        picture: writes histograms and reconstructions to TensorBoard's default writer.
        picture_every: steps between pictures; with each evaluation if not given.
        plateau: told the loss of each evaluation that is due by `every`.
    """

    def __init__(
        self,
        folder: Path,
        evaluate: Callable[[], dict[str, float]],
        every: int,
        num_steps: int,
        first_step: int,
        say: Callable[[str], None],
        picture: Callable[[], None],
        picture_every: int | None = None,
        plateau: Plateau | None = None,
    ):
        super().__init__(first_step)
        self.evaluate, self.every, self.num_steps = evaluate, every, num_steps
        self.say, self.picture, self.picture_every = say, picture, picture_every or every
        self.plateau = plateau
        self.best_file = Path(folder) / "best" / "best.yaml"
        self.log = ScalarLog(folder, first_step)
        self.best = self._read_best()

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Evaluates the model of a new run before its first step.

        A step that was saved while it was evaluated is evaluated again.
        """
        known = any(int(row["step"]) == self.first_step for row in self.log.rows)
        if self.first_step == 0:
            self._evaluate(0)
            self._picture(0)
        elif not known:
            self.on_step(self.first_step, {})

    def on_step(self, step: int, logs: dict[str, float]) -> None:
        """Evaluates and draws when it is time."""
        due = step % self.every == 0
        if due or step == self.num_steps:
            found = self._evaluate(step)
            if found["loss"] < self.best:
                self._keep(step, found)
            if due and self.plateau and self.plateau.hear(step, found["loss"]):
                self.say(f"step {step}: the learning rate is scaled by {self.plateau.factor:g}")
        if step % self.picture_every == 0 or step == self.num_steps:
            self._picture(step)

    def _picture(self, step: int) -> None:
        with self.log.writer.as_default(step=step):
            self.picture()
        self.log.writer.flush()

    def _evaluate(self, step: int) -> dict[str, float]:
        found = self.evaluate()
        self.log.write(step, found)
        self.say(
            f"step {step}: validation loss {found['loss']:.2f}, reconstruction "
            f"{found['losses/r_loss']:.2f}, KL {found['losses/kl_bits']:.1f} bits"
            + (" (best so far)" if found["loss"] < self.best and step else "")
        )
        return found

    def _read_best(self) -> float:
        if self.first_step == 0 or not self.best_file.is_file():
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


def read_history(path: str | Path) -> list[dict[str, str]]:
    """Returns the lines of a `history.csv`, none if there is no such file."""
    if not Path(path).is_file():
        return []
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
