"""Training on several devices or machines at once, by the strategies of `tf.distribute`.

Every replica takes its rows of the same batch, and all make the same step of it: the losses are
those of one process. Keras' own `fit` does not average the scalars of several machines, so the loop
here stands in for it; it drives the same callbacks.
"""

import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from lofi_tf.config import Config
from lofi_tf.data.storage.dataset import Share
from lofi_tf.errors import LofiError
from lofi_tf.models.common.latent_model import LatentModel
from lofi_tf.models.common.replicas import summed
from lofi_tf.training.callbacks import StepCallback, WholeSteps
from lofi_tf.training.cluster import Cluster


def open_strategy(kind: str, cluster: Cluster | None = None) -> tf.distribute.Strategy | None:
    """Returns the strategy of a kind; None for `none`.

    For several machines it must be called before TensorFlow has computed anything. It returns once
    all of them are there.

    Args:
        kind: `none`; `mirrored`, all GPUs of this machine; `multiworker`, several machines.
        cluster: the machines, as `read_cluster` finds them.

    Raises:
        LofiError: this machine's port is taken, or the others do not answer.
    """
    if kind == "none":
        return None
    if kind == "mirrored":
        return tf.distribute.MirroredStrategy()
    try:
        return tf.distribute.MultiWorkerMirroredStrategy()
    except (RuntimeError, ValueError, tf.errors.OpError) as error:
        line = str(error).strip().splitlines()[0]
        raise LofiError(f"cannot join {', '.join(cluster.addresses)}: {line}") from error


def is_chief(strategy: tf.distribute.Strategy | None) -> bool:
    """Says whether this process writes the run folder."""
    task = _task_of(strategy)
    return task is None or task == ("chief" if "chief" in _jobs_of(strategy) else "worker", 0)


def check_strategy(strategy: tf.distribute.Strategy | None, config: Config) -> None:
    """Refuses what cannot be trained by a strategy.

    Raises:
        LofiError: a batch that cannot be dealt out evenly, or a learning rate that goes by
            evaluations, of which the chief alone hears.
    """
    if strategy is None:
        return
    _check_batch_size(config.training.batch_size, strategy.num_replicas_in_sync)
    if config.training.plateau_factor < 1 and _task_of(strategy) is not None:
        raise LofiError(
            "plateau_factor goes by evaluations, which the chief alone makes: with several "
            f"machines it must be 1. Received: {config.training.plateau_factor:g}"
        )


def _check_batch_size(batch_size: int, replicas: int) -> None:
    if batch_size % replicas:
        below = batch_size // replicas * replicas
        allowed = " or ".join(str(size) for size in (below, below + replicas) if size)
        raise LofiError(
            f"batch_size must be a multiple of the {replicas} replicas. Allowed, for instance: "
            f"{allowed}. Received: {batch_size}"
        )


def check_agreement(strategy: tf.distribute.Strategy, facts: Mapping[str, Any]) -> None:
    """Refuses to go on where the machines differ in what must be the same for all.

    Args:
        strategy: of the training.
        facts: values by the names that a person knows them by.

    Raises:
        LofiError: on every machine, what differs; another machine is lost.
    """
    own = tf.constant([zlib.crc32(repr(value).encode()) for value in facts.values()], tf.int64)

    def compare():
        context = tf.distribute.get_replica_context()
        chiefs = summed(tf.where(context.replica_id_in_sync_group == 0, own, tf.zeros_like(own)))
        return summed(tf.cast(own != chiefs, tf.int32))

    found = _of_all(strategy, compare, "before the first step")
    other = [name for name, count in zip(facts, found.numpy(), strict=True) if count]
    if other:
        raise LofiError(
            f"the workers differ in {', '.join(other)}: start each with the same flags and data, "
            "and one --run_dir that all of them reach"
        )


def dealt(
    strategy: tf.distribute.Strategy, batch_size: int, batches: Callable[[Share], tf.data.Dataset]
) -> tf.distribute.DistributedDataset:
    """Returns batches of which every replica gets its rows; see `training_batches`."""

    def local(context: tf.distribute.InputContext) -> tf.data.Dataset:
        pieces = context.num_replicas_in_sync // context.num_input_pipelines
        rows = batch_size // context.num_input_pipelines
        return batches(Share(context.input_pipeline_id * rows, rows, pieces))

    return strategy.distribute_datasets_from_function(local)


