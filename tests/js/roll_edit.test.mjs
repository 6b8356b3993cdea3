// Edits of notes: what changes, and that the rest keeps the timing it was played with.
import assert from "node:assert/strict";
import test from "node:test";
import * as edit from "../../lofi_tf/studio/page/js/roll/edit.js";
import { rowsOf } from "../../lofi_tf/studio/page/js/roll/rows.js";

const played = {
  qpm: 84, beats: 8, beats_per_bar: 4,
  tracks: [
    { name: "kit", part: "drums", program: 0, is_drum: true, notes: [[0.0123, 0.1, 36, 100], [1.0371, 0.1, 40, 90], [3.26, 0.1, 42, 60]] },
    { name: "low", part: "bass", program: 33, is_drum: false, notes: [[0, 1.5, 33, 80], [2.03, 1, 40, 70]] },
  ],
};
const state = (notes = played) => ({ notes, rows: rowsOf(notes), list: edit.flatten(notes) });
const ids = (...notes) => new Set(notes.map((note) => note.id));
const tracksOf = (list) => edit.unflatten(played, list).tracks.map((track) => track.notes);

test("what is not edited comes back to the last digit", () => {
  assert.deepEqual(edit.unflatten(played, edit.flatten(played)), played);
});

test("a place falls on its sixteenth", () => {
  assert.equal(edit.snapped(1.62), 1.5);
  assert.equal(edit.snapped(1.63), 1.75);
  assert.equal(edit.snapped(1.74, "floor"), 1.5);
  assert.equal(edit.snapped(1.75, "floor"), 1.75);
});

test("a new note joins its track in order; the others keep their timing", () => {
  const { list } = edit.added(state().list, { track: 0, start: 0.5, pitch: 42, velocity: 77 });
  assert.deepEqual(tracksOf(list)[0].map((note) => note[0]), [0.0123, 0.5, 1.0371, 3.26]);
  assert.deepEqual(tracksOf(list)[0][1], [0.5, 0.25, 42, 77]);
});

test("two hits of one drum never begin at once", () => {
  const once = edit.added([], { track: 0, start: 1, pitch: 36, velocity: 50 }).list;
  const twice = edit.added(once, { track: 0, start: 1, pitch: 36, velocity: 99 }).list;
  assert.deepEqual(twice.map((note) => note.velocity), [99]);
});

test("a moved hit keeps how far off the grid it was played", () => {
  const now = state(), [, snare] = now.list;
  const [, moved] = edit.moved(now.list, ids(snare), { beats: 0.25 }, now);
  assert.ok(Math.abs(moved.start - 1.2871) < 1e-9);
  assert.equal(moved.pitch, 40); // no drum of another row: its own pitch stays
});

test("a hit that goes up a row is the next drum", () => {
  const now = state(), [kick] = now.list;
  assert.equal(edit.moved(now.list, ids(kick), { rows: -1 }, now)[0].pitch, 38);
  assert.equal(edit.moved(now.list, ids(kick), { rows: 3 }, now)[0].pitch, 36); // below the kick is nothing
});

test("a key goes up by half steps, and no key becomes a drum", () => {
  const now = state(), low = now.list[3];
  assert.equal(edit.moved(now.list, ids(low), { rows: -12 }, now)[3].pitch, 45);
  assert.equal(edit.moved(now.list, ids(low), { rows: 40 }, now)[3].pitch, 0);
});

test("a group stops as one at the ends of the loop", () => {
  const now = state(), [kick, snare] = now.list;
  const back = edit.moved(now.list, ids(kick, snare), { beats: -2 }, now);
  assert.equal(back[0].start, 0);
  assert.ok(Math.abs(back[1].start - (1.0371 - 0.0123)) < 1e-9);
  const on = edit.moved(now.list, ids(kick, snare), { beats: 100 }, now);
  assert.ok(on[1].start < 8 && on[1].start > 7.9);
});

test("a note's end stays within the loop, its length above nothing", () => {
  const now = state(), low = now.list[3];
  assert.equal(edit.resized(now.list, ids(low), 0.5, now)[3].length, 2);
  assert.equal(edit.resized(now.list, ids(low), 100, now)[3].length, 8);
  assert.equal(edit.resized(now.list, ids(low), -100, now)[3].length, 0.25);
});

test("velocities stay within MIDI", () => {
  const now = state();
  assert.equal(edit.louder(now.list, ids(now.list[0]), 50)[0].velocity, 127);
  assert.equal(edit.louder(now.list, ids(now.list[2]), -90)[2].velocity, 1);
});

test("only what is chosen goes on the grid", () => {
  const now = state(), starts = edit.quantised(now.list, ids(now.list[1]), now).map((note) => note.start);
  assert.deepEqual(starts, [0.0123, 1, 3.26, 0, 2.03]);
  const late = { ...now.list[0], start: 7.95 };
  assert.equal(edit.quantised([late], ids(late), now)[0].start, 7.75); // not behind the end
});

test("a copy keeps its timing, goes to tracks of its part, and ends with the loop", () => {
  const now = state(), all = ids(...now.list);
  const { list, ids: made } = edit.pasted(now.list, edit.copied(now.list, all, played), 4, played);
  const drums = tracksOf(list)[0].map((note) => note[0]);
  assert.equal(made.size, 5);
  assert.deepEqual(drums.map((start) => Number(start.toFixed(4))), [0.0123, 1.0371, 3.26, 4.0123, 5.0371, 7.26]);
  const late = edit.pasted([], edit.copied(now.list, all, played), 7, played);
  assert.deepEqual(late.list.map((note) => note.track), [0, 1]);
});

test("drums are not pasted into a clip without drums", () => {
  const now = state(), bass = { ...played, tracks: [played.tracks[1]] };
  assert.equal(edit.pasted([], edit.copied(now.list, ids(now.list[0]), played), 0, bass).list.length, 0);
});

test("copies of a beat follow in the next beat, of a bar in the next bar", () => {
  const now = state(), [kick, , hat, low] = now.list;
  assert.equal(edit.afterOf(now.list, ids(kick), played), 1);
  assert.equal(edit.afterOf(now.list, ids(kick, hat), played), 4);
  assert.equal(edit.afterOf(now.list, ids(low), played), 1);
});

test("a cell finds the hit that was played around it", () => {
  const now = state(), snare = now.rows.findIndex((row) => row.name === "snare");
  assert.equal(edit.noteAtCell(now.list, { beat: 1, row: snare }, played, now.rows).pitch, 40);
  assert.equal(edit.noteAtCell(now.list, { beat: 1.25, row: snare }, played, now.rows), null);
});
