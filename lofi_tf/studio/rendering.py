"""Renders of clips, as `lofi_render` makes them; the last ones lie in the session's cache."""

import os
import tempfile
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lofi_tf.composing.compose import levels_of
from lofi_tf.composing.plan import PARTS, load_plan
from lofi_tf.errors import LofiError
from lofi_tf.files import atomic_write
from lofi_tf.music.song import Song
from lofi_tf.studio import memory
from lofi_tf.studio.clips import piece_of
from lofi_tf.studio.folder import CACHE
from lofi_tf.studio.history import number_of
from lofi_tf.studio.jobs import Job, Jobs
from lofi_tf.studio.keeping import plan_of
from lofi_tf.studio.session import Session
from lofi_tf.studio.shapes import Clip
from lofi_tf.studio.tracks import Tracks

MOST_FILES, MOST_BYTES = 200, 2**30  # of the cache
LOOP_BARS = 8  # songs of several parts that are longer are no loops


class Renders:
    """Makes sounds of clips, each once.

    Args:
        session: whose clips.
        jobs: that they are made in.
        tracks: that have plans.
    """

    def __init__(self, session: Session, jobs: Jobs, tracks: Tracks):
        self._session, self._jobs, self._tracks = session, jobs, tracks
        self._lock, self._running = threading.Lock(), dict[str, Job]()

    def sound(self, clip: Clip, preset: str, ending: str) -> tuple[Path, Job | None]:
        """Returns where the sound of a clip is, and the job that makes it where it is not there."""
        return self._made(
            clip, preset, ending, lambda path, job: self._render(clip, preset, path, job)
        )

    def stems(self, clip: Clip, preset: str) -> tuple[Path, Job | None]:
        """Returns the same of an archive of a clip's parts as WAV files."""
        return self._made(
            clip, preset, ".zip", lambda path, job: self._pack(clip, preset, path, job)
        )

    def _made(
        self, clip: Clip, preset: str, ending: str, make: Callable[[Path, Job], None]
    ) -> tuple[Path, Job | None]:
        if clip.kind != "notes":
            raise LofiError(f"{clip.id} is a sound already: take its file")
        folder = self._session.folder.path / CACHE
        path = folder / f"{clip.id}-v{clip.version}-{preset}{ending}"
        with self._lock:
            if path.is_file():
                os.utime(path)
                return path, None
            running = self._running.get(path.name)
            if running is None or running.finished.done():
                self._running = {n: j for n, j in self._running.items() if not j.finished.done()}
                running = self._jobs.submit("render", lambda job: self._work(path, make, job), True)
                self._running[path.name] = running
        return path, running

    def _work(self, path: Path, make: Callable[[Path, Job], None], job: Job) -> list[str]:
        try:
            make(path, job)
        finally:
            memory.after_render()
        _tidy(path.parent, path)
        return []

    def _render(self, clip: Clip, preset: str, path: Path, job: Job, **more: Any) -> None:
        from lofi_tf.rendering.render import render  # takes half a second: the page is there sooner

        def told(done: int, total: int) -> None:
            job.progress(done, total, "rendering")

        job.progress(0, 1, "rendering")
        if clip.has_plan and clip.version == 1:
            plan = load_plan(plan_of(self._session.folder, number_of(clip.id)))
            track = self._tracks.of(plan, lambda part: job.progress(0, len(PARTS), part))
            levels = {"gain_db": levels_of(plan)}
            render(track.piece, path, preset, plan.seed, values=levels, progress=told, **more)
        else:
            file = self._session.folder.file(clip.file)
            music = piece_of(Song.of_bytes(file.read_bytes()))
            music.sequence_metadata.title = file.stem  # as of a render of the file
            render(music, path, preset, loop=is_loop(clip), progress=told, **more)

    def _pack(self, clip: Clip, preset: str, path: Path, job: Job) -> None:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".stems") as folder:
            stems = Path(folder) / "stems"
            self._render(clip, preset, Path(folder) / "mix.wav", job, stems_dir=stems)
            with atomic_write(path) as file, zipfile.ZipFile(file, "w") as archive:
                for stem in sorted(stems.iterdir()):
                    archive.write(stem, stem.name)


def is_loop(clip: Clip) -> bool:
    """Says whether a clip is to come round."""
    return not clip.has_plan and (clip.part != "song" or clip.bars <= LOOP_BARS)


def _tidy(folder: Path, newest: Path) -> None:
    """Takes away what was heard longest ago, where there is too much."""
    files = sorted(folder.glob("c*-v*"), key=lambda path: path.stat().st_mtime, reverse=True)
    size = 0
    for number, path in enumerate(files):
        size += path.stat().st_size
        if path != newest and (number >= MOST_FILES or size > MOST_BYTES):
            path.unlink(missing_ok=True)
