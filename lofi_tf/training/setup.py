"""Where a run begins: its options, what is refused, its model, and the step that it starts from."""

import contextlib
import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psutil
import tensorflow as tf

from lofi_tf.config import Config
from lofi_tf.data.converters.build import build_converter
from lofi_tf.data.storage.dataset import mixer_of
from lofi_tf.data.storage.examples import Examples
from lofi_tf.errors import LofiError, naming
from lofi_tf.models.build import build_model
from lofi_tf.models.common.latent_model import LatentModel
from lofi_tf.models.memory import largest_batch_size, training_bytes
from lofi_tf.models.weight_names import counts, freeze
from lofi_tf.saving import checkpoints
from lofi_tf.training import distribution
from lofi_tf.training.callbacks import Saver
from lofi_tf.training.options import TrainOptions
from lofi_tf.training.run_folder import check_run, run_facts
from lofi_tf.training.warm_start import read_weights, set_weights


def check(
    config: Config,
    run_dir: str | Path,
    options: TrainOptions,
    strategy: tf.distribute.Strategy | None = None,
) -> None:
    """Refuses what cannot be trained, as far as that shows before the data is read.

    Raises:
        LofiError: a bad converter, too little memory, what a strategy cannot do, a folder of
            another run (`check_run`), or two models to begin with.
    """
    if options.warm_start and options.ckpt_path:
        raise LofiError("give warm_start or ckpt_path, one of the two")
    distribution.check_strategy(strategy, config)
    _check_memory(config, build_converter(config.data.converter), strategy)
    check_run(run_dir, config, options.seed, options.frozen)


def check_mixes(config: Config, splits: Mapping[str, Examples | None]) -> None:
    """Refuses a split that cannot be mixed, before anything is written."""
    converter = build_converter(config.data.converter)
    for name, examples in splits.items():
        if examples is not None and len(examples):
            with naming(f"the split {name}"):
                mixer_of(examples, converter)


def build(
    config: Config,
    run_dir: str | Path,
    options: TrainOptions,
    strategy: tf.distribute.Strategy | None = None,
) -> tuple[LatentModel, dict[str, Any]]:
    """Builds the model that a run trains, with its frozen parts and the weights of a warm start.

    A run that has a checkpoint of its own does not get those weights again.

    Returns:
        The model, and what `run.yaml` is to keep of all that: `seed`, `frozen`, `warm_start`.

    Raises:
        LofiError: an unknown part to freeze, or a model to begin with that is not there or does not
            fit.
    """
    before, weights = run_facts(run_dir), None
    facts: dict[str, Any] = {"seed": options.seed}
    frozen = before.get("frozen", ()) if options.frozen is None else options.frozen
    if frozen:
        facts["frozen"] = list(frozen)
    if checkpoints.latest(Path(run_dir) / "train"):
        facts |= {name: before[name] for name in ("warm_start",) if name in before}
    elif options.warm_start:
        weights = read_weights(options.warm_start, config)
        facts["warm_start"] = weights.facts()
    with contextlib.nullcontext() if strategy is None else strategy.scope():
        model = build_model(config, options.seed)
    freeze(model, frozen)
    if weights is not None:
        set_weights(model, weights)
    return model, facts


def start(model: LatentModel, saver: Saver, options: TrainOptions, load: str) -> int:
    """Restores what a run goes on from, its own checkpoint before another; returns its step.

    Args:
        model: of `build`.
        saver: of the run's checkpoints.
        options: of the run.
        load: what the config names to go on from, where the options give nothing.
    """
    if checkpoints.latest(saver.manager.directory):
        return saver.restore()
    path = options.ckpt_path or load
    if options.warm_start or not path:
        return 0
    inside = Path(path) / "train"
    checkpoints.load_weights(model, inside if inside.is_dir() else path)
    return model.steps_trained


def log_start(
    model: LatentModel,
    facts: Mapping[str, Any],
    options: TrainOptions,
    first_step: int,
    log: Callable[[str], None],
) -> None:
    """Says what a run starts with: the facts of `build`, and the step of `start`."""
    warm, asked = facts.get("warm_start", {}), options.warm_start
    if first_step:
        log(f"Going on from step {first_step}.")
        if asked and asked != warm.get("model"):
            log(f"The run has a checkpoint of its own: --warm_start={asked} is not taken.")
    elif warm:
        log(f"The weights are those of {warm['model']}, sha1 {warm['weights_sha1']}.")
    if "frozen" in facts:
        trained, frozen = counts(model)
        log(f"{trained:,} numbers are trained, {frozen:,} frozen: {', '.join(facts['frozen'])}.")


def _check_memory(config, converter, strategy) -> None:
    depths, size = converter.depths, config.training.batch_size
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
