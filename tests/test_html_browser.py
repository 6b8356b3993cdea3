"""Pages in a real browser: a headless Chromium opens them, a script uses them as a hand would."""

import json
import re
import shutil
import subprocess

import numpy as np
import pytest
import soundfile

from lofi_tf.backends.open import backend_of_model
from lofi_tf.generation import GenerationConfig
from lofi_tf.html import track_page
from lofi_tf.html.latent_map import latent_map
from lofi_tf.music.sequence_proto import NoteSequence
from tests.grooves import scrambled_model

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--disable-quic"),
    *("--autoplay-policy=no-user-gesture-required", "--window-size=1200,1000"),
)
# Before the page's own scripts: what goes wrong is kept.
WATCH = """<script>
const wrong = [];
addEventListener("error", (event) => wrong.push(String(event.message)), true);
</script>"""
ACT = """<script>
addEventListener("load", async () => {
  const $ = (id) => document.getElementById(id);
  const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
  const at = (canvas, x, y, kind) => {
    const box = canvas.getBoundingClientRect();
    const where = { clientX: box.left + x * box.width, clientY: box.top + y * box.height };
    canvas.dispatchEvent(new PointerEvent(kind, { ...where, bubbles: true, buttons: 1 }));
  };
  const key = (canvas, name) =>
    canvas.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true }));
  const inked = (canvas) => {
    const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    return new Set(new Uint32Array(pixels.buffer)).size;
  };
  const mode = (name) => document.querySelector(`input[value=${name}]`).click();
  const seen = {}, sound = $("sound");
  await sleep(300);
  seen.inked = ["roll", "wave", "plane", "notes"].map((id) => inked($(id)));
  seen.seconds = sound.duration;
  at($("roll"), 0.5, 0.5, "pointerdown");
  at($("roll"), 0.5, 0.5, "click");
  seen.middle = sound.currentTime;
  key($("roll"), "Home");
  seen.home = sound.currentTime;
  $("sections").querySelectorAll("button")[1].click();
  seen.section = sound.currentTime;
  const before = $("told").textContent;
  key($("plane"), "ArrowRight");
  key($("plane"), "ArrowLeft");
  at($("plane"), 0.5, 0.5, "pointerdown");
  await sleep(200);
  seen.told = [before, $("told").textContent];
  seen.playing = $("play").textContent;
  $("play").click();
  await sleep(200);
  seen.stopped = $("play").textContent;
  mode("walk");
  $("to").value = 2;
  $("to").dispatchEvent(new Event("change"));
  seen.walk = [$("walking").hidden, $("step").max, $("told").textContent];
  mode("mix");
  for (let x = 0.3; x < 0.71; x += 0.1) at($("plane"), x, 0.5, "pointerdown");
  seen.mix = $("told").textContent;
  await sleep(200);
  seen.wrong = wrong;
  const told = document.createElement("pre");
  told.id = "seen";
  told.textContent = JSON.stringify(seen);
  document.body.append(told);
});
</script>"""


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A page of a piece of eight seconds with a map of forty points."""
    folder = tmp_path_factory.mktemp("page")
    piece = NoteSequence()
    for number in range(16):
        start = number / 2
        piece.notes.add(pitch=60 + number, start_time=start, end_time=start + 0.4, velocity=80)
    sound = 0.3 * np.sin(np.arange(8 * 22050) * 2 * np.pi * 220 / 22050)
    soundfile.write(folder / "a.wav", sound, 22050)
    backend = backend_of_model(*scrambled_model("groovae_2bar_humanize"))
    found = latent_map(backend, 40, GenerationConfig(temperature=1.0, seed=5, qpm=90), landmarks=4)
    sections = [("verse", 0.0, 4.0), ("hook", 4.0, 8.0)]
    track_page(piece, folder / "a.html", folder / "a.wav", sections, "A", {"key": "C"}, found)
    return folder / "a.html"


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs a Chromium (Debian: the package chromium)")
def test_a_page_is_drawn_and_does_what_it_is_asked(page, tmp_path):
    html = page.read_text().replace("<style>", f"{WATCH}<style>", 1)
    (tmp_path / "b.html").write_text(html.replace("</html>", f"{ACT}</html>"))
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    address = (tmp_path / "b.html").as_uri()
    shown = subprocess.run(
        [CHROMIUM, *FLAGS, profile, "--virtual-time-budget=5000", "--dump-dom", address],
        capture_output=True, text=True, timeout=120, check=True,
    ).stdout  # fmt: skip
    text = re.search(r'<pre id="seen">(.*?)</pre>', shown)
    seen = json.loads(text[1].replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">"))
    assert seen["wrong"] == []
    assert min(seen["inked"]) >= 3  # ground, frame or grid, and what is drawn
    assert seen["seconds"] == pytest.approx(8, abs=0.1)
    assert seen["middle"] == pytest.approx(4, abs=0.1)
    assert (seen["home"], seen["section"]) == (0, 4)
    assert all(told.startswith("point ") for told in seen["told"])
    assert seen["playing"] == "stop" and seen["stopped"] == "play"
    hidden, steps, told = seen["walk"]
    assert not hidden and told.startswith(f"step 0 of {steps}; ")
    assert re.match(r"mix of \d+ % [A-D], ", seen["mix"]), seen["mix"]
