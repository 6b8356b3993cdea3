"""`lofi_attributes`: the directions of a model's latent that `--attribute` goes along."""

import argparse
from pathlib import Path

from lofi_tf.cli.flags import Parser, check_flags, command, log
from lofi_tf.errors import LofiError


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command's flags."""
    parser = Parser("lofi_attributes", __doc__)
    flag = parser.add_argument
    flag("--model", help="folder that lofi_train or lofi_export wrote, name or address")
    flag("--examples_path", help="records to compare, as lofi_train takes them")
    flag("--output", help="where to write (default: attributes.npz beside the model)")
    return parser


def _run(args: argparse.Namespace) -> None:
    check_flags(args, ("model", "examples_path"))
    is_address = "://" in args.model
    if is_address and not args.output:
        raise LofiError("--output is missing: there is no folder of a served model to write to")
    from lofi_tf import quiet
    from lofi_tf.saving.hub import find_model

    args.model = find_model(args.model)
    with quiet.imports():
        from lofi_tf.backends.open import open_backend
        from lofi_tf.data.storage.sources import load_examples
        from lofi_tf.generation import attributes
    backend = open_backend(args.model)
    attributes.check_measurable(backend.config)
    settings = {**backend.config.data.converter, "mode": "eval"}
    examples = load_examples(args.examples_path, None, "train", settings, log=log)
    found = attributes.attributes_of(backend, examples)
    path = Path(args.output) if args.output else attributes.attributes_path(args.model)
    attributes.save_attributes(found, path, backend.config.name)
    for name, one in found.items():
        print(f"{name:12} {one.low:8.3f} {one.high:8.3f} {one.num_examples:8}")
    log(f"Wrote {len(found)} attributes of {len(examples)} examples to {path}.")


main = command(build_parser, _run)
