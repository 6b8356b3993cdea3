"""A studio of its own and a real Chromium that uses it as a person would."""

import importlib.util
import json
import shutil
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
FLAGS = ("--no-sandbox", "--autoplay-policy=no-user-gesture-required")
COMMAND = "import sys; from lofi_tf.cli.studio import main; sys.exit(main(sys.argv[1:]))"


def missing() -> str | None:
    """What the machine lacks, or None."""
    if not CHROMIUM:
        return "needs a Chromium (Debian: the package chromium)"
    if not importlib.util.find_spec("playwright"):
        return "needs Playwright (pip install playwright)"
    return None


REASON = missing()
needs_browser = pytest.mark.skipif(bool(REASON), reason=REASON or "")


@dataclass(frozen=True)
class Studio:
    """A server that runs, and its session's folder."""

    address: str
    folder: Path

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """What the API answers, from JSON."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.address + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def add(self, name: str, notes: dict) -> dict:
        """A clip of notes."""
        return self.call("POST", f"/api/clips?name={quote(name)}", notes)["clips"][0]

    def clips(self) -> list[dict]:
        return self.call("GET", "/api/session")["clips"]


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    folder = tmp_path_factory.mktemp("session")
    command = [sys.executable, "-c", COMMAND, "--port=0", f"--session={folder}", "--no_browser"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        line = server.stdout.readline()
        address = next(word for word in line.split() if word.startswith("http"))
        yield Studio(address.rstrip("/"), folder)
    finally:
        server.terminate()
        server.wait(20)


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield found
        found.close()


@pytest.fixture(scope="module")
def opened(browser, studio):
    """The studio's page, opened once: (page, what went wrong or was asked outside)."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    wrong: list[str] = []
    shown = context.new_page()
    shown.on("pageerror", lambda error: wrong.append(str(error)))
    shown.on("console", lambda said: said.type == "error" and wrong.append(said.text))
    shown.on("request", lambda asked: _is_outside(asked.url, studio) and wrong.append(asked.url))
    shown.goto(studio.address)
    shown.wait_for_selector("body[data-ready]")
    yield shown, wrong
    context.close()


@pytest.fixture
def page(opened):
    """The studio's page, as the test before has left it; what goes wrong on it fails the test."""
    shown, wrong = opened
    wrong.clear()
    yield shown
    assert wrong == []


def _is_outside(url: str, studio: Studio) -> bool:
    return not url.startswith((studio.address, "data:", "blob:"))
