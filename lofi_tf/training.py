"""Training: a config and examples to a run folder, resumable at any step.

A run folder holds `config.yaml`, `run.yaml` (seed and the data's hash), `train/` (checkpoints,
TensorBoard events, `history.csv`) and `eval/` (the same of the evaluations, the best checkpoint).
"""

import contextlib
import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import psutil
import tensorflow as tf

from lofi_tf import checkpoints, distribution
from lofi_tf.callbacks import (
    Evaluation,
    History,
    Progress,
    Saver,
    StopOnNaN,
    WholeSteps,
)
from lofi_tf.config import Config
from lofi_tf.data.converter import build_converter, depths_of
from lofi_tf.data.dataset import evaluation_batches, mixer_of, training_batches
from lofi_tf.data.examples import Examples
from lofi_tf.errors import LofiError
from lofi_tf.evaluation import evaluate, write_pictures
from lofi_tf.history import ScalarLog
from lofi_tf.models.build import build_model
from lofi_tf.models.latent_model import LatentModel
from lofi_tf.models.memory import largest_batch_size, training_bytes
from lofi_tf.run_folder import check_run, write_run


@dataclasses.dataclass(frozen=True)
class TrainOptions:
    """How a run goes, apart from what the config says.

    Attributes:
        num_steps: the step to end at.
        seed: of weights, order, dropout and latent samples.
        save_seconds: time between checkpoints.
        save_steps: steps between further checkpoints; none if 0.
        log_steps: steps between lines of `history.csv` and TensorBoard's scalars.
        eval_steps: steps between evaluations.
        eval_num_batches: batches of an evaluation; all if not given.
        picture_steps: steps between histograms and reconstructions; `eval_steps` if not given,
            never if 0.
        ckpt_path: checkpoint that a new run goes on from, with its step: a prefix, or a folder of
            checkpoints or of a run.
        checkpoints_to_keep: latest checkpoints to keep.
        keep_checkpoint_every_n_hours: one checkpoint in so many hours is kept besides.
        show_progress: whether to draw a progress line on stderr.
        eval_dir: name of the run's folder for evaluations.
    """

    num_steps: int = 200000
    seed: int = 0
    save_seconds: float = 60.0
    save_steps: int = 0
    log_steps: int = 100
    eval_steps: int = 500
    eval_num_batches: int | None = None
    picture_steps: int | None = None
    ckpt_path: str | None = None
    checkpoints_to_keep: int = 100
    keep_checkpoint_every_n_hours: float = 1.0
    show_progress: bool = True
    eval_dir: str = "eval"


def train(
    config: Config,
    examples: Examples,
    run_dir: str | Path,
    options: TrainOptions = TrainOptions(),  # noqa: B008 (frozen)
    validation: Examples | None = None,
    say: Callable[[str], None] = lambda line: None,
    heard: Callable[[int, Mapping[str, float]], None] = lambda step, scalars: None,
    strategy: tf.distribute.Strategy | None = None,
) -> LatentModel:
    """Trains to `num_steps`, from the run's last checkpoint where there is one.

    With a strategy the batch is dealt out to its replicas; of several machines the chief alone
    writes, speaks and evaluates.

    Args:
        config: of a new run, or of the one that goes on.
        examples: to train on.
        run_dir: the run's folder.
        options: how the run goes.
        validation: examples to evaluate on while training; the best checkpoint is kept.
        say: told what a person should know.
        heard: told the step and the scalars of each evaluation; what it raises ends the run.
        strategy: of `distribution.open_strategy`; None trains in one place.

    Returns:
        The trained model.

    Raises:
        LofiError: too few examples, too little memory, a run folder of another model, NaN loss,
            or what a strategy cannot do.
    """
    run_dir, chief = Path(run_dir), distribution.is_chief(strategy)
    check(config, run_dir, options.seed, strategy)
    _check_mixes(config, {"train": examples, "validation": validation})
    with contextlib.nullcontext() if strategy is None else strategy.scope():
        model = build_model(config, options.seed)
    options = _with_epochs(options, config, len(examples))
    saver = Saver(
        model,
        run_dir / "train",
        options.save_seconds,
        options.checkpoints_to_keep,
        options.keep_checkpoint_every_n_hours,
        options.save_steps,
        writes=chief,
    )
    first_step = saver.restore() or _begun_at(model, options.ckpt_path or config.training.load)
    if first_step >= options.num_steps:
        say(f"{run_dir} is already at step {first_step} of {options.num_steps}.")
        return model
    if strategy is not None:
        _check_agreement(strategy, config, examples, options, first_step)
    batches = _batches(config, examples, options, first_step, strategy)
    callbacks = [StopOnNaN(first_step)]
    if chief:
        write_run(run_dir, config, examples, options.seed, say)
        if first_step:
            say(f"Going on from step {first_step}.")
        callbacks.append(History(run_dir / "train", first_step, options.log_steps))
    callbacks.append(WholeSteps() if strategy is None else distribution.StopTogether())
    if chief and options.show_progress:
        callbacks.append(Progress(first_step, options.num_steps))
    if chief and validation is not None and len(validation):
        found = _evaluation(model, config, validation, run_dir, options, first_step, say)
        callbacks.append(found.telling(heard))
    _fit(model, batches, [*callbacks, saver], options.num_steps - first_step, strategy)
    return model


def check(
    config: Config,
    run_dir: str | Path,
    seed: int | None = None,
    strategy: tf.distribute.Strategy | None = None,
) -> None:
    """Refuses what cannot be trained, as far as that shows before the data is read.

    Raises:
        LofiError: a bad converter, too little memory, what a strategy cannot do, or a folder of
            another run (`check_run`).
    """
    distribution.check_strategy(strategy, config)
    _check_memory(config, build_converter(config.data.converter), strategy)
    check_run(run_dir, config, seed)


