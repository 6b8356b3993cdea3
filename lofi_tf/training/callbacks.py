"""What happens beside a training step: progress, logs, checkpoints."""

import math
import signal
import threading
import time
from pathlib import Path

import keras
import tensorflow as tf

from lofi_tf.errors import LofiError
from lofi_tf.interop.plain_names import made_plain
from lofi_tf.progress import open_progress
from lofi_tf.saving import checkpoints
from lofi_tf.training.history import ScalarLog
from lofi_tf.training.options import TrainOptions

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

    def close(self) -> None:
        """Gives back what the callback holds, however the run has ended."""


class Progress(StepCallback):
    """Steps, rate, time left and loss parts on stderr."""

    def __init__(self, first_step: int, num_steps: int):
        super().__init__(first_step)
        self.bar, self.num_steps = None, num_steps

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Starts to count the time."""
        self.bar = open_progress(self.num_steps, "step", self.first_step)

    def on_step(self, step: int, logs: dict[str, float]) -> None:
        shown = {short: f"{logs[name]:.1f}" for name, short in SHOWN.items()}
        self.bar.set_postfix(shown, refresh=False)
        self.bar.update(1)

    def close(self) -> None:
        if self.bar is not None:
            self.bar.close()


class StopOnNaN(StepCallback):
    """Ends a run whose loss or gradients are no longer numbers, before they are saved."""

    def on_step(self, step: int, logs: dict[str, float]) -> None:
        bad = [name for name in ("loss", "global_norm") if not math.isfinite(logs[name])]
        if bad:
            raise LofiError(
                f"{bad[0]} is {logs[bad[0]]} at step {step}: try a lower --hparams=learning_rate. "
                "The last checkpoint is from before"
            )


class History(StepCallback):
    """The scalars of every `log_steps`-th step of training, and of the last one."""

    def __init__(self, folder: Path, first_step: int, log_steps: int):
        super().__init__(first_step)
        self.log, self.log_steps, self.waiting = ScalarLog(folder, first_step), log_steps, None

    def on_step(self, step: int, logs: dict[str, float]) -> None:
        self.waiting = (step, dict(logs))
        if step % self.log_steps == 0:
            self._write()

    def close(self) -> None:
        """Logs the last step, wherever the run has ended."""
        self._write()

    def _write(self):
        if self.waiting is not None:
            self.log.write(*self.waiting)
        self.waiting = None


class WholeSteps(StepCallback):
    """Lets Ctrl-C wait until the step under way is logged: what is saved stands in the history.

    It comes after the callback that logs. A second Ctrl-C does not wait.
    """

    def __init__(self):
        super().__init__()
        self.handlers, self.inside, self.waiting = {}, False, None

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Takes over the handlers of signals; only a main thread has any."""
        if threading.current_thread() is not threading.main_thread():
            return
        for number in (signal.SIGINT, signal.SIGTERM):
            handler = signal.getsignal(number)
            if callable(handler):
                self.handlers[number] = handler
                signal.signal(number, self._hear)

    def on_train_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """From here on signals wait."""
        self.inside = True

    def on_step(self, step: int, logs: dict[str, float]) -> None:
        self.inside = False
        if self.waiting is not None:
            self.handlers[self.waiting](self.waiting, None)

    def close(self) -> None:
        for number, handler in self.handlers.items():
            signal.signal(number, handler)

    def _hear(self, number, frame):
        if self.inside and self.waiting is None:
            self.waiting = number
        else:
            self.handlers[number](number, frame)


class Saver(StepCallback):
    """Checkpoints by time, and at the end.

    Args:
        model: whose weights and optimiser are saved.
        folder: of the checkpoints.
        options: which say when, and how many to keep.
        writes: whether anything is saved: of several machines one writes, all restore.
    """

    def __init__(
        self, model: keras.Model, folder: Path, options: TrainOptions, writes: bool = True
    ):
        super().__init__()
        self.saved, self.options, self.writes, self.saved_step = model, options, writes, None
        self.folder = folder
        self.manager = tf.train.CheckpointManager(
            checkpoints.checkpoint_of(model),
            made_plain(folder),
            max_to_keep=options.checkpoints_to_keep or None,
            keep_checkpoint_every_n_hours=options.keep_checkpoint_every_n_hours or None,
            checkpoint_name="model.ckpt",
        )
        self.last_time = time.monotonic()

    def restore(self) -> int:
        """Restores the latest whole checkpoint if there is any; returns the step it holds, or 0."""
        if checkpoints.latest(self.folder):
            self.first_step = self.saved_step = checkpoints.restore_latest(self.saved, self.folder)
        return self.first_step

    def on_step(self, step: int, logs: dict[str, float]) -> None:
        due = self.options.save_steps and step % self.options.save_steps == 0
        if due or time.monotonic() - self.last_time >= self.options.save_seconds:
            self.save()

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """Saves the last step."""
        self.save()

    def save(self) -> None:
        """Saves a checkpoint named by the step, unless the step is saved or was restored."""
        step = self.saved.steps_trained
        if step != self.saved_step:
            if self.writes:
                self.manager.save(checkpoint_number=step)
            self.saved_step = step
        self.last_time = time.monotonic()
