"""The studio behind an address: uvicorn over the app."""

import contextlib
import errno
import gc
import importlib
import logging
import socket
import threading
import warnings
import webbrowser
from collections.abc import Callable
from pathlib import Path

import uvicorn

from lofi_tf.errors import LofiError
from lofi_tf.studio.app import build_app
from lofi_tf.studio.studio import Studio

LATER = ("lofi_tf.rendering.render", "lofi_tf.html.latent_map")  # rooms that take long to import
GRACE_SECONDS = 1  # for answers that are on their way when it ends


class Server(uvicorn.Server):
    """A server that lets its listeners go when it is to end.

    Args:
        config: uvicorn's.
        studio: that is served.
        ready: is called once it answers.
    """

    def __init__(self, config: uvicorn.Config, studio: Studio, ready: Callable[[], None]):
        super().__init__(config)
        self._studio, self._ready = studio, ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begins to answer."""
        await super().startup(sockets)
        if self.started:
            self._ready()

    def handle_exit(self, sig: int, frame: object) -> None:
        """Ends it, at a signal."""
        self._studio.events.close()
        super().handle_exit(sig, frame)


def serve(
    folder: str | Path, host: str, port: int, say: Callable[[str], None], browser: bool
) -> None:
    """Serves a studio until it is stopped.

    Args:
        folder: of the session.
        host: where to listen.
        port: there; 0 is any that is free.
        say: is told the address.
        browser: whether to open it.

    Raises:
        LofiError: a port that is taken, or a folder that cannot be used.
    """
    bound = bound_socket(host, port)
    with contextlib.closing(bound):
        studio = Studio(folder)
        with contextlib.closing(studio):
            address = address_of(host, bound.getsockname()[1])

            def ready() -> None:
                _beside(_warm, studio)
                kept = studio.session.folder.path
                say(f"lofi_studio is at {address} (Ctrl-C ends it; session: {kept})")
                if browser:
                    _beside(webbrowser.open, address)

            warnings.simplefilter("ignore")  # clips and jobs tell what matters
            Server(config_of(build_app(studio, host)), studio, ready).run(sockets=[bound])


def config_of(app: Callable[..., object]) -> uvicorn.Config:
    """Returns how an app is served: without a word of uvicorn's."""
    return uvicorn.Config(
        app,
        log_config=None,
        log_level=logging.CRITICAL,
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        h11_max_incomplete_event_size=64 * 1024,
    )


def bound_socket(host: str, port: int) -> socket.socket:
    """Returns a socket that is bound to an address.

    Raises:
        LofiError: the port is taken, or the address is none of this machine.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
    except OSError as error:
        raise LofiError(f"--host is no address of this machine. Received: {host!r}") from error
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen(512)
    except OSError as error:
        bound.close()
        if error.errno == errno.EADDRINUSE:
            raise LofiError(
                f"port {port} is taken: give another --port, 1024 to 65535, or 0 for a free one"
            ) from error
        raise LofiError(f"cannot listen at {host}, port {port}: {error.strerror}") from error
    return bound


def address_of(host: str, port: int) -> str:
    """Returns where a browser of this machine finds it."""
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{name}:{port}/"


def _beside(work: Callable[..., object], *given: object) -> None:
    """Does something while the server answers."""
    threading.Thread(target=work, args=given, daemon=True).start()


def _warm(studio: Studio) -> None:
    """Opens the models that are asked first, so that the first press is quick too."""
    with contextlib.suppress(LofiError):  # told where it is asked for
        studio.models.warm_up()
    for room in LATER:
        importlib.import_module(room)
    gc.freeze()
