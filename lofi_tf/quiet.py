"""Quiet, quicker imports for commands: no start-up lines of TensorFlow and its neighbours."""

import contextlib
import logging
import os
import sys
import warnings
from collections.abc import Iterator, Sequence

# What Keras imports where it finds it, for wrappers, pictures and tables that nothing here uses:
# a second and a half.
_NEEDLESS = ("sklearn", "matplotlib", "pandas")


def silence_tensorflow() -> None:
    """Sets what TensorFlow and Keras read from the environment when they are imported."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")


@contextlib.contextmanager
def imports() -> Iterator[None]:
    """Imports inside this context print nothing; exceptions pass, and all is as before after it.

    TensorFlow's C++ writes to file descriptor 2 whatever its log level, so the descriptor itself
    points elsewhere meanwhile.
    """
    silence_tensorflow()
    with _without(_NEEDLESS), _without_logging(), warnings.catch_warnings(), _null_stderr():
        warnings.simplefilter("ignore")
        yield


@contextlib.contextmanager
def _without(packages: Sequence[str]) -> Iterator[None]:
    """Makes optional packages look absent, but for those that are imported already."""
    hidden = [name for name in packages if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))
    try:
        yield
    finally:
        for name in hidden:
            sys.modules.pop(name, None)


@contextlib.contextmanager
def _without_logging() -> Iterator[None]:
    """Drops log records, and the handler that `logging.warning` adds to a bare root logger."""
    root = logging.getLogger()
    level, handlers = root.manager.disable, list(root.handlers)
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(level)
        root.handlers[:] = handlers


@contextlib.contextmanager
def _null_stderr() -> Iterator[None]:
    try:
        saved = os.dup(2)
    except OSError:  # stderr is closed: there is nothing to keep silent
        yield
        return
    with contextlib.suppress(AttributeError, OSError, ValueError):
        sys.stderr.flush()
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    os.close(null)
    try:
        yield
    finally:
        with contextlib.suppress(AttributeError, OSError, ValueError):
            sys.stderr.flush()
        os.dup2(saved, 2)
        os.close(saved)
