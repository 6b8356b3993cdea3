"""Runs of tools: two threads, one for what is quick and one for what takes long."""

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future

from lofi_tf.errors import LofiError
from lofi_tf.studio import shapes
from lofi_tf.studio.problems import Refused, line_of

MOST_WAITING = 256  # of each kind
MOST_KEPT = 500  # jobs that are done and still told of
TOLD_SECONDS = 0.1  # between two tellings of how far a job is


class Stopped(Exception):
    """A job that is to end."""


class Job:
    """One run of a tool.

    Args:
        number: of the job.
        tool: that runs.
        work: does it, told of the job; returns ids of clips.
        changed: is told after each change.

    Attributes:
        finished: is done when the job is, whatever came of it.
    """

    def __init__(
        self,
        number: int,
        tool: str,
        work: Callable[["Job"], list[str]],
        changed: Callable[["Job"], None],
    ):
        self.id, self.tool, self.finished = f"j{number}", tool, Future[None]()
        self._work, self._changed = work, changed
        self._stop, self._begun, self._told = threading.Event(), time.monotonic(), 0.0
        self._state, self._error, self._turn = "waiting", None, threading.Lock()
        self._done, self._total, self._text, self._seconds = 0, 0, "", 0.0
        self._clips: list[str] = []

    def shape(self) -> shapes.Job:
        """Returns it as the API tells of it."""
        waiting = not self.finished.done()
        return shapes.Job(
            id=self.id,
            tool=self.tool,
            state=self._state,
            done=self._done,
            total=self._total,
            text=self._text,
            error=self._error,
            clips=list(self._clips),
            seconds=round(time.monotonic() - self._begun if waiting else self._seconds, 3),
        )

    def progress(self, done: int, total: int, text: str = "") -> None:
        """Says how far it is; ends the job where that is wished.

        Raises:
            Stopped: somebody has stopped it.
        """
        if self._stop.is_set():
            raise Stopped
        self._done, self._total, self._text = done, total, text
        now = time.monotonic()
        if now - self._told >= TOLD_SECONDS:
            self._told = now
            self._changed(self)

    @property
    def is_stopped(self) -> bool:
        """Whether it is to end."""
        return self._stop.is_set()

    def stop(self) -> None:
        """Ends it: at once while it waits, else at the next step of its work."""
        with self._turn:
            self._stop.set()
            waits = self._state == "waiting"
            self._state = "stopped" if waits else self._state
        if waits:
            self._end("stopped")

    def run(self) -> None:
        """Does the work, unless it is stopped."""
        with self._turn:
            if self._stop.is_set():
                return
            self._state = "running"
        self._changed(self)
        try:
            self._clips = self._work(self)
            self._end("done")
        except Stopped:
            self._end("stopped")
        except LofiError as error:
            self._end("failed", str(error))
        except MemoryError:
            self._end("failed", "there is not enough memory for this")
        except Exception as error:  # noqa: BLE001 - a page is told of whatever went wrong
            self._end("failed", f"this could not be done: {type(error).__name__}: {error}")

    def _end(self, state: str, error: str | None = None) -> None:
        self._state, self._error = state, error and line_of(error)
        self._seconds = time.monotonic() - self._begun
        self._work = _nothing  # lets go of what it was given
        if not self.finished.done():
            self.finished.set_result(None)
        self._changed(self)


class Jobs:
    """Takes jobs and runs them.

    Args:
        changed: is told of each change of a job, by any thread.
    """

    def __init__(self, changed: Callable[[Job], None]):
        self._changed, self._lock, self._count = changed, threading.Lock(), 0
        self._jobs: dict[str, Job] = {}
        self._queues = {slow: queue.Queue[Job](MOST_WAITING) for slow in (False, True)}
        for slow, line in self._queues.items():
            name = "studio-long" if slow else "studio-quick"
            threading.Thread(target=_serve, args=[line], name=name, daemon=True).start()

    def submit(self, tool: str, work: Callable[[Job], list[str]], is_slow: bool) -> Job:
        """Returns a new job, which waits for its turn.

        Raises:
            Refused: as many as may wait do.
        """
        with self._lock:
            self._count += 1
            job = Job(self._count, tool, work, self._changed)
            try:
                self._queues[is_slow].put_nowait(job)
            except queue.Full:
                raise Refused(
                    429,
                    f"{MOST_WAITING} jobs wait already, which is the most: ask again in a while",
                    {"Retry-After": "2"},
                ) from None
            self._jobs[job.id] = job
            self._forget()
        self._changed(job)
        return job

    def job(self, name: str) -> Job:
        """Returns a job.

        Raises:
            Refused: there is none of that name, or it was long ago.
        """
        with self._lock:
            if name not in self._jobs:
                raise Refused(404, f"there is no such job, or no longer. Received: {name!r:.40}")
            return self._jobs[name]

    def all(self) -> list[Job]:
        """Returns all that are still known, the oldest first."""
        with self._lock:
            return list(self._jobs.values())

    def _forget(self) -> None:
        done = [name for name, job in self._jobs.items() if job.finished.done()]
        for name in done[: max(0, len(done) - MOST_KEPT)]:
            del self._jobs[name]


def _serve(line: "queue.Queue[Job]") -> None:
    while True:
        line.get().run()


def _nothing(job: Job) -> list[str]:
    return []
