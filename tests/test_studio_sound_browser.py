"""The studio's sound in a real Chromium: loops, seams, recordings, keys and MIDI.

The page's scripts are served here, under the studio's own policy, beside one that records.
"""

import base64
import io
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import soundfile

import lofi_tf.studio
from lofi_tf.rendering.sound_bank import bank_of
from lofi_tf.rendering.soundfont import SoundFont, default_soundfont
from lofi_tf.studio.mix import mix_of
from tests.studio_browser import REASON, browser, needs_browser  # noqa: F401

pytest.importorskip("playwright.sync_api", reason=REASON)
pytestmark = needs_browser
PAGE = Path(lofi_tf.studio.__file__).parent
QPM = 150
DRUMS = [[0, 0.1, 36, 110], [1, 0.1, 38, 100], [1.5, 0.1, 42, 90]]
LOOP = {
    "qpm": QPM, "beats": 2, "beats_per_bar": 2,
    "tracks": [{"name": "Drums", "part": "drums", "program": 0, "is_drum": True, "notes": DRUMS}],
}  # fmt: skip
# Sends the left channel of what it hears; unlike a script of the page it misses nothing.
RECORDER = """registerProcessor("recorder", class extends AudioWorkletProcessor {
  process([[left]]) {
    this.port.postMessage(left ? left.slice() : new Float32Array(128));
    return true;
  }
});"""
# Opens the engine, keeps what it tells, and records what goes to the loudspeakers.
OPEN = """async () => {
  const { engine } = await import("/page/js/sound/engine.js");
  await engine.start();
  const context = engine._context, told = [], blocks = [], inputs = [];
  await context.audioWorklet.addModule("/recorder.js");
  engine.on("note", (note) => told.push(note));
  engine.on("input", (input) => inputs.push(input));
  const recorder = new AudioWorkletNode(context, "recorder");
  recorder.port.onmessage = ({ data }) => blocks.push(data);
  engine._node.connect(recorder);
  engine._recordings.level.connect(recorder);
  Object.assign(window, { engine, told, blocks, recorder, inputs });
  return { rate: context.sampleRate, state: context.state };
}"""
RECORDED = """() => {
  const samples = new Float32Array(window.blocks.flatMap((block) => [...block]));
  const bytes = new Uint8Array(samples.buffer), size = 8192;
  let text = "";
  for (let at = 0; at < bytes.length; at += size)
    text += String.fromCharCode(...bytes.slice(at, at + size));
  return btoa(text);
}"""


class _Server(BaseHTTPRequestHandler):
    def do_GET(self):  # noqa: N802 - the base class's name
        body, kind = self._found(self.path)
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Security-Policy", "default-src 'self'")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        """Says nothing."""

    def _found(self, path):
        if path == "/recorder.js":
            return RECORDER.encode(), "text/javascript"
        if path.startswith("/api/soundfont/"):
            kind, program = path.split("/")[3:]
            bank = bank_of(SoundFont(default_soundfont()), [(int(program), kind == "drums")])
            return bank, "audio/x-soundfont"
        if path.startswith("/api/mix"):
            return json.dumps(mix_of(path.partition("=")[2])).encode(), "application/json"
        if path.endswith(".js"):
            return (PAGE / path[1:]).read_bytes(), "text/javascript"
        return b"<!doctype html><title>sound</title>", "text/html"


@pytest.fixture(scope="module")
def page(browser):  # noqa: F811
    """A page whose engine is open; what goes wrong on it fails the test that did it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    shown = browser.new_page()
    shown.wrong = []
    shown.on("pageerror", lambda error: shown.wrong.append(str(error)))
    shown.on("console", lambda said: said.type == "error" and shown.wrong.append(said.text))
    shown.goto(f"http://127.0.0.1:{server.server_port}/")
    shown.mouse.click(5, 5)
    shown.opened = shown.evaluate(OPEN)
    yield shown
    shown.close()
    server.shutdown()


@pytest.fixture(autouse=True)
def nothing_goes_wrong(page):
    yield
    assert page.wrong == []


@pytest.fixture
def rate(page):
    """The samples a second of the page's sound."""
    assert page.opened["state"] == "running"
    return page.opened["rate"]


def recorded(page):
    data = base64.b64decode(page.evaluate(RECORDED))
    return np.frombuffer(data, np.float32)


def after(page, script, milliseconds, given=None):
    """Forgets what was told, runs a script, and waits."""
    page.evaluate("told.length = blocks.length = inputs.length = 0")
    page.evaluate(script, given)
    page.wait_for_timeout(milliseconds)


