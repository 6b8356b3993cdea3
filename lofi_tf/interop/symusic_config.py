"""Configs of the symusic project's MusicVAE: its JSON files as our config and a run's settings.

Its README lists the keys. A file says everything at once: the model, its training, the folders of
MIDI and how often to evaluate; here the first two become a `Config`, the rest defaults of the
flags of `lofi_train`.
"""

import dataclasses
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, NamedTuple

from lofi_tf.config import Config, DataConfig, TrainingConfig, VAEConfig
from lofi_tf.errors import LofiError
from lofi_tf.interop.symusic_decoders import Embedded, decoder_settings
from lofi_tf.music.quantize import STEPS_PER_BAR
from lofi_tf.settings import Amount, Count, Settings, Size, mapping_of, settings_of


@dataclasses.dataclass(frozen=True)
class _Sampling(Settings):
    schedule: Literal["constant", "inverse_sigmoid"]
    rate: Amount

    def __post_init__(self):
        super().__post_init__()
        if self.schedule == "constant" and self.rate > 1:
            raise LofiError(f"rate of schedule constant must be at most 1. Received: {self.rate}")
        if self.schedule == "inverse_sigmoid" and self.rate == 0:
            raise LofiError("rate of schedule inverse_sigmoid must be above 0. Received: 0")


@dataclasses.dataclass(frozen=True)
class _Beta(Settings):
    start_beta: Amount
    end_beta: Amount
    duration: Count


@dataclasses.dataclass(frozen=True)
class _File(Settings):
    """The keys of a file; a run is like the project's own settings where it does not say."""

    z_size: Size
    encoder_params: Any
    seq_decoder_args: Any
    sampling_settings: Any
    beta_settings: Any
    batch_size: Size = 64
    num_workers: Count | None = None
    slice_bar: Size = 8
    num_steps: Size = 160000
    learning_rate: Amount = 0.001
    lr_scheduler_factor: Amount = 0.5
    lr_scheduler_patience: Count = 3
    free_bits: Amount = 128
    evaluate_interval: Size = 4000
    advanced_interval: Size | None = None
    print_interval: Size = 100
    train_dir: str | None = None
    eval_dir: str | None = None
    ckpt_path: str | None = None


DEFAULTS = {
    "sampling_settings": {"schedule": "constant", "rate": 0.0},
    "beta_settings": {"start_beta": 0.0, "end_beta": 0.2, "duration": 160000},
}

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
        values = json.loads(path.read_text(encoding="utf-8"), parse_float=_number)
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
    known = [field.name for field in dataclasses.fields(_File)]
    file = settings_of(_File, {**DEFAULTS, **mapping_of("config", values, known)}, "config")
    return SymusicRun(
        config=Config(
            name,
            DataConfig({**CONVERTER, "slice_bars": file.slice_bar}),
            _model(file),
            _training(file),
        ),
        num_steps=file.num_steps,
        log_steps=file.print_interval,
        eval_steps=file.evaluate_interval,
        picture_steps=file.advanced_interval or file.evaluate_interval,
        train_dir=file.train_dir or None,
        eval_dir=file.eval_dir or None,
        ckpt_path=file.ckpt_path or None,
        num_workers=file.num_workers or None,
    )


def _number(text: str) -> int | float:
    """Returns a number of a file, in which 1e5 is a whole one."""
    value = float(text)
    return int(value) if value.is_integer() else value


def _model(file: _File) -> VAEConfig:
    max_seq_len = STEPS_PER_BAR * file.slice_bar
    encoder = settings_of(Embedded, file.encoder_params, "encoder_params")
    decoder, units = decoder_settings(
        file.seq_decoder_args, file.z_size, max_seq_len, "seq_decoder_args"
    )
    return VAEConfig(
        encoder={"kind": "bidirectional_lstm", "embedding_size": encoder.embed_size},
        decoder=decoder,
        head={"kind": "categorical"},
        max_seq_len=max_seq_len,
        z_size=file.z_size,
        enc_rnn_size=encoder.units,
        dec_rnn_size=units,
    )


def _training(file: _File) -> TrainingConfig:
    sampling = settings_of(_Sampling, file.sampling_settings, "sampling_settings")
    beta = settings_of(_Beta, file.beta_settings, "beta_settings")
    return TrainingConfig(
        batch_size=file.batch_size,
        free_bits=file.free_bits,
        beta_schedule="duration",
        start_beta=beta.start_beta,
        max_beta=beta.end_beta,
        beta_duration=beta.duration,
        learning_rate=file.learning_rate,
        decay_rate=1.0,
        min_learning_rate=0.0,
        plateau_factor=file.lr_scheduler_factor,
        plateau_patience=file.lr_scheduler_patience,
        sampling_schedule=sampling.schedule,
        sampling_rate=sampling.rate,
    )


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
