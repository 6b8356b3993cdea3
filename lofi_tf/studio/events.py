"""What happens in the studio, told to the pages that listen: server-sent events.

A listener that is slow gets the newest of each thing, so that what waits for it stays small.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable

from lofi_tf.studio.problems import Refused

MOST_LISTENERS = 64
PULSE_SECONDS = 15.0  # between comments that keep a silent connection open


class Listener:
    """One connection: what it is still to be told, by what it is about."""

    def __init__(self, loop: asyncio.AbstractEventLoop):
        self._loop, self._news = loop, asyncio.Event()
        self._waiting: dict[str, tuple[str, Callable[[], str]]] = {}
        self._lock = threading.Lock()

    def tell(self, about: str, event: str, data: Callable[[], str]) -> None:
        """Puts an event in line, in place of an older one about the same thing; any thread may."""
        with self._lock:
            self._waiting[about] = event, data
        self._loop.call_soon_threadsafe(self._news.set)

    async def next(self) -> list[tuple[str, str]]:
        """Returns events and their data, none where there was nothing for a while."""
        try:
            await asyncio.wait_for(self._news.wait(), PULSE_SECONDS)
        except asyncio.TimeoutError:
            return []
        self._news.clear()
        with self._lock:
            found, self._waiting = list(self._waiting.values()), {}
        return [(event, data()) for event, data in found]


class Events:
    """All that listen."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()
        self._lock = threading.Lock()
        self._closed = False

    def tell(self, about: str, event: str, data: Callable[[], str]) -> None:
        """Tells everyone; `data` gives one line of JSON when it is sent."""
        with self._lock:
            listeners = list(self._listeners)
        for listener in listeners:
            listener.tell(about, event, data)

    def close(self) -> None:
        """Lets all connections end."""
        self._closed = True
        self.tell("end", "end", lambda: "{}")

    def listen(self) -> Listener:
        """Returns a new listener.

        Raises:
            Refused: there are too many.
        """
        with self._lock:
            if len(self._listeners) >= MOST_LISTENERS:
                raise Refused(
                    429,
                    f"{MOST_LISTENERS} pages listen already, which is the most: close some",
                    {"Retry-After": "5"},
                )
            listener = Listener(asyncio.get_running_loop())
            self._listeners.add(listener)
        return listener

    async def stream(self, listener: Listener) -> AsyncIterator[str]:
        """Yields the text of server-sent events until the studio or the connection is closed."""
        try:
            yield "retry: 1000\n\n"
            while not self._closed:
                news = await listener.next()
                for event, data in news:
                    yield f"event: {event}\ndata: {data}\n\n"
                if not news:
                    yield ": still here\n\n"
        finally:
            with self._lock:
                self._listeners.discard(listener)
