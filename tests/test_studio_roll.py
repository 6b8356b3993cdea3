"""What is done with notes by hand in the studio: roll, infill, drumify, drags, arrangement."""

import base64
import re
import time

import pytest

from lofi_tf.music.midi import read_midi
from tests.midi_builder import meta, midi, off, on, track
from tests.studio_browser import REASON, browser, needs_browser, opened, page, studio  # noqa: F401

playwright = pytest.importorskip("playwright.sync_api", reason=REASON)
expect = playwright.expect
pytestmark = needs_browser
KICK, SNARE, HAT = 36, 38, 42
ROWS = (
    "ride",
    "crash",
    "high tom",
    "mid tom",
    "low tom",
    "open hat",
    "closed hat",
    "snare",
    "kick",
)
# Where a cell of the roll is: as wide and high as js/roll/editor.js makes it where all fits in.
CELL = """([beat, beats, row]) => {
  const view = document.querySelector(".roll-view"), box = view.getBoundingClientRect();
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
  const across = (view.clientWidth - 5.75 * rem) / beats;
  const lane = document.querySelector(".infill") ? 0 : 4 * rem;
  const free = (view.clientHeight - 1.5 * rem - lane) / 9;
  const high = Math.max(1.25 * rem, Math.min(2.75 * rem, free));
  return [box.left + 1 + 5.75 * rem + (beat + 0.1) * across,
    box.top + 1 + 1.5 * rem + (row + 0.7) * high - view.scrollTop];
}"""
DRAG = """([selector, kind]) => {
  const data = new DataTransfer(), element = document.querySelector(selector);
  element.dispatchEvent(new DragEvent("dragstart", { dataTransfer: data, bubbles: true }));
  return data.getData(kind);
}"""
DROP = """([text, name]) => {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const data = new DataTransfer();
  data.items.add(new File([bytes], name, { type: "audio/midi" }));
  const zone = document.querySelector(".drop-zone"), seen = [];
  for (const kind of ["dragenter", "dragover", "drop"]) {
    const event = new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true });
    document.getElementById("tray").dispatchEvent(event);
    seen.push(zone.hidden);
  }
  return seen;
}"""


def beat(*notes, bars=2):
    hits = [[start, 0.1, pitch, velocity] for start, pitch, velocity in notes]
    drums = {"name": "drums", "part": "drums", "program": 0, "is_drum": True, "notes": hits}
    return {"qpm": 84, "beats": 4.0 * bars, "beats_per_bar": 4, "tracks": [drums]}


PLAYED = beat((0.02, KICK, 101), (1.03, SNARE, 90), (2.0, KICK, 95), (7.0, SNARE, 88))


@pytest.fixture
def clip(studio):  # noqa: F811
    return studio.add("by hand", PLAYED)


def show(page, clip, view="clip", selector=None):  # noqa: F811
    """Puts a clip in focus."""
    page.evaluate(
        """async ([id, view]) => {
          const { store } = await import("/page/js/store.js");
          const { api } = await import("/page/js/api.js");
          if (!store.clip(id)) await api.session();
          store.select(id);
          store.update({ view });
        }""",
        [clip["id"], view],
    )
    page.wait_for_selector(selector or f".roll-view[aria-label='Notes of {clip['name']}']")
    page.wait_for_timeout(120)  # a frame, in which it measures itself


def cell(page, at, row, beats=8):  # noqa: F811
    return page.evaluate(CELL, [at, beats, ROWS.index(row)])


def saved(studio, clip, version):  # noqa: F811
    """The hits, [(beat, pitch, velocity)], in the file of a version, once it is there."""
    for _ in range(100):
        (now,) = (one for one in studio.clips() if one["id"] == clip["id"])
        if now["version"] == version:
            break
        time.sleep(0.03)
    assert now["version"] == version
    piece = read_midi((studio.folder / now["file"]).read_bytes())
    quarter = 60 / piece.tempos[0].qpm
    hits = [(round(n.start_time / quarter, 2), n.pitch, n.velocity) for n in piece.notes]
    return sorted(hits)


