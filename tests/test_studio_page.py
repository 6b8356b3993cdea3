"""The studio's page in a real Chromium: what is pressed is heard, and kept over a reload."""

import dataclasses
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
FLAGS = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
START = "from lofi_tf.cli.studio import main; main()"
SECONDS = 20

sync_api = pytest.importorskip(
    "playwright.sync_api", reason="needs Playwright: pip install playwright"
)
axe_api = pytest.importorskip(
    "axe_playwright_python.sync_playwright",
    reason="needs axe-core: pip install axe-playwright-python",
)
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="needs Chromium (Debian: the package chromium)"
)


@dataclasses.dataclass(frozen=True)
class Studio:
    """A studio that runs, its page, and what went wrong there."""

    address: str
    folder: Path
    page: Any
    wrong: list[str]

    def cards(self) -> Any:
        return self.page.locator(".card")

    def press(self, tool: str) -> None:
        self.page.click(f'.rail-tool[data-tool="{tool}"]')
        self.page.click("#panel button.main")

    def open(self) -> None:
        self.page.goto(self.address)
        self.page.wait_for_selector("body[data-ready]")


def _watch(page: Any, address: str) -> list[str]:
    wrong: list[str] = []

    def outside(request: Any) -> None:
        if not request.url.startswith((address, "blob:", "data:")):
            wrong.append(f"asks {request.url}")

    def said(message: Any) -> None:
        if message.type in ("error", "warning"):
            wrong.append(message.text)

    page.on("console", said)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", outside)
    return wrong


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    folder = tmp_path_factory.mktemp("studio") / "rainy"
    flags = ["--port=0", f"--session={folder}", "--no_browser"]
    command = [sys.executable, "-c", START, *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        address = re.search(r"http://\S+", server.stdout.readline()).group()
        with sync_api.sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            page = browser.new_page(
                viewport={"width": 1280, "height": 800}, reduced_motion="reduce"
            )
            page.set_default_timeout(SECONDS * 1000)
            running = Studio(address, folder, page, _watch(page, address))
            running.open()
            yield running
            browser.close()
        server.terminate()


@pytest.fixture(autouse=True)
def nothing_wrong(studio):
    """No test leaves an error in the console, nor a request outside."""
    yield
    assert studio.wrong == []


@pytest.fixture(scope="module")
def beats(studio):
    """The studio after its first press: four beats."""
    studio.page.click(".empty button.main")
    sync_api.expect(studio.cards()).to_have_count(4)
    return studio


def test_press_makes_clips_that_lie_in_the_folder_and_plays_the_first(beats):
    assert len(list((beats.folder / "clips").glob("*.mid"))) == 4
    first = beats.cards().first
    sync_api.expect(first).to_have_class(re.compile("is-playing"))
    sync_api.expect(beats.page.locator(".place")).not_to_have_text("1.1")
    beats.page.locator(".transport-main button").click()
    sync_api.expect(first).not_to_have_class(re.compile("is-playing"))


def test_keys_choose_play_star_delete_and_undo(beats):
    page, expect = beats.page, sync_api.expect
    names = [field.input_value() for field in page.locator(".card-name").all()]
    page.locator(".card-face").first.focus()
    page.keyboard.press("ArrowRight")
    second = beats.cards().nth(1)
    expect(second).to_have_class(re.compile("is-chosen"))
    page.keyboard.press("Enter")
    expect(second).to_have_class(re.compile("is-playing"))
    page.keyboard.press("Space")
    expect(second).not_to_have_class(re.compile("is-playing"))
    page.keyboard.press("s")
    expect(second.get_by_role("button", name=f"Star {names[1]}")).to_have_attribute(
        "aria-pressed", "true"
    )
    page.keyboard.press("Delete")
    expect(beats.cards()).to_have_count(3)
    page.keyboard.press("Control+z")
    expect(beats.cards()).to_have_count(4)
    assert [field.input_value() for field in page.locator(".card-name").all()] == names


def test_names_tempo_and_stars_are_there_after_a_reload(beats):
    page, expect = beats.page, sync_api.expect
    page.locator(".card-face").nth(2).click()
    page.keyboard.press("F2")
    page.keyboard.press("Control+a")
    page.keyboard.type("Late rain")
    page.keyboard.press("Enter")
    page.locator(".card-face").nth(2).press("s")
    page.fill("#qpm", "91")
    page.keyboard.press("Enter")
    expect(page.locator(".clip-name")).to_have_value("Late rain")
    expect(page.get_by_role("button", name="Star Late rain")).to_have_attribute(
        "aria-pressed", "true"
    )
    beats.open()
    expect(beats.cards()).to_have_count(4)
    expect(page.locator(".card-name").nth(2)).to_have_value("Late rain")
    expect(page.locator("#qpm")).to_have_value("91")
    expect(page.get_by_role("button", name="Star Late rain")).to_have_attribute(
        "aria-pressed", "true"
    )


def test_what_is_refused_is_told_in_one_line(beats):
    page = beats.page
    page.click('.rail-tool[data-tool="bass"]')
    page.fill('[data-field="chords"] input', "Hm7")
    before = len(beats.wrong)
    page.click("#panel button.main")
    sync_api.expect(page.locator("#alarm")).to_contain_text("Hm7")
    refused = [line for line in beats.wrong[before:] if "422" in line or "400" in line]
    del beats.wrong[before:]
    assert len(refused) == 1  # the browser itself writes each refusal to the console


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (390, "dark")])
def test_page_is_for_all(beats, width, theme):
    beats.page.set_viewport_size({"width": width, "height": 800})
    beats.page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    sync_api.expect(beats.page.locator("html")).to_have_attribute("data-theme", theme)
    beats.page.locator(".card-face").first.click()
    beats.page.locator(".roll").wait_for()
    found = axe_api.Axe().run(beats.page).response["violations"]
    grave = [one for one in found if one["impact"] in ("serious", "critical")]
    assert [(one["id"], one["nodes"][0]["html"]) for one in grave] == []
    assert beats.page.evaluate("document.documentElement.scrollWidth") <= width
