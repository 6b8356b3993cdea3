"""What the commands share: flags as absl writes them, and errors as one line."""

import argparse
import atexit
import contextlib
import gc
import itertools
import logging
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import NoReturn

from lofi_tf.errors import LofiError, LofiWarning, check_range, near_names, unknown_flags
from lofi_tf.files import local_path
from lofi_tf.saving.hub import RUNTIME, RUNTIMES

EXIT_BAD_INPUT, EXIT_INTERRUPTED = 2, 130
SILENT = ("ERROR", "FATAL")  # levels of --log at which there are errors alone
MISSPELT = 0.9  # how alike a flag is to one of ours, from which on it is not one of Beam's
_FLAG = re.compile(r"--?[A-Za-z]\w*(=.*)?", re.DOTALL)  # neither -3 nor -20dB, which are values
_TRUTHS = {"true": True, "1": True, "t": True, "false": False, "0": False, "f": False}


class Parser(argparse.ArgumentParser):
    """Takes a command's flags, each written out in full; a mistake is one line and exit code 2."""

    def __init__(self, prog: str, description: str | None, **options):
        super().__init__(prog=prog, description=description, allow_abbrev=False, **options)

    def parse_args(self, args: Sequence[str] | None = None, namespace=None) -> argparse.Namespace:
        """Returns the flags; unknown ones end the command before one that is missing does."""
        if unknown := self._unknown(args):
            self.error(str(unknown_flags(unknown, self._option_string_actions)))
        return super().parse_args(args, namespace)

    def parse_known_args(self, args: Sequence[str] | None = None, namespace=None):
        """Returns the flags and all others; those that are nearly known end the command."""
        args = self._with_local_paths(sys.argv[1:] if args is None else args)
        known = self._option_string_actions
        near = [flag for flag in self._unknown(args) if near_names(flag, known, MISSPELT)]
        if near:
            self.error(str(unknown_flags(near, known)))
        return super().parse_known_args(args, namespace)

    def _check_value(self, action: argparse.Action, value) -> None:
        """Refuses a value that is not among a flag's choices, and says which one is near."""
        if action.choices is not None and value not in action.choices:
            choices = [str(choice) for choice in action.choices]
            near = near_names(str(value), choices)
            hint = f" Did you mean {near[0]}?" if near else ""
            allowed = ", ".join(choices)
            raise argparse.ArgumentError(
                action, f"invalid choice.{hint} Allowed: {allowed}. Received: {value!r}"
            )

    def _with_local_paths(self, args: Sequence[str]) -> list[str]:
        """Returns the arguments with `~` as the home folder and `file://` left out, in own flags.

        What lies on no disk of this machine ends the command.
        """
        found, known = [], self._option_string_actions
        for before, arg in zip(["", *args], args, strict=False):
            name, equals, value = arg.partition("=") if arg.startswith("-") else ("", "", arg)
            flag = name or (before if _FLAG.fullmatch(before) and "=" not in before else "")
            if not (value and (not flag or flag in known)):
                found.append(arg)
                continue
            try:
                found.append(name + equals + local_path(value))
            except LofiError as error:
                self.error(f"{flag}: {error}" if flag else str(error))
        return found

    def _unknown(self, args: Sequence[str] | None) -> list[str]:
        args = sys.argv[1:] if args is None else args
        flags = filter(_FLAG.fullmatch, itertools.takewhile(lambda arg: arg != "--", args))
        return [f for f in flags if f.partition("=")[0] not in self._option_string_actions]

    def error(self, message: str) -> NoReturn:
        """Ends the command."""
        self.exit(EXIT_BAD_INPUT, f"{self.prog}: error: {message}; see {self.prog} --help\n")


def add_bool(parser: argparse.ArgumentParser, name: str, default: bool | None, help: str) -> None:
    """Adds `--name`, `--name=true|false` and `--noname`."""
    parser.add_argument(
        f"--{name}", nargs="?", const=True, default=default, type=_truth, metavar="BOOL", help=help
    )
    parser.add_argument(f"--no{name}", dest=name, action="store_false", help=argparse.SUPPRESS)