def test_a_hit_that_is_clicked_dragged_and_removed_is_so_in_the_file(studio, page, clip):  # noqa: F811
    show(page, clip)
    page.mouse.click(*cell(page, 2.5, "closed hat"))
    assert (2.5, HAT, 90) in saved(studio, clip, 2)
    x, y = cell(page, 2.5, "closed hat")
    to = cell(page, 3.5, "open hat")
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(*to, steps=4)
    page.mouse.up()
    assert (3.5, 46, 90) in saved(studio, clip, 3)
    page.mouse.click(*cell(page, 3.5, "open hat"), button="right")
    left = saved(studio, clip, 4)
    assert left == [(0.02, KICK, 101), (1.03, SNARE, 90), (2.0, KICK, 95), (7.0, SNARE, 88)]


def test_keys_put_a_hit_in_and_say_so_and_undo_takes_it_out(studio, page, clip):  # noqa: F811
    show(page, clip)
    page.locator(".roll-view").focus()
    for key in ("ArrowDown", *["ArrowRight"] * 4, "Enter", "+"):  # the cursor begins at the snare
        page.keyboard.press(key)
    assert (1.0, KICK, 95) in saved(studio, clip, 3)
    told = page.locator(".roll [role=status]")
    assert told.inner_text() == "bar 1 beat 2, kick, velocity 95"
    page.keyboard.press("Control+z")
    assert (1.0, KICK, 90) in saved(studio, clip, 2)
    page.keyboard.press("Control+z")
    assert len(saved(studio, clip, 1)) == 4
    expect(told).to_have_text("bar 1 beat 2, kick, empty")


def test_a_velocity_is_drawn_in_one_step(studio, page, clip):  # noqa: F811
    show(page, clip)
    box = page.locator(".roll-view").bounding_box()
    x, _ = cell(page, 2.0, "kick")
    page.mouse.move(x, box["y"] + box["height"] - 8)
    page.mouse.down()
    page.mouse.move(x, box["y"] + box["height"] - 40, steps=5)
    page.mouse.up()
    velocities = {(start, pitch): velocity for start, pitch, velocity in saved(studio, clip, 2)}
    assert 60 < velocities.pop((2.0, KICK)) < 95
    assert velocities == {(0.02, KICK): 101, (1.03, SNARE): 90, (7.0, SNARE): 88}


def test_a_bar_is_chosen_by_its_number_and_emptied_and_stays(studio, page, clip):  # noqa: F811
    show(page, clip)
    x, _ = cell(page, 5.0, "ride")
    page.mouse.click(x, page.locator(".roll-view").bounding_box()["y"] + 12)
    expect(page.locator(".roll [role=status]")).to_contain_text("bar 2 beat 4, snare")
    page.locator(".roll-view").focus()
    page.keyboard.press("Delete")
    assert [start for start, *_ in saved(studio, clip, 2)] == [0.02, 1.03, 2.0]
    assert next(one["bars"] for one in studio.clips() if one["id"] == clip["id"]) == 2


def test_what_is_painted_is_drawn_anew_and_nothing_else(studio, page):  # noqa: F811
    hats = [(n / 2, HAT, 70) for n in range(32)]
    rest = [(n * 2.0, KICK, 100) for n in range(8)] + [(n * 2.0 + 1, SNARE, 90) for n in range(8)]
    clip = studio.add("to paint", beat(*hats, *rest, bars=4))  # noqa: F811
    show(page, clip, "infill")
    page.mouse.move(*cell(page, 9.0, "closed hat", 16))
    page.mouse.down()
    page.mouse.move(*cell(page, 15.0, "snare", 16), steps=4)
    page.mouse.up()
    assert page.locator(".infill-told").inner_text() == "Bars 3 to 4: closed hi-hat, snare"
    before = len(studio.clips())
    page.get_by_role("button", name="Draw them anew").click()
    page.wait_for_selector(".infill-top .main:enabled")
    made = studio.clips()[before]
    assert (made["tool"], made["made_from"]) == ("infill", [clip["id"]])
    assert made["options"]["bars"] == "3-4"
    hits = saved(studio, made, 1)
    kicks = [start for start, pitch, _ in hits if pitch == KICK]
    early = [(start, pitch) for start, pitch, _ in hits if start < 7.9]
    assert kicks == [n * 2.0 for n in range(8)]
    assert early == sorted((start, pitch) for start, pitch, _ in hats + rest if start < 7.9)


