"""`lofi_export`: a trained model to a SavedModel for TensorFlow Serving."""

import argparse
from pathlib import Path

from lofi_tf.cli.flags import Parser, run_command, say
from lofi_tf.errors import LofiError


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command's flags."""
    parser = Parser("lofi_export", __doc__)
    flag = parser.add_argument
    flag("--run_dir", help="folder that lofi_train wrote; its latest checkpoint is taken")
    flag("--checkpoint_file", help="a checkpoint: prefix, folder or .tar, ours or Magenta's")
    flag("--config", help="name of a config or YAML file; a run knows its own")
    flag("--hparams", default="", help="overrides of the config, for a checkpoint of other sizes")
    flag("--output_dir", default="saved_models", help="folder of all models")
    flag("--name", help="of the model (default: the config's name)")
    flag("--version", type=int, help="number of the version (default: one more than the latest)")
    flag(
        "--precision",
        default="float32",
        choices=["float32", "float16"],
        help="of the stored weights; float16 is half the size (default: float32)",
    )
    flag("--summary", default="", help="for the model card: what the model makes, in one line")
    flag("--data", default="", help="for the model card: what it was trained on")
    flag("--licence", default="", help="for the model card: licence of the weights")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    args = build_parser().parse_args(argv)
    return run_command(lambda: _run(args))


def _run(args: argparse.Namespace) -> None:
    if (args.run_dir is None) == (args.checkpoint_file is None):
        raise LofiError("give --run_dir or --checkpoint_file, one of the two")
    if args.hparams and not args.config:
        raise LofiError("--hparams needs --config; a run folder knows its own settings")
    from lofi_tf import quiet
    from lofi_tf.config import load_config
    from lofi_tf.hparams import with_hparams

    if args.run_dir and not Path(args.run_dir).is_dir():
        raise LofiError(f"--run_dir: no such folder. Received: {args.run_dir!r}")
    config = with_hparams(load_config(args.config), args.hparams) if args.config else None
    with quiet.imports():
        from lofi_tf import backends, export
    path = backends.train_folder(args.run_dir) if args.run_dir else Path(args.checkpoint_file)
    model, config = backends.load_model(path, config)
    where = export.place(args.output_dir, args.name or config.name, args.version)
    run_dir = args.run_dir or backends.run_above(path)
    said = {name: getattr(args, name) for name in ("summary", "data", "licence", "precision")}
    facts = export.facts_of_run(run_dir, model.steps_trained, **said)
    folder = export.export(model, config, where, facts)
    say(f"Wrote {folder}")