class StopTogether(WholeSteps):
    """Lets Ctrl-C on any machine end the run on all of them, after the same step."""

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        super().on_train_begin(logs)
        self.inside = True

    @property
    def is_asked(self) -> bool:
        """Whether this machine has been told to stop."""
        return self.waiting is not None

    def on_step(self, step: int, logs: dict[str, float]) -> None:
        """Goes on: what has been heard is told to the others in the next step."""


def fit(
    strategy: tf.distribute.Strategy,
    model: LatentModel,
    batches: tf.distribute.DistributedDataset,
    callbacks: Sequence[StepCallback],
    num_steps: int,
    end_every: int = 0,
) -> None:
    """Trains as Keras' `fit` does, every replica on its rows.

    Args:
        strategy: in whose scope the model was built.
        model: to train.
        batches: of `dealt`.
        callbacks: told of each step; a `StopTogether` among them.
        num_steps: steps to take.
        end_every: steps of the run between those at which the chief's callbacks may end it, by
            `model.stop_training`; never if 0.

    Raises:
        LofiError: another machine is lost.
        KeyboardInterrupt: a machine was told to stop; raised on all.
    """
    told, iterator = keras.callbacks.CallbackList(list(callbacks), model=model), iter(batches)
    stop = next(callback for callback in callbacks if isinstance(callback, StopTogether))

    @tf.function(reduce_retracing=True, autograph=False)
    def step(batch, asked, stage):
        model.stage = stage  # a graph for each

        def replica(part):
            return model.train_step(part), summed(tf.identity(asked))

        return strategy.run(replica, args=(batch,))

    first_step, model.stop_training = model.steps_trained, False
    told.on_train_begin()
    for number in range(num_steps):
        told.on_train_batch_begin(number)
        try:
            asked = tf.constant(int(stop.is_asked))
            logs, asked = step(next(iterator), asked, model.stage_of(first_step + number))
            logs = {name: float(_first(strategy, value)) for name, value in logs.items()}
        except tf.errors.OpError as error:
            raise _lost(error, f"after step {model.steps_trained}") from error
        told.on_train_batch_end(number, logs)
        if int(_first(strategy, asked)):
            raise KeyboardInterrupt
        if end_every and (first_step + number + 1) % end_every == 0:
            if _any(strategy, model.stop_training, f"after step {model.steps_trained}"):
                break
    told.on_train_end()


def _of_all(
    strategy: tf.distribute.Strategy, function: Callable[[], tf.Tensor], when: str
) -> tf.Tensor:
    """Returns what a function that reduces over all machines gives; all must ask."""
    try:
        return _first(strategy, tf.function(lambda: strategy.run(function))())
    except tf.errors.OpError as error:
        raise _lost(error, when) from error


def _any(strategy: tf.distribute.Strategy, truth: bool, when: str) -> bool:
    """Says whether something is true on any machine."""
    own = tf.constant(int(truth))
    return bool(_of_all(strategy, lambda: summed(tf.identity(own)), when))


def _lost(error: tf.errors.OpError, when: str) -> LofiError:
    """Returns what a person is told; TensorFlow's own line begins with names of its graph."""
    line = str(error.message).strip().splitlines()[0].rpartition("}}")[2].strip()
    return LofiError(
        f"lost the other workers {when} ({line[:200]}): started again, all go on from the last "
        "checkpoint"
    )


def _task_of(strategy: tf.distribute.Strategy | None) -> tuple[str, int] | None:
    """Returns kind and number of this machine among several; None where it is alone."""
    if not _jobs_of(strategy):
        return None
    return strategy.cluster_resolver.task_type, strategy.cluster_resolver.task_id


def _jobs_of(strategy: tf.distribute.Strategy | None) -> list[str]:
    resolver = getattr(strategy, "cluster_resolver", None)
    return [] if resolver is None else resolver.cluster_spec().jobs


def _first(strategy: tf.distribute.Strategy, value: Any) -> tf.Tensor:
    return strategy.experimental_local_results(value)[0]
