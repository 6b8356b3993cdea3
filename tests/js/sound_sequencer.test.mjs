// Loops that come round: what sounds in which sample.
import assert from "node:assert/strict";
import test from "node:test";
import { loopOf } from "../../lofi_tf/studio/page/js/sound/loop.js";
import { Sequencer } from "../../lofi_tf/studio/page/js/sound/sequencer.js";
import { handOf, stripNumber, stripOf } from "../../lofi_tf/studio/page/js/sound/strips.js";

const RATE = 48000, BLOCK = 128;
const drums = (...notes) => ({ part: "drums", program: 0, is_drum: true, notes });
const pad = (...notes) => ({ part: "chords", program: 4, is_drum: false, notes });
const clip = (tracks, beats = 4, qpm = 60) => ({ qpm, beats, beats_per_bar: 4, tracks });

// Everything that happens in some seconds, block by block.
function played(sequencer, from, seconds) {
  const found = [];
  for (let at = from; at < from + seconds * RATE; at += BLOCK)
    for (const event of sequencer.between(at, at + BLOCK)) {
      assert.ok(event.at >= at && event.at < at + BLOCK);
      found.push(event);
    }
  return found;
}

const ons = (events) => events.filter((event) => event.kind === "on");
const inBeats = (events, qpm = 60) => events.map((event) => (event.at / RATE) * (qpm / 60));

function started(notes, qpm) {
  const sequencer = new Sequencer(RATE), loop = loopOf(notes);
  sequencer.start(loop, 0, qpm ?? loop.qpm);
  return sequencer;
}

test("ten minutes of turns drift by no more than half a sample", () => {
  const qpm = 83.7, sequencer = started(clip([drums([0, 0.1, 36, 90], [2.37, 0.1, 38, 90])], 4, qpm));
  const hits = ons(played(sequencer, 0, 600));
  assert.ok(hits.length > 400);
  hits.forEach((hit, number) => {
    const beat = Math.floor(number / 2) * 4 + (number % 2 ? 2.37 : 0);
    assert.ok(Math.abs(hit.at - ((beat * 60) / qpm) * RATE) <= 0.5);
  });
});

test("a note ahead of the beginning is heard ahead of every turn, of the first too", () => {
  const hits = ons(played(started(clip([drums([-0.25, 0.1, 36, 90], [1, 0.1, 38, 90])])), 0, 9));
  assert.deepEqual(hits.map((hit) => hit.pitch), [36, 38, 36, 38, 36]);
  assert.deepEqual(inBeats(hits), [0, 1.25, 4, 5.25, 8]);
});

test("a note near the end stays there", () => {
  const hits = ons(played(started(clip([drums([3.98, 0.1, 36, 90], [0, 0.1, 38, 90])])), 0, 8.2));
  assert.deepEqual(inBeats(hits).map((beat) => Math.round(beat * 100) / 100), [0, 3.98, 4, 7.98, 8]);
});

test("a note that rings over the seam is let go in the next turn", () => {
  const events = played(started(clip([pad([3, 2, 60, 80])])), 0, 6);
  assert.deepEqual(events.map((event) => [event.kind, event.at / RATE]), [["on", 3], ["off", 5]]);
});

test("a note shorter than a sample begins before it ends", () => {
  const events = played(started(clip([drums([1, 0, 36, 90])])), 0, 2);
  assert.deepEqual(events.map((event) => event.kind), ["on", "off"]);
  assert.ok(events[1].at > events[0].at);
});

test("the next loop begins at the bar, its early notes before, the last loop's not", () => {
  const sequencer = started(clip([pad([0, 3.5, 60, 80], [-0.5, 0.2, 62, 80]), drums([3.9, 0.05, 36, 90])]));
  const first = played(sequencer, 0, 1.6);
  sequencer.exchange(loopOf(clip([drums([-0.25, 0.1, 42, 90], [0, 0.1, 38, 90])])), true, 1.6 * RATE);
  const rest = played(sequencer, 1.6 * RATE, 8);
  assert.deepEqual(ons(first).map((hit) => hit.pitch), [62, 60]);
  // The loop's first beat is half a beat late, for what is ahead of it; its bar ends at 4.5.
  const heard = ons(rest).map((hit) => [hit.pitch, hit.at / RATE]);
  assert.deepEqual(heard, [[42, 4.25], [36, 4.4], [38, 4.5], [42, 8.25], [38, 8.5]]);
  assert.deepEqual(rest.filter((event) => event.kind === "off" && event.pitch === 60).map((event) => event.at / RATE), [4]);
});

