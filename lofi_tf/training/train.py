"""Training: a config and examples to a run folder, resumable at any step.

A run folder holds `config.yaml`, `run.yaml` (seed and the data's hash), `train/` (checkpoints,
TensorBoard events, `history.csv`) and `eval/` (the same of the evaluations, the best checkpoint).
"""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf

from lofi_tf.config import Config
from lofi_tf.data.converters.build import build_converter
from lofi_tf.data.storage.dataset import evaluation_batches, training_batches
from lofi_tf.data.storage.examples import Examples
from lofi_tf.errors import LofiError
from lofi_tf.models.build import build_model
from lofi_tf.models.common.latent_model import LatentModel
from lofi_tf.saving import checkpoints
from lofi_tf.training import distribution
from lofi_tf.training.callbacks import History, Progress, Saver, StopOnNaN, WholeSteps
from lofi_tf.training.data import DataOptions
from lofi_tf.training.evaluate import evaluate, write_pictures
from lofi_tf.training.history import ScalarLog
from lofi_tf.training.options import TrainOptions
from lofi_tf.training.run_folder import check_run, write_run
from lofi_tf.training.setup import build, check, check_mixes, log_start, start
from lofi_tf.training.validation import Evaluation, out_of_patience


def train(
    config: Config,
    examples: Examples,
    run_dir: str | Path,
    options: TrainOptions = TrainOptions(),  # noqa: B008 (frozen)
    validation: Examples | None = None,
    log: Callable[[str], None] = lambda line: None,
    on_evaluation: Callable[[int, Mapping[str, float]], None] = lambda step, scalars: None,
    strategy: tf.distribute.Strategy | None = None,
) -> LatentModel:
    """Trains to `num_steps`, from the run's last checkpoint where there is one.

    With `patience` it ends where the validation loss no longer falls.

    With a strategy the batch is dealt out to its replicas; of several machines the chief alone
    writes, speaks and evaluates.

    Args:
        config: of a new run, or of the one that goes on.
        examples: to train on.
        run_dir: the run's folder.
        options: how the run goes.
        validation: examples to evaluate on while training; the best checkpoint is kept.
        log: told what a person should know.
        on_evaluation: told the step and the scalars of each evaluation; what it raises ends the
            run.
        strategy: of `distribution.open_strategy`; None trains in one place.

    Returns:
        The trained model.

    Raises:
        LofiError: too few examples, too little memory, a run folder of another model, NaN loss,
            patience without validation examples, or what a strategy cannot do.
    """
    run_dir, chief = Path(run_dir), distribution.is_chief(strategy)
    check(config, run_dir, options, strategy)
    check_mixes(config, {"train": examples, "validation": validation})
    evaluated = validation is not None and bool(len(validation))
    if options.patience and not evaluated:
        raise LofiError("patience goes by the validation loss: there are no validation examples")
    model, facts = build(config, run_dir, options, strategy)
    options = _with_epochs(options, config, len(examples))
    saver = Saver(model, run_dir / "train", options, writes=chief)
    first_step = start(model, saver, options, config.training.load)
    if why := _ended(run_dir, options, first_step):
        log(f"{run_dir} {why}")
        return model
    if strategy is not None:
        _check_agreement(strategy, config, examples, options, facts, first_step)
    batches = _batches(config, examples, options, first_step, strategy)
    callbacks = [StopOnNaN(first_step)]
    if chief:
        write_run(run_dir, config, examples, facts, log)
        log_start(model, facts, options, first_step, log)
        callbacks.append(History(run_dir / "train", first_step, options.log_steps))
    callbacks.append(WholeSteps() if strategy is None else distribution.StopTogether())
    if chief and options.show_progress:
        callbacks.append(Progress(first_step, options.num_steps))
    if chief and evaluated:
        given = model, config, validation, run_dir, options, first_step, log, on_evaluation
        callbacks.append(_evaluation(*given))
    _fit(model, batches, [*callbacks, saver], options, first_step, strategy)
    return model


def train_on(
    config: Config,
    data: DataOptions,
    run_dir: str | Path,
    options: TrainOptions,
    log: Callable[[str], None],
    strategy: tf.distribute.Strategy | None = None,
) -> LatentModel:
    """Reads the music that a run is to train on, and trains; takes and raises what `train` does.

    What can be refused without the music is refused before it is read.
    """
    check(config, run_dir, options, strategy)
    if options.warm_start or options.frozen:
        build(config, run_dir, options)
    examples, validation = data.splits(config.data.converter, options.show_progress, log)
    return train(config, examples, run_dir, options, validation, log, strategy=strategy)


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


def _ended(run_dir, options, first_step) -> str:
    """Returns why there is nothing left to train, nothing if there is."""
    if first_step >= options.num_steps:
        return f"is already at step {first_step} of {options.num_steps}."
    folder = run_dir / options.eval_dir
    why = out_of_patience(folder, options.eval_steps, options.patience, first_step)
    return why and f"has ended at step {first_step}: {why}. A larger patience lets it go on."


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


def _fit(model, batches, callbacks, options, first_step, strategy) -> None:
    """Runs the steps; when a person stops the run, what has been trained is saved, and told."""
    num_steps = options.num_steps - first_step
    try:
        if strategy is None:
            model.fit(
                batches, verbose=0, callbacks=callbacks, shuffle=False, steps_per_epoch=num_steps
            )
        else:
            end_every = options.eval_steps if options.patience else 0
            distribution.fit(strategy, model, batches, callbacks, num_steps, end_every)
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


def _check_agreement(strategy, config, examples, options, facts, first_step) -> None:
    facts = {
        "--run_dir (the step to go on from)": first_step,
        "--num_steps": options.num_steps,
        "--seed, --freeze, --warm_start": facts,
        "--patience": options.patience,
        "--eval_steps": options.eval_steps,
        "config": config.to_dict(),
        "data": examples.sha1(),
    }
    distribution.check_agreement(strategy, facts)


def _evaluation(
    model, config, validation, run_dir, options, first_step, log, on_evaluation
) -> Evaluation:
    converter = build_converter(config.data.converter)
    size, steps = config.training.batch_size, config.model.max_seq_len
    batches = evaluation_batches(validation, converter, size, steps)
    shown = next(iter(evaluation_batches(validation, converter, model.picture_examples, steps)))
    return Evaluation(
        run_dir,
        options,
        first_step,
        lambda: evaluate(model, batches, options.eval_num_batches, options.show_progress),
        lambda: write_pictures(model, converter, shown),
        log,
        model.rate.plateau,
        on_evaluation,
    )