def test_taps_by_keys_are_answered_with_a_beat(studio, page):  # noqa: F811
    page.evaluate(
        "import('/page/js/store.js').then(({ store }) => store.update({ view: 'drumify' }))"
    )
    studio.call("PATCH", "/api/session", {"qpm": 160})
    page.locator(".setting-line select").select_option("1")
    before = len(studio.clips())
    page.get_by_role("button", name="Start").click()
    expect(page.locator(".pad-word")).to_have_text(re.compile(r"^1\."))
    for key in ("Enter", " ", "a"):
        page.keyboard.press(key)
        page.wait_for_timeout(120)
    expect(page.locator(".tap-dot")).to_have_count(3)
    page.wait_for_selector(".drumify-told:has-text('plays from the next bar')")
    (made,) = studio.clips()[before:]
    assert (made["tool"], made["part"], made["bars"]) == ("drumify", "drums", 1)
    assert saved(studio, made, 1)


def test_a_dropped_midi_file_becomes_a_clip(studio, page):  # noqa: F811
    notes = track(
        (0, meta(0x03, b"lead")), (0, on(60)), (480, off(60)), (0, on(64)), (480, off(64))
    )
    text = base64.b64encode(midi(notes)).decode()
    before = len(studio.clips())
    assert page.evaluate(DROP, [text, "from outside.mid"]) == [False, False, True]
    expect(page.locator("#said")).to_contain_text("from outside")
    (made,) = studio.clips()[before:]
    assert saved(studio, made, 1) == [(0.0, 60, 90), (1.0, 64, 90)]


def test_a_card_is_dragged_out_as_its_file(studio, page, clip):  # noqa: F811
    show(page, clip)
    url = page.evaluate(DRAG, [f".card[data-id='{clip['id']}'] [draggable=true]", "DownloadURL"])
    kind, name, address = url.split(":", 2)
    assert (kind, name) == ("audio/midi", "by hand.mid")
    assert address == f"{studio.address}/api/clips/{clip['id']}/file?version=1"


def test_the_wav_button_is_dragged_out_as_a_render(studio, page, clip):  # noqa: F811
    show(page, clip)
    url = page.evaluate(DRAG, [".clip-buttons a.audio", "DownloadURL"])
    kind, name, address = url.split(":", 2)
    assert (kind, name) == ("audio/wav", "by hand.wav")
    render = f"{studio.address}/api/clips/{clip['id']}/render?preset=tape&format=wav"
    assert address.partition("&version")[0] == render


def test_clips_on_lanes_are_kept_as_one(studio, page, clip):  # noqa: F811
    show(page, clip)
    page.evaluate(
        "import('/page/js/store.js').then(({ store }) => store.update({ view: 'arrange' }))"
    )
    page.get_by_role("button", name="Add by hand to drums").click()
    block = page.locator(".block")
    block.focus()
    page.keyboard.press("d")
    expect(block).to_have_count(2)
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(".block[data-bar='3']")
    page.keyboard.press("Control+z")
    page.wait_for_selector(".block[data-bar='2']")
    before = len(studio.clips())
    page.get_by_role("button", name="Keep as one clip").click()
    page.wait_for_selector(".roll-view[aria-label='Notes of Arrangement']")
    (made,) = studio.clips()[before:]
    hits = saved(studio, made, 1)
    assert [start for start, *_ in hits] == [0.02, 1.03, 2, 7, 8.02, 9.03, 10, 15]


