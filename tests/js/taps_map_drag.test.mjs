// Taps in time, the geometry of the map, and what is dragged out.
import assert from "node:assert/strict";
import test from "node:test";
import { millisecondsOf, phaseAt, silence, tapNotes, velocityAt } from "../../lofi_tf/studio/page/js/drumify/taps.js";
import { downloadText } from "../../lofi_tf/studio/page/js/drag/text.js";
import * as plane from "../../lofi_tf/studio/page/js/map/plane.js";

const take = { bars: 2, beatsPerBar: 4, qpm: 90 };

test("a bar is counted in, the bars are tapped, then it is over", () => {
  assert.deepEqual(phaseAt(2.9, take), { kind: "count", number: 3 });
  assert.deepEqual(phaseAt(4, take), { kind: "tap", bar: 1, beat: 1 });
  assert.deepEqual(phaseAt(9.2, take), { kind: "tap", bar: 2, beat: 2 });
  assert.deepEqual(phaseAt(12, take), { kind: "over" });
  assert.equal(millisecondsOf(take), 8000); // three bars of 90 a minute
  assert.ok(silence(take).beats > 12); // time does not come round before it is over
});

test("taps keep their timing to the last digit", () => {
  const notes = tapNotes([{ beat: 6.3721, velocity: 80 }, { beat: 4.0112, velocity: 100 }], take);
  assert.equal(notes.beats, 8);
  const starts = notes.tracks[0].notes.map((note) => note[0]);
  assert.ok(Math.abs(starts[0] - 0.0112) < 1e-9 && Math.abs(starts[1] - 2.3721) < 1e-9);
  assert.equal(notes.tracks[0].is_drum, true);
});

test("a tap just ahead of the first beat is that beat; the count-in and what follows are none", () => {
  const beats = [1, 3.9, 12, 13.5].map((beat) => ({ beat, velocity: 90 }));
  assert.deepEqual(tapNotes(beats, take).tracks[0].notes.map((note) => note[0]), [0]);
  assert.equal(tapNotes([{ beat: 2, velocity: 90 }], take), null);
});

test("the middle of the pad is its loudest place", () => {
  assert.ok(velocityAt(0) > velocityAt(0.5) && velocityAt(0.5) > velocityAt(1));
});

const size = [200, 100];
const points = plane.placedPoints([{ id: 7, x: -1, y: 0, value: 2 }, { id: 8, x: 3, y: 0, value: 4 }, { id: 9, x: -1, y: 5, value: null }]);

test("all points lie on the plane, higher ones above", () => {
  for (const { at } of points) for (const share of at) assert.ok(share >= 0 && share <= 1);
  assert.ok(points[2].at[1] < points[0].at[1]);
  assert.ok(points[1].at[0] > points[0].at[0]);
});

test("the nearest point is found within reach only", () => {
  assert.equal(plane.nearest(points, [0.1, 0.9], size).id, 7);
  assert.equal(plane.nearest(points, [0.5, 0.5], size, 10), null);
});

test("arrows go to a point in their direction, or stay", () => {
  const [left, right, high] = points;
  assert.equal(plane.towards(points, left, [1, 0], size), right);
  assert.equal(plane.towards(points, left, [0, -1], size), high);
  assert.equal(plane.towards(points, left, [-1, 0], size), left);
});

test("shares sum to one, are whole at a corner, and never below nothing", () => {
  const corners = [[0, 0], [1, 0], [0, 1]];
  assert.deepEqual(plane.sharesAt([1, 0], corners), [0, 1, 0]);
  for (const at of [[0.2, 0.3], [2, 2], [-1, 0.5]]) {
    const shares = plane.sharesAt(at, corners);
    assert.ok(Math.abs(shares.reduce((one, other) => one + other) - 1) < 1e-9 && Math.min(...shares) >= 0);
  }
  const [x, y] = plane.placeOf(plane.sharesAt([0.2, 0.3], corners), corners);
  assert.ok(Math.abs(x - 0.2) < 1e-9 && Math.abs(y - 0.3) < 1e-9);
});

test("three points in a line have no triangle: a third of each", () => {
  assert.deepEqual(plane.sharesAt([0, 0], [[0, 0], [1, 1], [2, 2]]), [1 / 3, 1 / 3, 1 / 3]);
});

test("a slider takes from the others in their proportion", () => {
  const shares = plane.withShare([0.5, 0.25, 0.25], 0, 0.8);
  assert.ok(Math.abs(shares[0] - 0.8) < 1e-9 && Math.abs(shares[1] - 0.1) < 1e-9 && Math.abs(shares[2] - 0.1) < 1e-9);
  assert.deepEqual(plane.withShare([1, 0], 0, 0.4), [0.4, 0.6]);
});

test("the way between two points ends at them", () => {
  assert.equal(plane.alongWay([0.5, 0], [0, 0], [1, 0], size), 0.5);
  assert.equal(plane.alongWay([-1, 0], [0, 0], [1, 0], size), 0);
  assert.equal(plane.alongWay([9, 9], [0, 0], [1, 0], size), 1);
});

test("a measure goes from nothing to one; what has none has no colour", () => {
  const scale = plane.scaleOf(points);
  assert.deepEqual([scale.least, scale.most, scale.at(3), scale.at(null)], [2, 4, 0.5, null]);
});

test("a file that is dragged out has a name that every system takes", () => {
  const address = "http://127.0.0.1:8765/api/clips/c1/file?version=1";
  assert.equal(downloadText("late: night/1.", "mid", address), `audio/midi:late_ night_1.mid:${address}`);
  assert.equal(downloadText(" ..", "wav", address), `audio/wav:clip.wav:${address}`);
});