def open_run(run_dir: str | Path, config: Config) -> LatentModel:
    """Returns the model of a run's latest whole checkpoint.

    Raises:
        LofiError: no checkpoint there, or one of another config.
    """
    check_run(run_dir, config)
    model = build_model(config)
    checkpoints.restore_latest(model, Path(run_dir) / "train")
    return model


def evaluate_run(
    model: LatentModel,
    config: Config,
    examples: Examples,
    folder: Path,
    num_batches: int | None = None,
) -> dict[str, float]:
    """Returns the scalars of a run's model on examples.

    They are added to those of earlier evaluations in `folder`: a row of `history.csv`, and
    TensorBoard's events.
    """
    size = config.training.batch_size
    if num_batches is not None:
        examples = examples.where(np.arange(len(examples)) < num_batches * size)
    batches = evaluation_batches(
        examples, build_converter(config.data.converter), size, config.model.max_seq_len
    )
    found = {"examples": float(len(examples)), **evaluate(model, batches)}
    step = model.steps_trained
    ScalarLog(folder).write(step, found)
    return {"step": float(step), **found}


def _with_epochs(options: TrainOptions, config: Config, num_examples: int) -> TrainOptions:
    """Returns the options with what the config counts in epochs, in steps.

    Training ends with the config's epochs if that is before `num_steps`.
    """
    settings, changes = config.training, {}

    def steps(epochs: int) -> int:
        return max(1, epochs * num_examples // settings.batch_size)

    if settings.num_epochs:
        changes["num_steps"] = min(options.num_steps, steps(settings.num_epochs))
    if settings.plot_epochs:
        changes["picture_steps"] = steps(settings.plot_epochs)
    if settings.save_epochs:
        changes["save_steps"] = steps(settings.save_epochs)
    return dataclasses.replace(options, **changes)


def _begun_at(model, ckpt_path) -> int:
    """Restores what a new run goes on from; returns its step."""
    if not ckpt_path:
        return 0
    inside = Path(ckpt_path) / "train"
    checkpoints.load_weights(model, inside if inside.is_dir() else ckpt_path)
    return model.steps_trained


def _fit(model, batches, callbacks, num_steps, strategy) -> None:
    """Runs the steps; when a person stops the run, what has been trained is saved, and told."""
    try:
        if strategy is None:
            model.fit(
                batches, verbose=0, callbacks=callbacks, shuffle=False, steps_per_epoch=num_steps
            )
        else:
            distribution.fit(strategy, model, batches, callbacks, num_steps)
    except KeyboardInterrupt:
        saver = callbacks[-1]
        saver.on_train_end()
        raise KeyboardInterrupt(f"stopped at step {saver.saved_step}, saved") from None
    finally:
        for callback in callbacks:
            callback.close()


def _batches(config, examples, options, first_step, strategy):
    size = config.training.batch_size

    def batches(share=None):
        return training_batches(
            examples,
            build_converter(config.data.converter),
            size,
            config.model.max_seq_len,
            options.seed,
            first_step,
            options.num_steps,
            share,
        )

    return batches() if strategy is None else distribution.dealt(strategy, size, batches)


def _check_agreement(strategy, config, examples, options, first_step) -> None:
    facts = {
        "--run_dir (the step to go on from)": first_step,
        "--num_steps": options.num_steps,
        "--seed": options.seed,
        "config": config.to_dict(),
        "data": examples.sha1(),
    }
    distribution.check_agreement(strategy, facts)


def _evaluation(model, config, validation, run_dir, options, first_step, say) -> Evaluation:
    converter = build_converter(config.data.converter)
    size, steps = config.training.batch_size, config.model.max_seq_len
    batches = evaluation_batches(validation, converter, size, steps)
    shown = next(iter(evaluation_batches(validation, converter, model.picture_examples, steps)))
    return Evaluation(
        run_dir / options.eval_dir,
        lambda: evaluate(model, batches, options.eval_num_batches, options.show_progress),
        options.eval_steps,
        options.num_steps,
        first_step,
        say,
        lambda: write_pictures(model, converter, shown),
        options.picture_steps,
        model.rate.plateau,
    )


def _check_mixes(config: Config, splits: Mapping[str, Examples | None]) -> None:
    """Refuses a split that cannot be mixed, before anything is written."""
    converter = build_converter(config.data.converter)
    for name, examples in splits.items():
        try:
            if examples is not None and len(examples):
                mixer_of(examples, converter)
        except LofiError as error:
            raise LofiError(f"the split {name}: {error}") from error


def _check_memory(config, converter, strategy) -> None:
    depths, size = depths_of(converter), config.training.batch_size
    if strategy is not None:  # what one machine takes of a batch
        size = size // strategy.num_replicas_in_sync * len(strategy.extended.worker_devices)
        config = dataclasses.replace(
            config, training=dataclasses.replace(config.training, batch_size=size)
        )
    needed, available = training_bytes(config, depths), psutil.virtual_memory().available
    if needed <= available:
        return
    fits = largest_batch_size(config, depths, available)
    advice = (
        f"use --hparams=batch_size={fits}" if fits else "use smaller enc_rnn_size, dec_rnn_size"
    )
    raise LofiError(
        f"training {config.name} with batch_size {config.training.batch_size} needs about "
        f"{needed / 2**30:.1f} GiB of memory and {available / 2**30:.1f} GiB are free: {advice}"
    )
