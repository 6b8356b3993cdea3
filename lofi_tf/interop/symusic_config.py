"""Configs of the symusic project's MusicVAE: its JSON files as our config and a run's settings.

Its README lists the keys. A file says everything at once: the model, its training, the folders of
MIDI and how often to evaluate; here the first two become a `Config`, the rest defaults of the
flags of `lofi_train`.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from lofi_tf.config import Config, DataConfig, TrainingConfig, VAEConfig
from lofi_tf.errors import LofiError, unknown_name
from lofi_tf.interop.symusic_decoders import decoder_settings
from lofi_tf.interop.symusic_keys import MISSING, check_keys, fraction, whole
from lofi_tf.music.quantize import STEPS_PER_BAR

# What a run is like where the file does not say: the project's own settings.
DEFAULTS = {
    "batch_size": 64,
    "num_workers": None,
    "slice_bar": 8,
    "num_steps": 160000,
    "learning_rate": 0.001,
    "lr_scheduler_factor": 0.5,
    "lr_scheduler_patience": 3,
    "sampling_settings": {"schedule": "constant", "rate": 0.0},
    "beta_settings": {"start_beta": 0.0, "end_beta": 0.2, "duration": 160000},
    "free_bits": 128,
    "evaluate_interval": 4000,
    "print_interval": 100,
}
KEYS = {
    *DEFAULTS,
    *("train_dir", "eval_dir", "ckpt_path", "z_size", "encoder_params", "seq_decoder_args"),
    "advanced_interval",
}
ENCODER_KEYS = ("embed_size", "hidden_size", "n_layers")
SAMPLING_KEYS = ("schedule", "rate")
BETA_KEYS = ("start_beta", "end_beta", "duration")
SCHEDULES = ("constant", "inverse_sigmoid")

# The melodies: programs of pianos to basses, at most five windows of a file, one every bar.
CONVERTER = {
    "kind": "melody",
    "min_pitch": 21,
    "max_pitch": 108,
    "valid_programs": list(range(32)),
    "gap_bars": 1,
    "steps_per_quarter": STEPS_PER_BAR // 4,
    "max_tensors_per_notesequence": 5,
    "transpose_range": [-5, 5],
}


class SymusicRun(NamedTuple):
    """What a file says.

    Attributes:
        config: the model and its training.
        num_steps, log_steps, eval_steps, picture_steps: the last step, and steps between lines of
            the log, evaluations, and pictures.
        train_dir, eval_dir: folders of MIDI, None where the file names none.
        ckpt_path: checkpoint to go on from, None where the file names none.
        num_workers: processes that convert; None is all cores.
    """

    config: Config
    num_steps: int
    log_steps: int
    eval_steps: int
    picture_steps: int
    train_dir: str | None
    eval_dir: str | None
    ckpt_path: str | None
    num_workers: int | None


def read_symusic_config(path: str | Path) -> SymusicRun:
    """Returns what a JSON file says.

    Raises:
        LofiError: no such file, no JSON, an unknown key (the nearest known one is named), a value
            out of range, or parts that do not fit each other.
    """
    path = Path(path)
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise LofiError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise LofiError(f"{path} is not valid JSON: {error}") from error
    return symusic_run(values, path.stem)


def symusic_run(values: Any, name: str) -> SymusicRun:
    """Returns what the plain values of a file say; see `read_symusic_config`.

    Args:
        values: of the file.
        name: of the config.
    """
    values = DEFAULTS | dict(check_keys("config", values, KEYS, optional=KEYS))
    eval_steps = whole("evaluate_interval", values["evaluate_interval"], 1)
    num_workers = values["num_workers"]
    return SymusicRun(
        config=Config(name, _data(values), _model(values), _training(values)),
        num_steps=whole("num_steps", values["num_steps"], 1),
        log_steps=whole("print_interval", values["print_interval"], 1),
        eval_steps=eval_steps,
        picture_steps=whole("advanced_interval", values.get("advanced_interval", eval_steps), 1),
        train_dir=_path("train_dir", values),
        eval_dir=_path("eval_dir", values),
        ckpt_path=_path("ckpt_path", values),
        num_workers=num_workers and max(1, whole("num_workers", num_workers, 0)),
    )


def _data(values: Mapping[str, Any]) -> DataConfig:
    bars = whole("slice_bar", values["slice_bar"], 1)
    return DataConfig({**CONVERTER, "slice_bars": bars})


def _model(values: Mapping[str, Any]) -> VAEConfig:
    max_seq_len = STEPS_PER_BAR * values["slice_bar"]
    z_size = whole("z_size", values.get("z_size", MISSING), 1)
    encoder = check_keys("encoder_params", values.get("encoder_params", MISSING), ENCODER_KEYS)
    embed_size, hidden_size, n_layers = (
        whole(f"encoder_params.{key}", encoder[key], 1) for key in ENCODER_KEYS
    )
    decoder, units = decoder_settings(
        values.get("seq_decoder_args", MISSING), z_size, max_seq_len, "seq_decoder_args"
    )
    return VAEConfig(
        encoder={"kind": "bidirectional_lstm", "embedding_size": embed_size},
        decoder=decoder,
        head={"kind": "categorical"},
        max_seq_len=max_seq_len,
        z_size=z_size,
        enc_rnn_size=(hidden_size,) * n_layers,
        dec_rnn_size=units,
    )


def _training(values: Mapping[str, Any]) -> TrainingConfig:
    sampling = check_keys("sampling_settings", values["sampling_settings"], SAMPLING_KEYS)
    if sampling["schedule"] not in SCHEDULES:
        raise unknown_name("sampling_settings.schedule", str(sampling["schedule"]), SCHEDULES)
    beta = check_keys("beta_settings", values["beta_settings"], BETA_KEYS)
    return TrainingConfig(
        batch_size=whole("batch_size", values["batch_size"], 1),
        free_bits=fraction("free_bits", values["free_bits"]),
        beta_schedule="duration",
        start_beta=fraction("beta_settings.start_beta", beta["start_beta"]),
        max_beta=fraction("beta_settings.end_beta", beta["end_beta"]),
        beta_duration=whole("beta_settings.duration", beta["duration"], 0),
        learning_rate=fraction("learning_rate", values["learning_rate"]),
        decay_rate=1.0,
        min_learning_rate=0.0,
        plateau_factor=fraction("lr_scheduler_factor", values["lr_scheduler_factor"]),
        plateau_patience=whole("lr_scheduler_patience", values["lr_scheduler_patience"], 0),
        sampling_schedule=sampling["schedule"],
        sampling_rate=_sampling_rate(sampling),
    )


def _sampling_rate(sampling: Mapping[str, Any]) -> float:
    rate = fraction("sampling_settings.rate", sampling["rate"])
    if sampling["schedule"] == "constant" and rate > 1:
        raise LofiError(
            f"sampling_settings.rate of schedule constant must be at most 1. Received: {rate}"
        )
    if sampling["schedule"] == "inverse_sigmoid" and rate == 0:
        raise LofiError("sampling_settings.rate of schedule inverse_sigmoid must be above 0")
    return rate


def _path(key: str, values: Mapping[str, Any]) -> str | None:
    value = values.get(key) or None
    if value is not None and not isinstance(value, str):
        raise LofiError(f"{key} must be a path. Received: {value!r}")
    return value


def flag_defaults(run: SymusicRun, mode: str = "train") -> dict[str, Any]:
    """Returns what a file says as values of the flags of `lofi_train`, by their names.

    Args:
        run: what the file says.
        mode: `train`, or `eval`, which reads `eval_dir` alone.
    """
    names: Iterable[str] = ("num_steps", "log_steps", "eval_steps", "picture_steps", "num_workers")
    flags = {name: getattr(run, name) for name in names}
    if mode == "eval":
        return flags | {"examples_path": run.eval_dir}
    return flags | {
        "examples_path": run.train_dir,
        "eval_examples_path": run.eval_dir,
        "ckpt_path": run.ckpt_path,
    }
