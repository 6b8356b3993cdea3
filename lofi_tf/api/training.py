"""Training, from music files to a model."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lofi_tf.api.opening import AnyModel, model_of
from lofi_tf.backends.open import backend_of_model
from lofi_tf.config import Config, config_names, load_config
from lofi_tf.errors import LofiError, unknown_name
from lofi_tf.hparams import ALIASES, hparam_names, with_hparams
from lofi_tf.training.data import DataOptions
from lofi_tf.training.options import TrainOptions
from lofi_tf.training.run_folder import run_facts
from lofi_tf.training.train import train_on

_DATA = {field.name for field in dataclasses.fields(DataOptions)} - {"examples_path"}
_RUN = {field.name for field in dataclasses.fields(TrainOptions)} - {"show_progress"}


def train(
    config: str | Path | Config | None = None,
    examples: str | Path | None = None,
    run_dir: str | Path = "run",
    *,
    num_steps: int = 200000,
    seed: int | None = None,
    progress: bool = True,
    log: Callable[[str], None] = print,
    **options: Any,
) -> AnyModel:
    """Trains a model; the same call goes on from its last checkpoint.

    Args:
        config: a name of `list_configs`, a YAML file, or one that is loaded; None is the run's.
        examples: NoteSequence records, a folder of music files, or what `preprocess_tfrecord`,
            `prepare_audio` or `prepare_paired` wrote.
        run_dir: the folder for checkpoints and logs.
        num_steps: the step to end at.
        seed: of weights, order, dropout and samples; 0, or the run's.
        progress: whether to draw a progress line.
        log: told what a person should know.
        **options: changes to the config's values by their names (`batch_size=64`, `z_size=128`,
            `enc_rnn_size=[256]`, `**{"converter.unknown_pitch": "drop"}`); those of
            `TrainOptions` (`eval_steps`, `patience`, `warm_start`, `frozen`, ...); and those of
            `DataOptions` (`validation_split`, `eval_examples_path`, `split_file`, ...).

    Returns:
        The trained model.

    Raises:
        LofiError: an unknown name or a value that does not fit, no music that the model takes, or
            a run folder of another model.

    Example:
        >>> model = lofi_tf.train(
        ...     "groovae_4bar", examples="notes.tfrecord", run_dir="run", batch_size=2,
        ...     num_steps=1, enc_rnn_size=[8], dec_rnn_size=[8], z_size=4, validation_split=0,
        ...     progress=False, log=lambda line: None,
        ... )
        >>> len(model.sample(2, seed=1))
        2
    """
    settings = _config(config, Path(run_dir))
    hparams = _sorted_out(options, settings)
    texts = [f"{name}={_text(value)}" for name, value in hparams.items()]
    settings = with_hparams(settings, ",".join(texts))
    if not examples and "tfds_name" not in options:
        raise LofiError("give examples: records, a folder of music files, or example shards")
    own = {name: options[name] for name in _DATA & set(options)}
    data = DataOptions(str(examples) if examples else None, **own)
    begun = run_facts(run_dir).get("seed") or 0
    run = TrainOptions(
        num_steps=num_steps,
        seed=begun if seed is None else seed,
        show_progress=progress,
        **{name: options[name] for name in _RUN & set(options)},
    )
    return model_of(backend_of_model(train_on(settings, data, run_dir, run, log), settings))


def list_configs() -> list[str]:
    """Returns the names of configs that `train` takes.

    Example:
        >>> "groovae_4bar" in lofi_tf.list_configs()
        True
    """
    return config_names()


def _config(config: str | Path | Config | None, run_dir: Path) -> Config:
    if isinstance(config, Config):
        return config
    if config is None and not (run_dir / "config.yaml").is_file():
        raise LofiError(f"give a config: {run_dir} holds no run to go on with")
    return load_config(run_dir if config is None else config)


def _sorted_out(options: Mapping[str, Any], config: Config) -> dict[str, Any]:
    """Returns the options that are values of the config; refuses what is of no use.

    Raises:
        LofiError: an unknown name, and the nearest known one.
    """
    values = hparam_names(config) | set(ALIASES)
    for name in options:
        if name not in values | _DATA | _RUN and "." not in name:
            raise unknown_name("option of training", name, values | _DATA | _RUN)
    return {name: value for name, value in options.items() if name not in _DATA | _RUN}


def _text(value: Any) -> str:
    """Returns a value in the grammar of `with_hparams`."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{','.join(map(_text, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)
