"""`lofi_studio`: a page on this machine where all that the models do is pressed, heard and kept."""

import argparse

from lofi_tf.cli.flags import Parser, add_bool, command
from lofi_tf.errors import check_range


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command's flags."""
    parser = Parser("lofi_studio", __doc__)
    flag = parser.add_argument
    flag("--port", type=int, default=8765, help="where it is (default: %(default)s); 0 is any free")
    flag(
        "--session",
        default="~/lofi_studio",
        metavar="FOLDER",
        help="where all is kept, as MIDI, WAV and YAML files (default: ~/lofi_studio)",
    )
    flag(
        "--host",
        default="127.0.0.1",
        help="who may ask: this machine alone (default: %(default)s); 0.0.0.0 is the whole "
        "network, without a password",
    )
    add_bool(parser, "no_browser", False, "print the address and open no browser")
    return parser


def _run(args: argparse.Namespace) -> None:
    check_range("--port", args.port, 0, 65535)
    from lofi_tf import quiet

    with quiet.imports():
        from lofi_tf.studio.server import serve
    where = args.session, args.host, args.port
    serve(*where, lambda line: print(line, flush=True), not args.no_browser)


main = command(build_parser, _run)
