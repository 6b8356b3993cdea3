"""The session folder: plain MIDI, WAV and YAML files, each of which appears only when whole."""

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import yaml

from lofi_tf.errors import LofiError
from lofi_tf.files import read_yaml, write_file
from lofi_tf.studio.problems import Refused

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

CLIPS, PLANS, TRASH, CACHE = "clips", "plans", "trash", "cache"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NAME = re.compile(r"clips/((\d{4,9})-[a-z0-9_]+?)(?:-v(\d+))?(\.mid|\.wav)")


class Folder:
    """A session folder, held by one studio at a time.

    Args:
        path: is made where it is missing.

    Raises:
        LofiError: another studio has it open, or it cannot be written to.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path).expanduser().absolute()
        try:
            for name in (CLIPS, PLANS, TRASH, CACHE):
                (self.path / name).mkdir(parents=True, exist_ok=True)
            self._lock = _locked(self.path)
            for rest in self.path.glob("*/.*.part"):
                rest.unlink(missing_ok=True)
        except OSError as error:
            raise LofiError(f"cannot write to {self.path}: {error.strerror}") from error

    def close(self) -> None:
        """Lets another studio have it."""
        self._lock.close()

    def read(self, name: str) -> Any:
        """Returns what a YAML file holds; None where there is none."""
        path = self.path / name
        return read_yaml(path, _LOADER) if path.is_file() else None

    def write(self, name: str, content: str | bytes) -> None:
        """Writes a file, which appears only when whole."""
        write_file(self.path / name, content)

    def new_file(self, number: int, word: str, ending: str) -> str:
        """Returns the name of a clip's first file."""
        return f"{CLIPS}/{number:04d}-{word}{ending}"

    def next_file(self, file: str) -> str:
        """Returns the name of the file that takes the place of one when a clip is edited."""
        versions = [self.version_of(f"{CLIPS}/{path.name}") for path in self.files_like(file)]
        stem, ending = _parts(file)
        return f"{CLIPS}/{stem}-v{max([1, *versions]) + 1}{ending}"

    def version_of(self, file: str) -> int:
        """Returns the version of a clip that a file is."""
        match = _NAME.fullmatch(file)
        return int(match[3] or 1) if match else 1

    def files_like(self, file: str) -> list[Path]:
        """Returns all files of the clip that one is of, those in the trash too."""
        stem, ending = _parts(file)
        found = []
        for folder in (CLIPS, TRASH):
            for pattern in (f"{stem}{ending}", f"{stem}-v*{ending}"):
                found += (self.path / folder).glob(pattern)
        return found

    def file(self, file: str, version: int | None = None) -> Path:
        """Returns where a file of a clip lies.

        Raises:
            Refused: it has no such version, or the file is gone.
        """
        stem, ending = _parts(file)
        if version is not None:
            file = f"{CLIPS}/{stem}{f'-v{version}' if version > 1 else ''}{ending}"
        path = self.path / file
        if not path.is_file():
            raise Refused(404, f"there is no such file any more. Received: {Path(file).name}")
        return path

    def discard(self, file: str) -> None:
        """Moves all files of a clip into the trash."""
        self._move(file, TRASH)

    def restore(self, file: str) -> None:
        """Moves all files of a clip out of the trash."""
        self._move(file, CLIPS)

    def last_number(self) -> int:
        """Returns the highest number of a clip's files."""
        names = [path.name for name in (CLIPS, TRASH) for path in (self.path / name).iterdir()]
        return max([0, *(int(n.partition("-")[0]) for n in names if re.match(r"\d{4,9}-", n))])

    def _move(self, file: str, to: str) -> None:
        for path in self.files_like(file):
            with contextlib.suppress(OSError):  # what stays is there after the next start too
                os.replace(path, self.path / to / path.name)

    @contextlib.contextmanager
    def beside(self, ending: str) -> Iterator[Path]:
        """Gives a name of a temporary file in the folder, which is gone afterwards."""
        path = self.path / CACHE / f".{os.urandom(8).hex()}{ending}"
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)


def _parts(file: str) -> tuple[str, str]:
    match = _NAME.fullmatch(file)
    if not match:
        raise LofiError(f"no file of a clip. Received: {file!r:.80}")
    return match[1], match[4]


def _locked(path: Path) -> BinaryIO:
    """Returns the folder's lock file, open; the system lets go of it when the process ends."""
    lock = open(path / ".lock", "ab")  # noqa: SIM115 - open as long as the session is
    if fcntl is not None:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.close()
            raise LofiError(
                f"another lofi_studio has this session open: close it, or give another --session. "
                f"Received: {path}"
            ) from error
    return lock
