"""Real grooves for tests: records, examples and a config small enough to train in seconds."""

from pathlib import Path

import numpy as np

from lofi_tf.config import Config, load_config
from lofi_tf.data.storage.examples import Examples, examples_of_records
from lofi_tf.data.storage.tfrecord import write_records
from lofi_tf.hparams import with_hparams
from lofi_tf.music.midi import read_midi

FOLDER = Path(__file__).parent / "data" / "golden" / "inputs" / "groove"
SMALL = "enc_rnn_size=[8],dec_rnn_size=[8,8],z_size=4,batch_size=4"


def small_config(name: str = "groovae_2bar_humanize", hparams: str = "") -> Config:
    """Returns a shipped config at a few units a layer."""
    return with_hparams(load_config(name), f"{SMALL},{hparams}".rstrip(","))


def scrambled_model(name: str, hparams: str = ""):
    """Returns a small model of a shipped config, its weights such that outputs differ."""
    from lofi_tf.models.build import build_model

    config = small_config(name, hparams)
    model = build_model(config)
    for variable in model.trainable_variables:
        variable.assign(0.8 * np.random.default_rng(0).normal(size=variable.shape))
    return model, config


def groove_records() -> list[bytes]:
    """Returns the NoteSequences of real drum performances, serialized, each with its name."""
    records = []
    for path in sorted(FOLDER.glob("*.mid")):
        sequence = read_midi(path.read_bytes())
        sequence.filename = path.name
        records.append(sequence.SerializeToString())
    return records


def groove_examples(config: Config) -> Examples:
    """Returns the examples that the config's converter makes of them."""
    return examples_of_records(groove_records(), config.data.converter)


def train_flags(run_dir: Path, records: Path, *more: str) -> list[str]:
    """Returns the flags of `lofi_train` for two steps of a small model."""
    return [
        "--config=groovae_2bar_humanize", f"--run_dir={run_dir}", "--mode=train",
        f"--examples_path={records}", "--num_steps=2", f"--hparams={SMALL}",
        "--validation_split=0.3", *more,
    ]  # fmt: skip


def write_groove_records(path: Path) -> Path:
    """Writes the records to a TFRecord file."""
    write_records(groove_records(), path)
    return path
