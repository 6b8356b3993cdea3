"""`lofi_evaluate`: how good a model of music is, in numbers, on music it never learned from."""

import argparse
import dataclasses
import datetime
from pathlib import Path

from lofi_tf.cli.flags import Parser, add_bool, check_flags, command, is_verbose, logger
from lofi_tf.errors import LofiError

LATENT_PICTURES = ("pca", "tsne", "none")
CSV, JSON = "evaluation.csv", "evaluation.json"
LEAST = {
    "num_examples": 1, "num_samples": 0, "batch_size": 1, "seed": 0, "num_workers": 0,
    "temperature": 0,
}  # fmt: skip


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command's flags."""
    parser = Parser("lofi_evaluate", __doc__)
    flag = parser.add_argument
    flag(
        *("--model", "--run_dir"),
        dest="model",
        help="folder of lofi_train or lofi_export, a name of lofi_models, or a server's address",
    )
    flag("--checkpoint_file", help="a checkpoint: prefix, folder or .tar, ours or Magenta's")
    flag("--config", help="name of a config or YAML file; a run knows its own")
    flag("--hparams", default="", help="overrides of the config, for a checkpoint of other sizes")
    flag("--examples_path", help="NoteSequence records, example shards or a MIDI folder")
    flag("--split_file", help="CSV with the columns split and path (or midi_filename)")
    flag("--split", help="what is measured on (default: test, or else validation)")
    flag("--train_examples_path", help="what the model learned from (default: the split train)")
    flag("--output_dir", default="evaluation", help="folder of the files (default: evaluation)")
    flag("--num_examples", type=int, help="examples at most, drawn by the seed (default: all)")
    flag("--num_samples", type=int, default=1000, help="to measure; 0: none (default: 1000)")
    flag(
        "--temperature",
        type=float,
        help="of the samples (default: 1, or lofi_generate's where "
        "the model knows how hits are played)",
    )
    add_bool(parser, "baselines", True, "train what a model of grooves has to beat")
    add_bool(parser, "png", True, "draw pictures: latent, reconstructions, samples, curves")
    flag("--latent_picture", choices=LATENT_PICTURES, default="pca", help="(default: pca)")
    flag("--colour_by", help="column of the split file that colours it (default: style)")
    flag("--batch_size", type=int, default=64, help="examples asked for at once (default: 64)")
    flag("--seed", type=int, default=0, help="of draws and baselines (default: 0)")
    flag("--num_workers", type=int, help="processes that convert records (default: all cores)")
    flag("--log", default="INFO", choices=["DEBUG", "INFO", "WARN", "ERROR", "FATAL"])
    return parser


def _run(args: argparse.Namespace) -> None:
    _check(args)
    from lofi_tf import quiet
    from lofi_tf.cli.generate import config_of
    from lofi_tf.saving.hub import find_model

    log, config = logger(args.log), config_of(args)
    args.model = args.model and str(find_model(args.model))
    with quiet.imports():
        from lofi_tf.backends.open import open_backend
        from lofi_tf.evaluation.evaluating import EvaluationSettings, reconstruction_tables
        from lofi_tf.evaluation.held_out import qpm_of, read_music, some_of
        from lofi_tf.evaluation.samples import sample_tables
        from lofi_tf.generation.decoding import GenerationConfig, knows_expression
        from lofi_tf.models.kinds import check_can
    backend = open_backend(args.model or args.checkpoint_file, config, runtime="tensorflow")
    source = _source(args)
    usual = None if knows_expression(backend.config) else 1.0
    how = GenerationConfig(seed=args.seed, max_batch_size=args.batch_size).at_temperature(
        usual if args.temperature is None else args.temperature, backend.config
    )
    check_can(backend.config, "evaluate")
    music = read_music(source, backend.config.data.converter, is_verbose(args.log), log)
    held_out = some_of(music.held_out, args.num_examples, args.seed)
    music = dataclasses.replace(music, held_out=held_out)
    groups = _groups(args, music)
    if music.training is None:
        log("No training examples are known: nothing is compared with what learned from them.")
    log(f"Measuring {backend.config.name} on {len(music.held_out)} examples ({music.split}).")
    settings = EvaluationSettings(
        args.batch_size, args.seed, args.baselines, is_verbose(args.log), log
    )
    tables = reconstruction_tables(
        backend, music, lambda names: qpm_of(source, names, log), settings
    )
    tables += sample_tables(backend, music.held_out, music.training, args.num_samples, how, log)
    _write(args, backend.config, music, tables)
    if args.png:
        _draw(args, backend, music, how, groups, log)
    for table in tables:
        print("\n".join([table.title, table.as_text(), *table.notes, ""]))
    log(f"Wrote {CSV} and {JSON} to {args.output_dir}.")


def _source(args: argparse.Namespace):
    from lofi_tf.evaluation.held_out import Source

    return Source(
        args.examples_path, args.split_file, args.split, args.train_examples_path, args.num_workers
    )


def _groups(args: argparse.Namespace, music):
    """Returns what colours the picture of the latent."""
    from lofi_tf.evaluation.groups import groups_of

    return groups_of(music.held_out.sources, args.split_file, args.colour_by)


def _draw(args: argparse.Namespace, backend, music, how, groups, log) -> None:
    from lofi_tf.evaluation.plots import write_pictures

    run_dir = Path(args.model) if args.model and (Path(args.model) / "train").is_dir() else None
    folder = Path(args.output_dir)
    write_pictures(backend, music.held_out, folder, how, run_dir, args.latent_picture, groups, log)


def _check(args: argparse.Namespace) -> None:
    """Refuses flags that are missing or out of range, before anything heavy is loaded."""
    if bool(args.model) == bool(args.checkpoint_file):
        raise LofiError("give --model (or --run_dir) or --checkpoint_file, one of the two")
    if not args.examples_path:
        raise LofiError("--examples_path is missing: the music to measure on")
    check_flags(args, **LEAST)
    if args.split == "train":
        raise LofiError("--split: the model was trained on that one; give a held-out split")
    from lofi_tf.files import check_writable

    check_writable(Path(args.output_dir) / JSON)


def _write(args: argparse.Namespace, config, music, tables) -> None:
    """Writes both files, each whole or not at all."""
    import lofi_tf
    from lofi_tf.evaluation.tables import long_csv, to_json
    from lofi_tf.files import write_file

    about = {
        "lofi_tf": lofi_tf.__version__,
        "time": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "config": config.name,
        "model": str(args.model or args.checkpoint_file),
        "examples_path": args.examples_path,
        "split": music.split,
        "examples": len(music.held_out),
        "seed": args.seed,
    }
    for name, text in ((CSV, long_csv(tables)), (JSON, to_json(tables, about))):
        write_file(Path(args.output_dir) / name, text)


main = command(build_parser, _run)