def generated(studio, tool):  # noqa: F811
    """A clip of a tool."""
    job = studio.call("POST", f"/api/tools/{tool}", {"inputs": [], "options": {}, "seed": 1})["job"]
    done = studio.call("GET", f"/api/jobs/{job['id']}?wait=30")
    assert done["state"] == "done"
    return done["clips"][0]


def test_what_is_locked_stays_and_the_rest_is_drawn_anew(studio, page):  # noqa: F811
    drums, melody = generated(studio, "generate"), generated(studio, "melody")
    placed = {"drums": [[0, drums]], "bass": [], "chords": [], "melody": [[0, melody], [2, melody]]}
    wanted = {"lanes": placed, "locked": []}
    studio.call("PATCH", "/api/session", {"arrangement": wanted})
    page.evaluate(
        "import('/page/js/store.js').then(({ store }) => store.update({ view: 'arrange' }))"
    )
    expect(page.locator(".block")).to_have_count(3)
    page.get_by_role("button", name="Lock drums").click()
    expect(page.locator(".lane.is-locked")).to_have_count(1)
    page.get_by_role("button", name="Draw the rest anew").click()
    expect(page.locator(f".block[data-clip={melody}]")).to_have_count(0)
    lanes = studio.call("GET", "/api/session")["arrangement"]["lanes"]
    assert lanes["drums"] == [[0, drums]]
    (first, second), made = lanes["melody"], studio.clips()[-1]
    assert (first[1], second[1], made["tool"]) == (made["id"], made["id"], "melody")
    assert made["seed"] != 1


def test_the_map_is_walked_by_keys_and_what_sounds_is_kept(studio, page):  # noqa: F811
    melody = generated(studio, "melody")
    show(page, {"id": melody, "name": studio.clips()[-1]["name"]}, "map", ".map-plane")
    told, plane = page.locator(".map-told"), page.locator(".map-plane")
    expect(plane).to_have_attribute("aria-busy", "false", timeout=30_000)
    page.get_by_role("button", name="Walk").click()
    plane.focus()
    for key in ("ArrowRight", "Enter", "ArrowRight", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    expect(told).to_contain_text("Move between them")
    page.get_by_role("slider", name="B", exact=True).fill("25")
    page.get_by_role("button", name="Keep as a clip").click()
    expect(told).to_have_text("Walk 75A 25B is kept as a clip")
    made = studio.clips()[-1]
    assert (made["name"], made["part"], made["kind"]) == ("Walk 75A 25B", "melody", "notes")
    assert saved(studio, made, 1)


def test_edits_in_quick_succession_are_all_kept_each_a_step(studio, page, clip):  # noqa: F811
    show(page, clip)
    page.locator(".roll-view").focus()
    for key in ["ArrowDown", *["ArrowRight", "Enter", "+"] * 6]:
        page.keyboard.press(key)
    hits = saved(studio, clip, 13)
    assert [hit for hit in hits if hit[2] == 95 and hit[0] < 1.6] == [
        (n * 0.25, KICK, 95) for n in range(1, 7)
    ]
    expect(page.locator(".roll [role=status]")).to_contain_text("velocity 95")


def test_an_edit_that_is_refused_is_taken_back(studio, page, clip, opened):  # noqa: F811
    show(page, clip)
    page.route(
        "**/notes",
        lambda route: route.abort() if route.request.method == "PUT" else route.continue_(),
    )
    page.locator(".roll-view").focus()
    page.keyboard.press("Enter")
    told = page.locator(".roll [role=status]")
    expect(page.locator("#alarm")).to_contain_text("does not answer")
    expect(told).to_have_text("bar 1 beat 1, snare, empty")
    page.unroute("**/notes")
    page.keyboard.press("Enter")
    assert (0.0, SNARE, 90) in saved(studio, clip, 2)
    opened[1].clear()  # the browser tells of requests that fail
