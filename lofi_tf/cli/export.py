"""`lofi_export`: a trained model to a SavedModel for TensorFlow Serving, or to other formats."""

import argparse
from pathlib import Path

from lofi_tf.cli.flags import Parser, command, log
from lofi_tf.errors import LofiError

# Flags that only some formats know, with their defaults there.
OF_FORMATS = {
    "name": (("savedmodel", "magenta", "litert"), None),
    "version": (("savedmodel",), None),
    "precision": (("savedmodel", "litert"), "float32"),
    "litert": (("savedmodel",), "yes"),
    "summary": (("savedmodel",), ""),
    "data": (("savedmodel",), ""),
    "licence": (("savedmodel",), ""),
    "quantization": (("magentajs",), "none"),
}


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command's flags."""
    parser = Parser("lofi_export", __doc__)
    flag = parser.add_argument
    flag("--run_dir", help="folder that lofi_train wrote; its latest checkpoint is taken")
    flag("--checkpoint_file", help="a checkpoint: prefix, folder or .tar, ours or Magenta's")
    flag("--model", help="a SavedModel, its name or folder, to write in another format")
    flag("--config", help="name of a config or YAML file; a run knows its own")
    flag("--hparams", default="", help="overrides of the config, for a checkpoint of other sizes")
    flag(
        "--output_dir",
        help="folder of all models (default: saved_models); of magentajs the folder of this one",
    )
    flag(
        "--format",
        default="savedmodel",
        choices=list(WRITERS),
        help="savedmodel for TensorFlow and TensorFlow Serving (default), litert for phones and C, "
        "magentajs for browsers, magenta for Magenta 2.1.4",
    )
    flag(
        "--quantization",
        choices=["none", "uint8", "uint16", "float16"],
        help="of magentajs: of the stored weights (default: none, float32)",
    )
    flag("--name", help="of the model (default: the config's name)")
    flag("--version", type=int, help="number of the version (default: one more than the latest)")
    flag(
        "--precision",
        choices=["float32", "float16"],
        help="of the stored weights; float16 is half the size (default: float32)",
    )
    flag(
        "--litert",
        choices=["yes", "no"],
        help="whether a SavedModel gets its LiteRT form, which runs without TensorFlow and takes "
        "a minute to write (default: yes)",
    )
    flag("--summary", help="for the model card: what the model makes, in one line")
    flag("--data", help="for the model card: what it was trained on")
    flag("--licence", help="for the model card: licence of the weights")
    return parser


def _run(args: argparse.Namespace) -> None:
    sources = [args.run_dir, args.checkpoint_file, args.model]
    if sources.count(None) != 2:
        raise LofiError("give --run_dir, --checkpoint_file or --model, one of the three")
    if args.hparams and not args.config:
        raise LofiError("--hparams needs --config; a run folder knows its own settings")
    if args.model and args.config:
        raise LofiError("--config is for a checkpoint; an export knows its own")
    if args.model and args.format == "savedmodel":
        raise LofiError("--model is a SavedModel already: give another --format")
    _fill_in(args)
    from lofi_tf import quiet

    if args.run_dir and not Path(args.run_dir).is_dir():
        raise LofiError(f"--run_dir: no such folder. Received: {args.run_dir!r}")
    with quiet.imports():
        from lofi_tf.saving import export  # noqa: F401
    WRITERS[args.format](args, *_open(args))


def _fill_in(args: argparse.Namespace) -> None:
    """Gives flags the defaults of the format, and refuses those that it does not know."""
    for flag, (formats, default) in OF_FORMATS.items():
        given = getattr(args, flag)
        if given is not None and args.format not in formats:
            raise LofiError(
                f"--{flag} is for --format={' and '.join(formats)} alone. Received: "
                f"--format={args.format}"
            )
        if given is None:
            setattr(args, flag, default)


def _open(args: argparse.Namespace) -> tuple:
    """Returns the model, its config, and where it lies: a checkpoint or an export."""
    from lofi_tf.config import load_config
    from lofi_tf.hparams import with_hparams
    from lofi_tf.saving import loading

    config = with_hparams(load_config(args.config), args.hparams) if args.config else None
    path = loading.weights_path(args.model or args.run_dir or args.checkpoint_file)
    return *loading.load_model(path, config), path


def _write_saved_model(args: argparse.Namespace, model, config, path: Path) -> None:
    from lofi_tf.saving import export, loading
    from lofi_tf.training import run_folder

    where = export.place(args.output_dir or "saved_models", args.name or config.name, args.version)
    run_dir = args.run_dir or loading.run_above(path)
    said = {name: getattr(args, name) for name in ("summary", "data", "licence", "precision")}
    facts = run_folder.facts_of_run(run_dir, model.steps_trained, **said)
    folder = export.export(model, config, where, facts, litert=args.litert == "yes")
    log(f"Wrote {folder}")


def _write_litert(args: argparse.Namespace, model, config, path: Path) -> None:
    from lofi_tf.saving.litert import write_file

    if args.output_dir is None:
        raise LofiError("--format=litert needs --output_dir, the folder of its files")
    name = args.name or config.name
    written = write_file(model, config, Path(args.output_dir), name, args.precision)
    log(f"Wrote {written} and {name}.yaml, which says how it is called")


def _write_magenta_js(args: argparse.Namespace, model, config, path: Path) -> None:
    from lofi_tf.interop.magenta_js import export_for_magenta_js
    from lofi_tf.interop.magenta_js_spec import encodes

    if args.output_dir is None:
        raise LofiError("--format=magentajs needs --output_dir, the folder of this model")
    export_for_magenta_js(model, config, args.output_dir, args.quantization)
    log(f"Wrote {args.output_dir}")
    if not encodes(config):
        log("magenta.js has no encoder like this model's: there it samples and decodes, no more")


def _write_magenta(args: argparse.Namespace, model, config, path: Path) -> None:
    from lofi_tf.interop.magenta_export import export_for_magenta, how_to_load

    if args.output_dir is None:
        raise LofiError("--format=magenta needs --output_dir, the folder of its checkpoints")
    name = args.name or config.name
    like = export_for_magenta(model, config, args.output_dir, name, model.steps_trained)
    log(f"Wrote {Path(args.output_dir) / name}.tar and .ckpt.*")
    for line in how_to_load(like, args.output_dir, name):
        log(line)


WRITERS = {
    "savedmodel": _write_saved_model,
    "litert": _write_litert,
    "magentajs": _write_magenta_js,
    "magenta": _write_magenta,
}


main = command(build_parser, _run)
