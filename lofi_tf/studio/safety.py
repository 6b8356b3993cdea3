"""What stands before the app: who may ask, how much and how long; headers of every answer.

A page of another site that is open in the same browser can send requests to this machine. It
cannot read the answers, unless its name is made to point here (DNS rebinding), and it cannot
change anything, for its origin is another one.
"""

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from lofi_tf.studio.problems import answer

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

MOST_BYTES = 8 * 2**20  # of a body of JSON
MOST_UPLOAD_BYTES = 64 * 2**20
MOST_UPLOADS = 2  # at once; others wait
BODY_SECONDS = 60.0  # for a whole body
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
LOOPBACK = ("127.0.0.1", "localhost", "::1")
POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "worker-src 'self' blob:",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


class Guard:
    """Refuses what does not come from here, and bounds what comes.

    Args:
        app: that answers what is let through.
        host: that the server is bound to.
    """

    def __init__(self, app: Callable[..., Awaitable[None]], host: str):
        self.app, self.host, self._uploads = app, host, asyncio.Semaphore(MOST_UPLOADS)

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Answers a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        send = _with_headers(send)
        refused = self._refusal(scope, headers)
        if refused is not None:
            await answer(*refused)(scope, receive, send)
            return
        upload = scope["method"] == "POST" and scope["path"] == "/api/clips"
        most = MOST_UPLOAD_BYTES if upload else MOST_BYTES
        told = headers.get("content-length", "0")
        if not told.isdecimal() or int(told) > most:
            await answer(413, _too_large(most, told))(scope, receive, send)
            return
        if scope["method"] in SAFE_METHODS:
            await self.app(scope, receive, send)
            return
        async with self._uploads if upload else contextlib.nullcontext():
            body = await _body(receive, most)
            if isinstance(body, tuple):
                await answer(*body)(scope, receive, send)
            elif body is not None:
                await self.app(scope, _again(body, receive), send)

    def _refusal(self, scope: Any, headers: Mapping[str, str]) -> tuple[int, str] | None:
        """Returns status and line where a request is not let through."""
        host = headers.get("host", "")
        if not self.is_ours(host):
            return 403, f"this address is not answered: open {self.host}. Received: {host!r:.80}"
        if headers.get("sec-fetch-site") == "cross-site" and scope["path"] != "/":
            return 403, "another site asks: open the studio's own page"
        origin = headers.get("origin")
        if origin is not None and scope["method"] not in SAFE_METHODS:
            if origin.lower() != f"http://{host.lower()}":
                return 403, f"another site asks: allowed is http://{host}. Received: {origin!r:.80}"
        return None

    def is_ours(self, host: str) -> bool:
        """Says whether a Host header names this server: by a number or a name that is its own."""
        try:
            parts = urlsplit(f"//{host}")
            name, _ = parts.hostname, parts.port  # a port that is none is a ValueError
        except ValueError:
            return False
        if not name or any(sign in host for sign in "/@?#\\"):
            return False
        if name in LOOPBACK or name == self.host.lower():
            return True
        if self.host in LOOPBACK:
            return False
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return name == socket.gethostname().lower()
        return True


def _too_large(most: int, received: object) -> str:
    return f"a body may have {most} bytes ({most >> 20} MiB). Received: {received!s:.40}"


async def _body(receive: Receive, most: int) -> bytes | tuple[int, str] | None:
    """Returns a whole body; status and line where it is too large or slow; None if nobody waits."""
    try:
        return await asyncio.wait_for(_read(receive, most), BODY_SECONDS)
    except asyncio.TimeoutError:  # of Python 3.10 another than the built-in one
        return 408, f"the body must come within {BODY_SECONDS:g} seconds"


async def _read(receive: Receive, most: int) -> bytes | tuple[int, str] | None:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if len(body) > most:
            return 413, _too_large(most, f"{len(body)} or more")
        if not message.get("more_body"):
            return bytes(body)


def _again(body: bytes, receive: Receive) -> Receive:
    """Returns what gives a body that has come, and then waits for the client to leave."""
    given = False

    async def give() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return give


def _with_headers(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = {name.lower() for name, _ in message.get("headers", ())}
            added = [(k.encode(), v.encode()) for k, v in HEADERS.items() if k.encode() not in own]
            message["headers"] = [*message.get("headers", ()), *added]
        await send(message)

    return sent
