"""The studio's sound in a real Chromium: loops, seams, recordings, keys and MIDI."""

import base64
import io

import numpy as np
import pytest
import soundfile

from tests.studio_browser import REASON, browser, needs_browser, opened, page, studio  # noqa: F401

pytest.importorskip("playwright.sync_api", reason=REASON)
pytestmark = needs_browser
QPM = 150
DRUMS = [[0, 0.1, 36, 110], [1, 0.1, 38, 100], [1.5, 0.1, 42, 90]]
LOOP = {
    "qpm": QPM, "beats": 2, "beats_per_bar": 2,
    "tracks": [{"name": "Drums", "part": "drums", "program": 0, "is_drum": True, "notes": DRUMS}],
}  # fmt: skip
# Opens the engine, keeps what it tells, and records what goes to the loudspeakers.
OPEN = """async () => {
  const { engine } = await import("/page/js/sound/engine.js");
  await engine.start();
  const context = engine._context, told = [], blocks = [];
  engine.on("note", (note) => told.push(note));
  engine.on("input", (input) => window.inputs.push(input));
  const recorder = context.createScriptProcessor(1024, 2, 2);
  recorder.onaudioprocess = ({ inputBuffer }) => blocks.push(inputBuffer.getChannelData(0).slice());
  engine._node.connect(recorder);
  engine._recordings.level.connect(recorder);
  recorder.connect(context.destination);
  Object.assign(window, { engine, told, blocks, recorder, inputs: [] });
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


@pytest.fixture(scope="module")
def rate(opened):
    """The page's engine, open: the samples a second of its sound."""
    shown, _ = opened
    shown.mouse.click(5, 5)
    found = shown.evaluate(OPEN)
    assert found["state"] == "running"
    return found["rate"]


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


def test_a_stop_does_not_click(page, rate):
    pad = {**LOOP, "tracks": [{"name": "Chords", "part": "chords", "program": 19, "is_drum": False,
                               "notes": [[0, 2, 48, 100]]}]}  # fmt: skip
    after(page, "(loop) => engine.play(loop)", 500, pad)
    page.evaluate("engine.stop()")
    page.wait_for_timeout(400)
    sound = recorded(page)
    assert not page.evaluate("engine.isPlaying")
    last = np.flatnonzero(np.abs(sound) > 1e-4)[-1]
    assert last < len(sound) - 0.1 * rate
    steps = np.abs(np.diff(sound))
    assert steps[last - round(0.01 * rate) :].max() < 0.2 * steps[: last - round(0.1 * rate)].max()


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
