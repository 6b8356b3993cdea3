"""Training: a config and examples to a run folder, resumable at any step.

A run folder holds `config.yaml`, `run.yaml` (seed and the data's hash), `train/` (checkpoints,
TensorBoard events, `history.csv`) and `eval/` (events and the best checkpoint).
"""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import psutil
import yaml

from lofi_tf import checkpoints
from lofi_tf.callbacks import Evaluation, History, Progress, Saver, ScalarLog, StopOnNaN
from lofi_tf.config import Config, load_config
from lofi_tf.data.converter import build_converter, depths_of
from lofi_tf.data.dataset import evaluation_batches, training_batches
from lofi_tf.data.examples import Examples
from lofi_tf.data.tfrecord import whole_file
from lofi_tf.errors import LofiError
from lofi_tf.evaluation import evaluate, write_pictures
from lofi_tf.models.memory import largest_batch_size, training_bytes
from lofi_tf.models.vae import MusicVAE, build_model


@dataclasses.dataclass(frozen=True)
class TrainOptions:
    """How a run goes, apart from what the config says.

    Attributes:
        num_steps: the step to end at.
        seed: of weights, order, dropout and latent samples.
        save_seconds: time between checkpoints.
        log_steps: steps between lines of `history.csv` and TensorBoard's scalars.
        eval_steps: steps between evaluations.
        eval_num_batches: batches of an evaluation; all if not given.
        picture_steps: steps between histograms and reconstructions; `eval_steps` if not given.
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
) -> MusicVAE:
    """Trains to `num_steps`, from the run's last checkpoint where there is one.

    Args:
        config: of a new run, or of the one that goes on.
        examples: to train on.
        run_dir: the run's folder.
        options: how the run goes.
        validation: examples to evaluate on while training; the best checkpoint is kept.
        say: told what a person should know.

    Returns:
        The trained model.

    Raises:
        LofiError: too few examples, too little memory, a run folder of another model, NaN loss.
    """
    run_dir = Path(run_dir)
    converter = build_converter(config.data.converter)
    _check_memory(config, converter)
    _open_run(run_dir, config, examples, options.seed, say)
    model = build_model(config, options.seed)
    saver = Saver(
        model,
        run_dir / "train",
        options.save_seconds,
        options.checkpoints_to_keep,
        options.keep_checkpoint_every_n_hours,
    )
    first_step = saver.restore() or _begun_at(model, options.ckpt_path)
    if first_step >= options.num_steps:
        say(f"{run_dir} is already at step {first_step} of {options.num_steps}.")
        return model
    if first_step:
        say(f"Going on from step {first_step}.")
    callbacks = [StopOnNaN(first_step), History(run_dir / "train", first_step, options.log_steps)]
    if options.show_progress:
        callbacks.append(Progress(first_step, options.num_steps))
    if validation is not None and len(validation):
        callbacks.append(
            _evaluation(model, converter, validation, run_dir, options, first_step, say)
        )
    batches = training_batches(
        examples,
        converter,
        config.training.batch_size,
        config.model.max_seq_len,
        options.seed,
        first_step,
        options.num_steps,
    )
    _fit(model, batches, [*callbacks, saver], options.num_steps - first_step)
    return model


def evaluate_run(
    run_dir: str | Path,
    config: Config,
    examples: Examples,
    num_batches: int | None = None,
    eval_dir: str = "eval",
) -> dict[str, float]:
    """Returns the scalars of a run's latest checkpoint on examples, and logs them to TensorBoard.

    Raises:
        LofiError: no checkpoint there.
    """
    run_dir = Path(run_dir)
    converter = build_converter(config.data.converter)
    model = build_model(config)
    step = checkpoints.restore_latest(model, run_dir / "train")
    batches = evaluation_batches(
        examples, converter, config.training.batch_size, config.model.max_seq_len
    )
    found = evaluate(model, batches, num_batches)
    ScalarLog(run_dir / eval_dir, step).write(step, found)
    return {"step": float(step), "examples": float(len(examples)), **found}


def seed_of_run(run_dir: str | Path) -> int | None:
    """Returns the seed that a run began with, None if there is no run yet."""
    path = Path(run_dir) / "run.yaml"
    return yaml.safe_load(path.read_text(encoding="utf-8"))["seed"] if path.is_file() else None


def _begun_at(model, ckpt_path) -> int:
    """Restores what a new run goes on from; returns its step."""
    if ckpt_path is None:
        return 0
    inside = Path(ckpt_path) / "train"
    checkpoints.load_weights(model, inside if inside.is_dir() else ckpt_path)
    return int(model.optimizer.iterations)


def _fit(model, batches, callbacks, num_steps) -> None:
    """Runs the steps; what has been trained is saved when a person stops the run."""
    try:
        model.fit(batches, verbose=0, callbacks=callbacks, shuffle=False, steps_per_epoch=num_steps)
    except KeyboardInterrupt:
        for callback in reversed(callbacks):  # the saver first
            callback.on_train_end()
        raise


def _evaluation(model, converter, validation, run_dir, options, first_step, say) -> Evaluation:
    size, steps = model.training_settings.batch_size, model.settings.max_seq_len
    batches = evaluation_batches(validation, converter, size, steps)
    shown = next(iter(evaluation_batches(validation, converter, 3, steps)))
    return Evaluation(
        run_dir / options.eval_dir,
        lambda: evaluate(model, batches, options.eval_num_batches),
        options.eval_steps,
        options.num_steps,
        first_step,
        say,
        lambda: write_pictures(model, converter, shown),
        options.picture_steps,
        model.rate.plateau,
    )


def _check_memory(config, converter) -> None:
    depths = depths_of(converter)
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


def _open_run(run_dir, config, examples, seed, say) -> None:
    """Writes the run's settings, or holds them against those it began with."""
    facts = {"seed": seed, "examples": len(examples), "data_sha1": examples.sha1()}
    say(f"{len(examples)} training examples, sha1 {facts['data_sha1']}.")
    if (run_dir / "config.yaml").is_file() and checkpoints.latest(run_dir / "train"):
        _compare(run_dir, config, facts, say)
    for name, values in (("config.yaml", config.to_dict()), ("run.yaml", facts)):
        with whole_file(run_dir / name) as file:
            file.write(yaml.safe_dump(values, sort_keys=False).encode())


def _compare(run_dir, config, facts, say) -> None:
    begun = load_config(run_dir)
    if (begun.model, begun.data) != (config.model, config.data):
        raise LofiError(
            f"{run_dir} holds a run of {begun.name} with other model or data settings: give "
            "another --run_dir, or the settings it began with"
        )
    if begun.training != config.training:
        say("The training settings differ from those the run began with.")
    before = yaml.safe_load((run_dir / "run.yaml").read_text(encoding="utf-8"))
    if before["seed"] != facts["seed"]:
        raise LofiError(f"the run began with --seed={before['seed']}. Received: {facts['seed']}")
    if before["data_sha1"] != facts["data_sha1"]:
        say(f"The data differs from what the run began with (sha1 {before['data_sha1']}).")