def test_a_loop_comes_round_without_a_seam(page, rate):
    after(page, "(loop) => engine.play(loop)", 2600, LOOP)
    told = page.evaluate("[...told]")
    assert [note["pitch"] for note in told[:6]] == [36, 38, 42, 36, 38, 42]
    turn = 2 * 60 / QPM
    places = np.array([note["beats"] * 60 / QPM for note in told])
    turns = np.repeat(np.arange(len(told) // 3 + 1), 3)[: len(told)] * turn
    late = np.array([note["time"] for note in told]) - turns - places
    assert np.ptp(late) * rate <= 1  # rounded to samples, no more
    assert 0 <= page.evaluate("engine.position()") < 2
    sound = recorded(page)
    size = round(turn * rate)
    hits = np.flatnonzero(np.abs(sound) > 0.02)
    assert np.abs(sound[hits[0] : hits[0] + 2 * size]).max() > 0.1


def test_a_loop_takes_the_place_of_another_and_a_stop_ends_it(page, rate):
    page.evaluate("(loop) => engine.play(loop)", LOOP)
    pad = {"name": "Pad", "part": "chords", "program": 79, "is_drum": False}
    pad = {**LOOP, "tracks": [{**pad, "notes": [[0, 2, 57, 100]]}]}
    after(page, "(loop) => engine.play(loop)", 500, pad)
    assert page.evaluate("told.at(-1).part") == "chords"
    assert np.abs(recorded(page)[-round(0.2 * rate) :]).max() > 0.1
    page.evaluate("engine.stop()")
    page.wait_for_timeout(500)
    assert not page.evaluate("engine.isPlaying")
    assert np.abs(recorded(page)[-round(0.1 * rate) :]).max() < 1e-4


def test_a_mute_silences_its_part_alone(page, rate):
    page.evaluate("engine.mute('drums', true)")
    after(page, "(loop) => engine.play(loop)", 700, LOOP)
    assert np.abs(recorded(page)[round(0.1 * rate) :]).max() < 0.01  # the tape's hiss is left
    page.evaluate("engine.mute('drums', false)")
    after(page, "() => {}", 700)
    assert np.abs(recorded(page)).max() > 0.1
    page.evaluate("engine.stop()")


def test_a_recording_loops_by_its_own_samples(page, rate):
    sound = np.zeros(4801, np.float32)
    sound[100] = 0.9
    file = io.BytesIO()
    soundfile.write(file, sound, int(rate), format="WAV", subtype="FLOAT")
    given = base64.b64encode(file.getvalue()).decode()
    play = """(text) => engine.playSound(
      Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer, { loop: true })"""
    after(page, play, 1200, given)
    page.evaluate("engine.stop()")
    impulses = np.flatnonzero(recorded(page) > 0.5)
    assert len(impulses) > 3 and set(np.diff(impulses)) == {4801}


def test_keys_are_pads_and_their_beats_are_told(page, rate):
    page.evaluate("engine.keysPlay('drums')")
    after(page, "(loop) => engine.play({ ...loop, tracks: [] })", 500, LOOP)
    page.keyboard.press("KeyS")
    page.keyboard.press("Control+KeyS")
    page.wait_for_timeout(400)
    (hit,) = page.evaluate("[...inputs]")
    assert (hit["part"], hit["pitch"]) == ("drums", 38)
    assert 0 < hit["time_beats"] < 60
    assert [note["pitch"] for note in page.evaluate("[...told]")] == [38]
    page.evaluate("engine.keysPlay(null); engine.stop()")


def test_midi_goes_out_in_time_and_comes_in(page, rate):
    devices = """async () => {
      window.sent = [];
      const send = (data, at) => sent.push([...data, at]);
      const output = { id: "o", name: "synth", state: "connected", send };
      window.pad = { id: "i", name: "pad", state: "connected" };
      const access = { inputs: new Map([["i", pad]]), outputs: new Map([["o", output]]) };
      const value = async () => access;
      Object.defineProperty(navigator, "requestMIDIAccess", { value, configurable: true });
      return engine.connectMidi();
    }"""
    assert page.evaluate(devices)["outputs"][0]["name"] == "synth"
    page.evaluate("engine.sendTo('o')")
    after(page, "(loop) => engine.play(loop)", 1500, LOOP)
    page.evaluate("pad.onmidimessage({ data: [0x99, 36, 100], timeStamp: performance.now() })")
    page.wait_for_timeout(200)
    page.evaluate("engine.sendTo(null); engine.stop()")
    ons = [event for event in page.evaluate("[...sent]") if event[0] == 0x99]
    kicks = np.array([at for _, pitch, velocity, at in ons if pitch == 36 and velocity == 110])
    np.testing.assert_allclose(np.diff(kicks), 2 * 60000 / QPM, atol=3)
    (heard,) = page.evaluate("[...inputs]")
    assert (heard["part"], heard["pitch"], heard["velocity"]) == ("drums", 36, 100)
