"""`lofi_models`: the trained models that are here by name, or the model card of one."""

import argparse

from lofi_tf.cli.flags import Parser, run_command
from lofi_tf.errors import LofiError

UNSAID = "not stated"


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command's flags."""
    parser = Parser("lofi_models", __doc__)
    parser.add_argument("name", nargs="?", help="of a model: shows its card and where it lies")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    args = build_parser().parse_args(argv)
    return run_command(lambda: _show(args.name) if args.name else _list())


def _show(name: str) -> None:
    from lofi_tf.saving.hub import CARD, export_in, find_model, is_address

    if is_address(name):
        raise LofiError(f"a served model has no card here. Received: {name!r}")
    export = export_in(find_model(name))
    if export is None:
        raise LofiError(f"{name} is no export, and so has no card: lofi_export writes one")
    card = export / CARD
    if card.is_file():
        print(card.read_text(encoding="utf-8"))
    print(f"Folder: {export.resolve()}")


def _list() -> None:
    from lofi_tf.saving.hub import about, named_models, places

    models = named_models()
    if not models:
        where = ", ".join(str(place) for place in places())
        raise LofiError(f"there is no model in {where}; lofi_export writes them")
    width = max(map(len, models))
    for name, export in models.items():
        said = about(export)
        print(
            f"{name:{width}}  {said.summary or UNSAID}; learned from {said.data or UNSAID}; "
            f"licence {said.licence or UNSAID}; {said.size / 1e6:.1f} MB; {export.resolve()}"
        )