def add_runtime(flag: Callable[..., object]) -> None:
    """Adds `--runtime`, which `command` hands on to `open_backend` by the environment."""
    flag(
        "--runtime",
        choices=RUNTIMES,
        help="what plays an export; both give the same music (default: litert, where the model has "
        "that form)",
    )


def command(
    build_parser: Callable[[], argparse.ArgumentParser], run: Callable[[argparse.Namespace], None]
) -> Callable[..., int]:
    """Returns the `main` of a command, which runs what its flags ask and returns its exit code."""

    def main(argv: list[str] | None = None) -> int:
        args = build_parser().parse_args(argv)
        if getattr(args, "runtime", None):
            os.environ[RUNTIME] = args.runtime
        return run_command(lambda: run(args))

    return main


def check_flags(args: argparse.Namespace, needed: Sequence[str] = (), **least: int) -> None:
    """Refuses flags that are missing, and numbers below their least or from 2**31 on.

    Raises:
        LofiError: which flag.
    """
    for name in needed:
        if not getattr(args, name):
            raise LofiError(f"--{name} is missing")
    for name, low in least.items():
        if getattr(args, name) is not None:
            check_range(f"--{name}", getattr(args, name), low, 2**31 - 1)


def run_command(body: Callable[[], None]) -> int:
    """Runs a command's body; returns its exit code, bad input and warnings printed as lines."""
    end_at_once()
    try:
        with _warnings_as_lines():
            body()
    except LofiError as error:
        print(f"error: {error}", file=sys.stderr)
        return EXIT_BAD_INPUT
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in ("", "lofi_tf", "pipelines"):
            raise
        print(
            f"error: this needs the package {package}, which is not installed: pip install lofi_tf "
            "brings all; playing needs few (docs/playing.md)",
            file=sys.stderr,
        )
        return EXIT_BAD_INPUT
    except BrokenPipeError:  # of a reader that has seen enough, such as `head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"error: {where}{error.strerror or error}", file=sys.stderr)
        return EXIT_BAD_INPUT
    except KeyboardInterrupt as interrupt:
        # What TensorFlow was tracing is thrown away, of which it would complain at length.
        logging.getLogger("tensorflow").setLevel(logging.CRITICAL)
        print(str(interrupt) or "stopped", file=sys.stderr)
        return EXIT_INTERRUPTED
    return 0


def end_at_once() -> None:
    """Spares a process that ends the search for garbage: a second among TensorFlow's objects."""
    atexit.unregister(gc.freeze)  # which may be there from a command before
    atexit.register(gc.freeze)


@contextlib.contextmanager
def _warnings_as_lines() -> Iterator[None]:
    """Prints our own warnings as `log` does; others go their way."""
    with warnings.catch_warnings():
        others = warnings.showwarning

        def show(message, category, *where):
            if issubclass(category, LofiWarning):
                log(f"warning: {message}")
            else:
                others(message, category, *where)

        warnings.simplefilter("always", LofiWarning)
        warnings.showwarning = show
        yield


def is_verbose(level: str) -> bool:
    """Says whether a level of `--log` lets a command say what it does, and draw progress."""
    return level in ("DEBUG", "INFO")


def logger(level: str) -> Callable[[str], None]:
    """Returns what says how the work goes at a level of `--log`; from ERROR on no warnings show."""
    if level in SILENT:
        warnings.simplefilter("ignore", LofiWarning)
    return log if is_verbose(level) else lambda line: None


def counted(count: int, noun: str) -> str:
    """Returns a number of things, such as `1 file` or `2 files`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def log(line: str) -> None:
    """Prints a line for the person, above any progress line."""
    from tqdm import tqdm

    tqdm.write(line, file=sys.stderr)


def _truth(text: str) -> bool:
    if text.lower() not in _TRUTHS:
        raise argparse.ArgumentTypeError(f"must be true or false. Received: {text!r}")
    return _TRUTHS[text.lower()]
