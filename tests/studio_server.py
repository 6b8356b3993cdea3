"""A studio behind a real address, in this process, and what asks it."""

import contextlib
import http.client
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from lofi_tf.studio.app import build_app
from lofi_tf.studio.server import Server, bound_socket, config_of
from lofi_tf.studio.studio import Studio

BEAT = {
    "qpm": 90.0,
    "beats": 16.0,
    "beats_per_bar": 4.0,
    "tracks": [
        {
            "name": "Drums",
            "part": "drums",
            "program": 0,
            "is_drum": True,
            "notes": [[float(beat), 0.25, 38 if beat % 2 else 36, 100] for beat in range(16)]
            + [[beat / 2, 0.25, 42, 70] for beat in range(32)],
        }
    ],
}


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> str:
        """The line of an error, which is nothing but that."""
        assert list(self.json) == ["error"] and 400 <= self.status < 500, (self.status, self.body)
        return self.json["error"]


class Client(NamedTuple):
    """Asks a studio."""

    port: int
    studio: Studio

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Sends bytes as they are, other values as JSON."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None and not isinstance(body, bytes):
            body, sent = json.dumps(body).encode(), {"Content-Type": "application/json", **sent}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            told = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, told, answer.read())

    def run(self, tool: str, *inputs: Any, seed: int | None = 1, **options: Any) -> list[dict]:
        """The clips that a tool makes; inputs are ids of clips or notes."""
        given = [{"clip" if isinstance(one, str) else "notes": one} for one in inputs]
        asked = {"inputs": given, "options": options, "seed": seed}
        started = self.call("POST", f"/api/tools/{tool}", asked)
        assert started.status == 202, started.body
        job = self.call("GET", f"/api/jobs/{started.json['job']['id']}?wait=60").json
        assert job["state"] == "done", job
        clips = {clip["id"]: clip for clip in self.session["clips"]}
        return [clips[name] for name in job["clips"]]

    def add(self, notes: dict = BEAT, name: str = "beat") -> dict:
        """A clip of notes."""
        return self.call("POST", f"/api/clips?name={name}", notes).json["clips"][0]

    def file(self, clip: dict) -> bytes:
        return (self.studio.session.folder.path / clip["file"]).read_bytes()

    @property
    def session(self) -> dict:
        return self.call("GET", "/api/session").json


@contextlib.contextmanager
def served(folder: Path) -> Iterator[Client]:
    """A studio that answers, until the end."""
    bound, ready = bound_socket("127.0.0.1", 0), threading.Event()
    studio = Studio(folder)
    server = Server(config_of(build_app(studio)), studio, ready.set)
    thread = threading.Thread(target=server.run, args=[[bound]])
    thread.start()
    try:
        assert ready.wait(20)
        yield Client(bound.getsockname()[1], studio)
    finally:
        studio.close()
        server.should_exit = True
        thread.join(20)
        bound.close()


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """A studio of the module's own."""
    with served(tmp_path_factory.mktemp("session")) as found:
        yield found
