// Keys as pads and pianos, MIDI in and out, and what a recording's header says.
import assert from "node:assert/strict";
import test from "node:test";
import { Keys, PADS, pitchOf } from "../../lofi_tf/studio/page/js/sound/keys.js";
import { Midi, midiChannel } from "../../lofi_tf/studio/page/js/sound/midi.js";
import { wavSeconds } from "../../lofi_tf/studio/page/js/sound/recordings.js";
import { CHANNELS, channelOf, handOf, stripNumber } from "../../lofi_tf/studio/page/js/sound/strips.js";

function keyboard(part) {
  const played = [], target = new EventTarget();
  const keys = new Keys((note) => played.push(note));
  keys.listen(target);
  keys.setPart(part);
  const press = (code, fields = {}, kind = "keydown") => {
    const event = new Event(kind, { cancelable: true });
    for (const [name, value] of Object.entries({ code, ...fields })) Object.defineProperty(event, name, { value });
    target.dispatchEvent(event);
    return event;
  };
  return { played, press, keys, target };
}

const pitches = (played) => played.map(({ pitch, velocity }) => [pitch, velocity > 0]);

test("pads play drums, once until they are let go", () => {
  const { played, press } = keyboard("drums");
  assert.ok(press("KeyA").defaultPrevented);
  press("KeyA", { repeat: true });
  press("KeyS");
  press("KeyA", {}, "keyup");
  press("KeyQ");
  assert.deepEqual(pitches(played), [[36, true], [38, true], [36, false]]);
});

test("nine pads for the nine drums, no key twice", () => {
  assert.equal(new Set(PADS.map((pad) => pad.code)).size, 9);
  assert.equal(new Set(PADS.map((pad) => pad.pitch)).size, 9);
});

test("shortcuts and typing play nothing", () => {
  const { played, press } = keyboard("drums");
  press("KeyA", { ctrlKey: true });
  press("KeyS", { metaKey: true });
  press("KeyD", { target: { closest: () => ({}) } });
  assert.deepEqual(played, []);
});

test("without a part keys are left alone", () => {
  const { played, press } = keyboard(null);
  assert.ok(!press("KeyA").defaultPrevented);
  assert.deepEqual(played, []);
});

test("a piano begins at C and moves by octaves", () => {
  assert.deepEqual(["KeyA", "KeyW", "KeyJ", "KeyK"].map((code) => pitchOf(code, "melody")), [60, 61, 71, 72]);
  const { played, press } = keyboard("bass");
  press("KeyX");
  press("KeyA");
  press("KeyA", {}, "keyup");
  assert.deepEqual(pitches(played), [[48, true], [48, false]]);
});

test("what is held is let go when the window loses its keys", () => {
  const { played, target, press } = keyboard("chords");
  press("KeyA");
  target.dispatchEvent(new Event("blur"));
  assert.deepEqual(pitches(played), [[48, true], [48, false]]);
});

function devices() {
  const sent = [], input = { id: "i", name: "pad", state: "connected" };
  const output = { id: "o", name: "synth", state: "connected", send: (data, at) => sent.push([...data, at]) };
  const access = { inputs: new Map([["i", input]]), outputs: new Map([["o", output]]) };
  return { sent, input, access };
}

async function withMidi(access, run) {
  const had = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  const requestMIDIAccess = access && (async () => access);
  Object.defineProperty(globalThis, "navigator", { value: { requestMIDIAccess }, configurable: true });
  try {
    return await run();
  } finally {
    Object.defineProperty(globalThis, "navigator", had ?? { value: undefined, configurable: true });
  }
}

test("without WebMIDI nothing is there and nothing fails", () =>
  withMidi(undefined, async () => {
    const midi = new Midi(() => {}, () => {});
    assert.equal(await midi.open(), false);
    assert.deepEqual([midi.inputs, midi.outputs], [[], []]);
    assert.equal(midi.sendTo("o"), false);
    midi.send({ kind: "note", channel: 5, pitch: 36, velocity: 90 }, 0);
  }));

test("a refusal is as no WebMIDI", () =>
  withMidi(null, async () => {
    navigator.requestMIDIAccess = async () => { throw new Error("denied"); };
    assert.equal(await new Midi(() => {}, () => {}).open(), false);
  }));

test("a pad is heard, with the time of its event", () => {
  const { input, access } = devices(), notes = [];
  return withMidi(access, async () => {
    await new Midi((note) => notes.push(note), () => {}).open();
    input.onmidimessage({ data: [0x99, 36, 101], timeStamp: 12 });
    input.onmidimessage({ data: [0x90, 60, 0], timeStamp: 13 });
    input.onmidimessage({ data: [0xb0, 1, 64], timeStamp: 14 });
    assert.deepEqual(notes, [
      { pitch: 36, velocity: 101, isDrum: true, milliseconds: 12 },
      { pitch: 60, velocity: 0, isDrum: false, milliseconds: 13 },
    ]);
  });
});

test("a clip goes to a synthesiser: programs, notes at their times, silence at the end", () => {
  const { sent, access } = devices();
  return withMidi(access, async () => {
    const midi = new Midi(() => {}, () => {}), later = performance.now() + 1000;
    await midi.open();
    midi.setPrograms([[5, 0], [6, 33]]);
    assert.equal(midi.sendTo("o"), true);
    assert.deepEqual(sent.splice(0), [[0xc0, 33, undefined]]);
    midi.send({ kind: "note", channel: 5, pitch: 36, velocity: 90 }, later);
    midi.send({ kind: "off", channel: 6, pitch: 40 }, later + 1);
    assert.deepEqual(sent.splice(0), [[0x99, 36, 90, later], [0x80, 40, 64, later + 1]]);
    midi.sendTo(null);
    assert.equal(sent.filter(([status, control]) => (status & 0xf0) === 0xb0 && control === 123).length, 16);
  });
});

test("a part keeps its MIDI channel from loop to loop, and by hand", () => {
  for (const strip of ["bass", "chords", "melody"]) {
    const channels = [channelOf(strip, 0, 0), channelOf(strip, 0, 1), handOf(strip).channel];
    assert.equal(new Set(channels.map(midiChannel)).size, 1);
  }
  assert.notEqual(midiChannel(channelOf("bass", 0, 0)), midiChannel(channelOf("bass", 1, 0)));
});

test("only drums go to the channel of drums", () => {
  for (let channel = 0; channel < CHANNELS; channel++)
    assert.equal(midiChannel(channel) === 9, stripNumber(channel) === 0);
});

test("a WAV file says how long it is, whatever lies before its samples", () => {
  const bytes = new ArrayBuffer(12 + 24 + 10 + 8 + 400), view = new DataView(bytes);
  const word = (at, text) => [...text].forEach((letter, i) => view.setUint8(at + i, letter.charCodeAt(0)));
  word(0, "RIFF"), word(8, "WAVE"), word(12, "fmt "), view.setUint32(16, 16, true);
  view.setUint32(24, 8000, true), view.setUint16(32, 4, true);
  word(36, "junk"), view.setUint32(40, 1, true); // and a byte that makes it even
  word(46, "data"), view.setUint32(50, 400, true);
  assert.equal(wavSeconds(bytes), 100 / 8000);
  assert.equal(wavSeconds(new ArrayBuffer(100)), null);
});
