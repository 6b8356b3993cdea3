"""The studio's page in a real Chromium: what is pressed is heard, and kept over a reload."""

# ruff: noqa: F811

import importlib.util
import re

import pytest

from tests.studio_browser import REASON, browser, needs_browser, opened, page, studio  # noqa: F401

expect = pytest.importorskip("playwright.sync_api", reason=REASON).expect
pytestmark = needs_browser
needs_axe = pytest.mark.skipif(
    not importlib.util.find_spec("axe_playwright_python"),
    reason="needs axe-core (pip install axe-playwright-python)",
)
CHOSEN, PLAYS = re.compile("is-chosen"), re.compile("is-playing")


@pytest.fixture
def cards(page):
    """The cards of at least four beats; nothing plays."""
    found = page.locator(".card")
    if not found.count():
        page.click(".empty button.main")
        expect(found).to_have_count(4)
        expect(found.first).to_have_class(PLAYS)
        page.locator(".transport-main button").click()
    expect(page.locator(".card.is-playing")).to_have_count(0)
    return found


def names(page):
    return [field.input_value() for field in page.locator(".card-name").all()]


def is_starred(page, name):
    expect(page.get_by_role("button", name=f"Star {name}")).to_have_attribute(
        "aria-pressed", "true"
    )


def test_press_makes_clips_that_play_and_lie_in_the_folder(page, cards, studio):
    before = cards.count()
    page.click('.rail-tool[data-tool="generate"]')
    page.click("#panel button.main")
    expect(cards).to_have_count(before + 4)
    assert len(list((studio.folder / "clips").glob("*.mid"))) == before + 4
    expect(cards.first).to_have_class(PLAYS)
    expect(page.locator(".place")).not_to_have_text("1.1")
    page.locator(".transport-main button").click()
    expect(cards.first).not_to_have_class(PLAYS)


def test_keys_choose_play_star_delete_and_undo(page, cards):
    before = names(page)
    page.locator(".card-face").first.focus()
    page.keyboard.press("ArrowRight")
    second = cards.nth(1)
    expect(second).to_have_class(CHOSEN)
    page.keyboard.press("Enter")
    expect(second).to_have_class(PLAYS)
    page.keyboard.press("Space")
    expect(second).not_to_have_class(PLAYS)
    page.keyboard.press("s")
    is_starred(page, before[1])
    page.keyboard.press("Delete")
    expect(cards).to_have_count(len(before) - 1)
    page.keyboard.press("Control+z")
    expect(cards).to_have_count(len(before))
    assert names(page) == before


def test_name_star_and_tempo_are_there_after_a_reload(page, cards):
    count = cards.count()
    page.locator(".card-face").nth(2).click()
    page.keyboard.press("F2")
    page.keyboard.press("Control+a")
    page.keyboard.type("Late rain")
    page.keyboard.press("Enter")
    expect(page.locator(".clip-name")).to_have_value("Late rain")
    page.locator(".card-face").nth(2).press("s")
    is_starred(page, "Late rain")
    with page.expect_response("**/api/session"):
        page.fill("#qpm", "91")
        page.keyboard.press("Enter")
    page.reload()
    page.wait_for_selector("body[data-ready]")
    expect(cards).to_have_count(count)
    assert names(page)[2] == "Late rain"
    is_starred(page, "Late rain")
    expect(page.locator("#qpm")).to_have_value("91")


def test_undo_of_a_message_goes_with_the_next_change(page, cards):
    """What it would take back after that is another change than the one that it tells of."""
    count = cards.count()
    page.locator(".card-face").first.click()
    page.keyboard.press("Delete")
    expect(cards).to_have_count(count - 1)
    offer = page.locator("#toasts button", has_text="Undo")
    expect(offer).to_have_count(1)
    page.keyboard.press("Control+z")
    expect(cards).to_have_count(count)
    expect(offer).to_have_count(0)


def test_tempo_out_of_bounds_shows_what_it_has_become(page, cards):
    page.fill("#qpm", "9999")
    page.keyboard.press("Enter")
    expect(page.locator("#qpm")).to_have_value("240")


def test_clip_of_no_tool_tells_what_it_is_made_of(page, cards):
    of = page.evaluate(
        """() => fetch("/api/session").then((answer) => answer.json()).then(async ({clips}) => {
            const notes = await (await fetch(`/api/clips/${clips[0].id}/notes`)).text();
            const headers = { "Content-Type": "application/json" };
            const address = `/api/clips?name=Both&made_from=${clips[0].id}`;
            await fetch(address, { method: "POST", body: notes, headers });
            return clips[0].name;
        })"""
    )
    page.locator(".card-face[aria-label^='Both']").click()
    expect(page.locator(".clip-origin")).to_have_text(f"Made of {of}")


@pytest.mark.parametrize("width", [1280, 1400])
def test_buttons_of_cards_are_within_them(page, cards, width):
    page.set_viewport_size({"width": width, "height": 800})
    page.locator(".card-face").first.hover()
    card, tools = (page.locator(which).first.bounding_box() for which in (".card", ".card-tools"))
    page.set_viewport_size({"width": 1280, "height": 800})
    assert tools["x"] + tools["width"] <= card["x"] + card["width"]


def test_what_is_refused_is_told_in_one_line(page, opened):
    _, wrong = opened
    page.click('.rail-tool[data-tool="bass"]')
    page.fill('[data-field="chords"] input', "Hm7")
    page.click("#panel button.main")
    expect(page.locator("#alarm")).to_contain_text("Hm7")
    assert len(wrong) == 1 and "the server responded with a status of 4" in wrong[0]
    wrong.clear()  # Chromium itself writes what is refused to the console


@needs_axe
@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (390, "dark")])
def test_page_is_for_all(page, cards, width, theme):
    from axe_playwright_python.sync_playwright import Axe

    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    expect(page.locator("html")).to_have_attribute("data-theme", theme)
    page.locator(".card-face").first.click()
    page.locator(".roll").wait_for()
    found = Axe().run(page).response["violations"]
    grave = [one for one in found if one["impact"] in ("serious", "critical")]
    assert [(one["id"], one["nodes"][0]["html"]) for one in grave] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