test("what the last loop holds is let go where the next begins", () => {
  const sequencer = started(clip([pad([0, 9, 60, 80])], 8));
  played(sequencer, 0, 1);
  sequencer.exchange(loopOf(clip([drums([1, 0.1, 38, 90])])), true, RATE);
  const off = played(sequencer, RATE, 4).find((event) => event.kind === "off" && event.pitch === 60);
  assert.equal(off.at, 4 * RATE);
});

test("a loop that is edited goes on from where it is", () => {
  const sequencer = started(clip([drums([0, 0.1, 36, 90], [3, 0.1, 38, 90])]));
  played(sequencer, 0, 6);
  sequencer.exchange(loopOf(clip([drums([0, 0.1, 36, 90], [1, 0.1, 40, 90], [3, 0.1, 38, 90])])), false, 6 * RATE);
  const hits = ons(played(sequencer, 6 * RATE, 4));
  assert.deepEqual(hits.map((hit) => [hit.pitch, hit.at / RATE]), [[38, 7], [36, 8], [40, 9]]);
});

test("a change of tempo keeps the place", () => {
  const sequencer = started(clip([drums([0, 0.1, 36, 90], [2, 0.1, 38, 90])]));
  played(sequencer, 0, 1);
  sequencer.setQpm(120, RATE);
  const hits = ons(played(sequencer, RATE, 3));
  assert.deepEqual(hits.map((hit) => [hit.pitch, hit.at / RATE]), [[38, 1.5], [36, 2.5], [38, 3.5]]);
});

test("the metronome counts beats and marks bars", () => {
  const sequencer = started({ qpm: 60, beats: 3, beats_per_bar: 3, tracks: [] });
  sequencer.metronome = true;
  const clicks = played(sequencer, 0, 5).filter((event) => event.kind === "click");
  assert.deepEqual(clicks.map((click) => [click.at / RATE, click.accent]), [[0, true], [1, false], [2, false], [3, true], [4, false]]);
});

test("stopping lets everything go", () => {
  const sequencer = started(clip([pad([0, 3, 60, 80], [0, 3, 64, 80])]));
  played(sequencer, 0, 1);
  assert.deepEqual(sequencer.stop(RATE).map((event) => [event.kind, event.pitch]), [["off", 60], ["off", 64]]);
  assert.deepEqual(played(sequencer, RATE, 4), []);
});

test("a loop without a length lasts whole bars", () => {
  assert.equal(loopOf({ qpm: 90, beats_per_bar: 4, tracks: [pad([3, 1.5, 60, 80])] }).beats, 8);
});

test("parts have strips of their own, tracks channels of their own", () => {
  const named = (name, program = 0) => stripOf({ name, program, is_drum: false });
  assert.deepEqual(["Bass", "E-piano chords", "Lead", "Strings"].map((name) => named(name)), ["bass", "chords", "melody", "other"]);
  assert.equal(named("", 33), "bass");
  assert.equal(stripOf({ part: "melody", name: "Bass", is_drum: false }), "melody");
  const { programs } = loopOf(clip([pad(), pad(), drums()]));
  assert.equal(new Set([...programs.map(([channel]) => channel), handOf("chords").channel]).size, 4);
  assert.deepEqual(programs.map(([channel]) => stripNumber(channel)), [2, 2, 0]);
});

test("a loop that follows brings its tempo", () => {
  const sequencer = started(clip([drums([0, 0.1, 36, 90])]));
  played(sequencer, 0, 1);
  sequencer.exchange(loopOf(clip([drums([0, 0.1, 38, 90], [1, 0.1, 42, 90])])), true, RATE, 120);
  const hits = ons(played(sequencer, RATE, 5.2));
  assert.deepEqual(hits.map((hit) => [hit.pitch, hit.at / RATE]), [[38, 4], [42, 4.5], [38, 6]]);
});

test("a loop that was to follow and does not is not heard ahead of its bar", () => {
  const sequencer = started(clip([drums([0, 0.1, 36, 90])]));
  played(sequencer, 0, 1);
  sequencer.exchange(loopOf(clip([drums([-0.5, 0.1, 42, 90])])), true, RATE);
  sequencer.exchange(loopOf(clip([drums([0, 0.1, 38, 90])])), false, RATE);
  assert.deepEqual(ons(played(sequencer, RATE, 4)).map((hit) => [hit.pitch, hit.at / RATE]), [[38, 4]]);
});

test("the next loop's channels are not those of the one that sounds", () => {
  const notes = clip([drums(), pad(), pad()]), channels = (bank) => loopOf(notes, bank).programs.map(([channel]) => channel);
  assert.equal(new Set([...channels(0), ...channels(1)]).size, 6);
});
