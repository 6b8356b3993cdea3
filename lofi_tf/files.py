"""Files that appear only when whole."""

import os
import re
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit
from urllib.request import url2pathname

import yaml

from lofi_tf.errors import LofiError

SERVERS = ("http", "https", "grpc")  # of models
NOT_HERE = "a file must be on a disk of this machine, or mounted there"
_HOME = re.compile(r"(^|,)(~[^/,]*)")
_SCHEME = re.compile(r"(?:^|,)([A-Za-z][A-Za-z0-9+.-]+)://")
_REMOTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")  # of a scheme, as paths write it too


@contextmanager
def atomic_write(path: str | Path) -> Iterator[BinaryIO]:
    """Opens a file beside `path` for writing and renames it to `path` at a clean exit.

    Folders that are missing are made, and gone again at another exit if nothing else is in them.
    """
    path = Path(path)
    missing = [folder for folder in path.parents if not folder.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        with open(beside, "wb") as file:
            yield file
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        with suppress(OSError):
            for folder in missing:
                folder.rmdir()
        raise


def write_file(path: str | Path, content: str | bytes) -> None:
    """Writes a file, text as UTF-8; it appears only when whole."""
    with atomic_write(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)


def write_yaml(path: str | Path, values: Mapping[str, Any]) -> None:
    """Writes plain values as YAML, in their order."""
    write_file(path, yaml.safe_dump(dict(values), sort_keys=False))


def read_yaml(path: str | Path, loader: type = yaml.SafeLoader) -> Any:
    """Returns what a YAML file holds.

    Raises:
        LofiError: it cannot be read, or is no YAML.
    """
    try:
        return yaml.load(Path(path).read_text(encoding="utf-8"), loader)
    except OSError as error:
        raise LofiError(f"cannot read {path}: {error.strerror}") from error
    except (yaml.YAMLError, ValueError) as error:  # no such date is a ValueError
        raise LofiError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from error


def local_path(text: str) -> str:
    """Returns a path as a person writes it, or several: `~` is the home folder, `file://` nothing.

    Addresses of servers stay as they are.

    Raises:
        LofiError: a place that is on no disk of this machine, such as `gs://`.
    """
    text = _HOME.sub(lambda found: found[1] + os.path.expanduser(found[2]), text)
    for scheme in re.findall(_SCHEME, text):
        if scheme.lower() not in ("file", *SERVERS):
            raise LofiError(f"{NOT_HERE}. Received: {text!r}")
    if text.lower().startswith("file://"):
        return url2pathname(urlsplit(text).path)
    return text


def check_file(path: str | Path) -> None:
    """Refuses what is no file that could be read.

    Raises:
        LofiError: a folder, or nothing of that name.
    """
    if Path(path).is_dir():
        raise LofiError(f"it is a folder, a file is wanted. Received: {str(path)!r}")
    if not Path(path).exists():
        raise LofiError(f"no such file. Received: {str(path)!r}")


def check_writable(path: str | Path) -> None:
    """Refuses a file that could not be written later; makes nothing.

    Raises:
        LofiError: it is a folder, or its folder cannot be written to or made.
    """
    if _REMOTE.match(str(path)):
        raise LofiError(f"{NOT_HERE}. Received: {str(path)!r}")
    path = Path(path).absolute()
    if path.is_dir():
        raise LofiError(f"cannot write {path}: it is a folder")
    folder = path.parent
    while not os.path.lexists(folder):
        folder = folder.parent
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise LofiError(f"cannot write to {folder}: {error.strerror}") from error
