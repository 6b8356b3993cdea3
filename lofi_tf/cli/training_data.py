"""Which music a command trains on and which it holds out: the flags, and what they mean."""

import argparse
import dataclasses

from lofi_tf.cli.flags import add_bool, check_flags, is_verbose, logger
from lofi_tf.errors import LofiError, naming


def add_data_flags(parser: argparse.ArgumentParser) -> None:
    """Adds the flags that `check_data_flags` and `training_data` read."""
    flag = parser.add_argument
    flag("--examples_path", help="NoteSequence records, example shards or a MIDI folder")
    flag("--tfds_name", help="TensorFlow Datasets name, prepared on disk already")
    flag("--eval_examples_path", help="records to evaluate on while training")
    flag(
        "--validation_split",
        type=float,
        default=0.1,
        help="share of the sources held out where nothing else is given; 0 trains on everything",
    )
    flag("--split_file", help="CSV with the columns split and path (or midi_filename)")
    flag("--num_workers", type=int, help="processes that convert records (default: all cores)")
    add_bool(
        parser,
        "cache_dataset",
        True,
        "hold example shards in memory where they fit; false reads them from disk as needed",
    )


def check_data_flags(args: argparse.Namespace) -> None:
    """Refuses flags that name no music, or two, or a share that is none.

    Raises:
        LofiError: which flag.
    """
    if bool(args.examples_path) == bool(args.tfds_name):
        raise LofiError("give --examples_path or --tfds_name, one of the two")
    data_options(args)
    check_flags(args, num_workers=0)


def check_music(args: argparse.Namespace, config) -> None:
    """Refuses music that is not there or not the config's kind; needs no TensorFlow.

    Raises:
        LofiError: which flag, or which line of a symusic JSON file stands for it.
    """
    from lofi_tf.data.storage.sources import check_source

    is_json = args.config.endswith(".json")
    lines = {"examples_path": "train_dir", "eval_examples_path": "eval_dir"}
    if getattr(args, "mode", "train") == "eval":
        lines = {"examples_path": "eval_dir"}
    for name, line in lines.items():
        path = getattr(args, name)
        if not path and (args.tfds_name is None or name != "examples_path"):
            continue
        other = f" (if not given, {line} of {args.config})" if is_json else ""
        with naming(f"--{name}{other}"):
            check_source(path, config.data.converter)


def data_options(args: argparse.Namespace):
    """Returns what the flags say of the music, as `DataOptions`."""
    from lofi_tf.training.data import DataOptions

    names = [field.name for field in dataclasses.fields(DataOptions)]
    return DataOptions(**{name: getattr(args, name) for name in names})


def training_data(args: argparse.Namespace, config):
    """Returns the examples to train on, and those held out (None where there are none)."""
    return data_options(args).splits(config.data.converter, is_verbose(args.log), logger(args.log))
