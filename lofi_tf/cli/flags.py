"""What the commands share: flags as absl writes them, and errors as one line."""

import argparse
import sys
from collections.abc import Callable

from lofi_tf.errors import LofiError

EXIT_BAD_INPUT, EXIT_INTERRUPTED = 2, 130
_TRUTHS = {"true": True, "1": True, "t": True, "false": False, "0": False, "f": False}


def add_bool(parser: argparse.ArgumentParser, name: str, default: bool, help: str) -> None:
    """Adds `--name`, `--name=true|false` and `--noname`."""
    parser.add_argument(
        f"--{name}", nargs="?", const=True, default=default, type=_truth, metavar="BOOL", help=help
    )
    parser.add_argument(f"--no{name}", dest=name, action="store_false", help=argparse.SUPPRESS)


def run_command(body: Callable[[], None]) -> int:
    """Runs a command's body; returns its exit code, bad input printed as one line."""
    try:
        body()
    except LofiError as error:
        print(f"error: {error}", file=sys.stderr)
        return EXIT_BAD_INPUT
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"error: {where}{error.strerror or error}", file=sys.stderr)
        return EXIT_BAD_INPUT
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return EXIT_INTERRUPTED
    return 0


def say(line: str) -> None:
    """Prints a line for the person, above any progress line."""
    from tqdm import tqdm

    tqdm.write(line, file=sys.stderr)


def _truth(text: str) -> bool:
    if text.lower() not in _TRUTHS:
        raise argparse.ArgumentTypeError(f"must be true or false. Received: {text!r}")
    return _TRUTHS[text.lower()]
