"""Evaluation while a model is trained: the curve, and the best checkpoint."""

import math
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import tensorflow as tf

from lofi_tf.files import read_yaml, write_yaml
from lofi_tf.interop.plain_names import made_plain
from lofi_tf.models.common.plateau import Plateau
from lofi_tf.saving import checkpoints
from lofi_tf.training.callbacks import StepCallback
from lofi_tf.training.history import HISTORY, ScalarLog, read_history
from lofi_tf.training.options import TrainOptions


class Best(NamedTuple):
    """The lowest validation loss of a run, and its step."""

    step: int
    loss: float


NONE_YET = Best(0, math.inf)


def read_best(folder: Path, first_step: int) -> Best:
    """Returns the best of a run's folder of evaluations; none counts for a run that begins."""
    path = Path(folder) / "best" / "best.yaml"
    if first_step == 0 or not path.is_file():
        return NONE_YET
    found = read_yaml(path)
    return Best(found["step"], found["loss"])


def out_of_patience(folder: Path, every: int, patience: int, first_step: int) -> str:
    """Returns why a run that goes on from a step has ended already, nothing where it has not."""
    best = read_best(folder, first_step)
    rows = read_history(Path(folder) / HISTORY)
    steps = [step for row in rows if (step := int(row["step"])) <= first_step]
    if not patience or best is NONE_YET or _number_since(best, steps, every) < patience:
        return ""
    return _reason(best, patience)


def _number_since(best: Best, steps: Iterable[int], every: int) -> int:
    """Returns the evaluations since the best; those that are not due by `every` do not count."""
    return sum(step > best.step and step % every == 0 for step in set(steps))


def _reason(best: Best, patience: int) -> str:
    evaluations = "evaluation" if patience == 1 else f"{patience} evaluations"
    return (
        f"no better in the last {evaluations}; the best is step {best.step}, loss {best.loss:.2f}"
    )


class Evaluation(StepCallback):
    """The loss on held-out examples at intervals and at a run's start; the best is kept.

    Args:
        run_dir: the run's folder; `history.csv` and TensorBoard's events go into its
            `options.eval_dir`, the checkpoint into `best/` in there.
        options: which say when, and when the run ends.
        first_step: the step that the run goes on from.
        evaluate: returns the scalars of the model as it stands.
        picture: writes histograms and reconstructions to TensorBoard's default writer.
        log: told each result.
        plateau: told the loss of each evaluation that is due by `options.eval_steps`.
        on_evaluation: told the step and the scalars of each evaluation.
    """

    def __init__(
        self,
        run_dir: Path,
        options: TrainOptions,
        first_step: int,
        evaluate: Callable[[], dict[str, float]],
        picture: Callable[[], None],
        log: Callable[[str], None],
        plateau: Plateau | None,
        on_evaluation: Callable[[int, Mapping[str, float]], None],
    ):
        super().__init__(first_step)
        self.evaluate, self.picture, self.log, self.options = evaluate, picture, log, options
        self.picture_every = options.picture_steps
        if options.picture_steps is None:
            self.picture_every = options.eval_steps
        self.plateau, self.on_evaluation = plateau, on_evaluation
        folder = run_dir / options.eval_dir
        self.best_folder = folder / "best"
        self.scalars, self.best = ScalarLog(folder, first_step), read_best(folder, first_step)
        self.steps = {int(row["step"]) for row in self.scalars.rows}

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Evaluates the model of a new run before its first step.

        A step that was saved while it was evaluated is evaluated again.
        """
        if self.first_step == 0:
            self._keep_best(0, self._evaluate(0))
            if self.picture_every:
                self._picture(0)
        elif self.first_step not in self.steps:
            self.on_step(self.first_step, {})

    def on_step(self, step: int, logs: dict[str, float]) -> None:
        """Evaluates and draws when it is time."""
        every, patience = self.options.eval_steps, self.options.patience
        due, last = step % every == 0, step == self.options.num_steps
        if due or last:
            found = self._evaluate(step)
            self._keep_best(step, found)
            if due and self.plateau and self.plateau.update(step, found["loss"]):
                self.log(f"step {step}: the learning rate is scaled by {self.plateau.factor:g}")
            self.on_evaluation(step, found)
            if patience and _number_since(self.best, self.steps, every) >= patience:
                self.log(f"step {step}: {_reason(self.best, patience)}. The training ends.")
                self.model.stop_training = True
        if self.picture_every and (step % self.picture_every == 0 or last):
            self._picture(step)

    def _picture(self, step: int) -> None:
        with self.scalars.writer.as_default(step=step):
            self.picture()
        self.scalars.writer.flush()

    def _evaluate(self, step: int) -> dict[str, float]:
        found = self.evaluate()
        self.scalars.write(step, found)
        self.steps.add(step)
        self.log(
            f"step {step}: validation loss {found['loss']:.2f}, reconstruction "
            f"{found['losses/r_loss']:.2f}, KL {found['losses/kl_bits']:.1f} bits"
            + (" (best so far)" if found["loss"] < self.best.loss and step else "")
        )
        return found

    def _keep_best(self, step, found):
        if not found["loss"] < self.best.loss:
            return
        self.best = Best(step, found["loss"])
        checkpoint = checkpoints.checkpoint_of(self.model)
        manager = tf.train.CheckpointManager(
            checkpoint, made_plain(self.best_folder), max_to_keep=1, checkpoint_name="model.ckpt"
        )
        manager.save(checkpoint_number=step)
        write_yaml(self.best_folder / "best.yaml", {"step": step, **found})
