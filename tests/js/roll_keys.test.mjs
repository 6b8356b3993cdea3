// The keyboard in a roll, what it says, and where things lie.
import assert from "node:assert/strict";
import test from "node:test";
import { flatten } from "../../lofi_tf/studio/page/js/roll/edit.js";
import { keyed } from "../../lofi_tf/studio/page/js/roll/keys.js";
import { barsText, optionsOf, painted } from "../../lofi_tf/studio/page/js/roll/painted.js";
import { rowOf, rowsOf } from "../../lofi_tf/studio/page/js/roll/rows.js";
import * as scale from "../../lofi_tf/studio/page/js/roll/scale.js";
import { cursorWords, placeWords, selectionWords } from "../../lofi_tf/studio/page/js/roll/words.js";

const drums = { beats: 8, beats_per_bar: 4, tracks: [{ name: "kit", part: "drums", is_drum: true, notes: [[0, 0.1, 36, 100], [6.02, 0.1, 38, 80]] }] };
const keys = { beats: 4, beats_per_bar: 4, tracks: [{ name: "keys", part: "chords", is_drum: false, notes: [[1, 0.5, 61, 70]] }] };

function stateOf(notes, more = {}) {
  const rows = rowsOf(notes);
  const state = { notes, rows, list: flatten(notes), selected: new Set(), track: 0, lastLength: 1, lastVelocity: 90, clipboard: null, readOnly: false, cursor: { beat: 0, row: rows.length - 2 }, ...more };
  state.rowOfNote = (note) => rowOf(rows, notes.tracks[note.track].is_drum, note.pitch);
  return state;
}
/** The state after keys, such as "Enter" or "Ctrl+a". */
function type(state, ...names) {
  for (const name of names) {
    const parts = name.length > 1 ? name.split(/\+(?=.)/) : [name], key = parts.pop();
    state = { ...state, ...keyed(state, { key, ctrlKey: parts.includes("Ctrl"), shiftKey: parts.includes("Shift"), metaKey: false, altKey: false }) };
  }
  return state;
}
const starts = (state) => state.list.map((note) => [note.start, note.pitch]);

test("arrows and Enter put a hit in, Enter again takes it out", () => {
  const state = type(stateOf(drums), "ArrowRight", "ArrowRight", "Enter");
  assert.deepEqual(starts(state).at(-1), [0.5, 38]);
  assert.equal(type(state, "Enter").list.length, 2);
});

test("Ctrl and an arrow goes by a bar, and never out of the loop", () => {
  assert.equal(type(stateOf(drums), "Ctrl+ArrowRight").cursor.beat, 4);
  assert.equal(type(stateOf(drums), "Ctrl+ArrowRight", "Ctrl+ArrowRight", "Ctrl+ArrowRight").cursor.beat, 7.75);
  assert.equal(type(stateOf(drums), "ArrowLeft", "ArrowUp", "ArrowDown", "ArrowDown", "ArrowDown").cursor.row, 8);
});

test("plus and minus change the hit at the cursor, or all that is selected", () => {
  const state = type(stateOf(drums), "ArrowDown", "+", "+", "-");
  assert.deepEqual(state.list.map((note) => note.velocity), [105, 80]);
  assert.deepEqual(type(state, "Ctrl+a", "-").list.map((note) => note.velocity), [100, 75]);
});

test("arrows move what is selected; Escape gives them back to the cursor", () => {
  const state = type(stateOf(drums), "ArrowDown", "s", "ArrowRight", "ArrowUp");
  assert.deepEqual(starts(state)[0], [0.25, 38]);
  const after = type(state, "Escape", "ArrowRight");
  assert.deepEqual([after.cursor.beat, after.selected.size], [0.25, 0]);
});

test("copy and paste go to the cursor", () => {
  const state = type(stateOf(drums), "ArrowDown", "s", "Ctrl+c", "Escape", "Ctrl+ArrowRight", "Ctrl+v");
  assert.deepEqual(starts(state).at(-1), [4, 36]);
  assert.equal(state.selected.size, 1);
});

test("n goes from note to note, p back", () => {
  const state = type(stateOf(drums), "n");
  assert.deepEqual(state.cursor, { beat: 0, row: 8 });
  assert.deepEqual(type(state, "n").cursor, { beat: 6, row: 7 });
  assert.deepEqual(type(state, "n", "p").cursor, { beat: 0, row: 8 });
});

test("Shift and arrows make a key longer and go an octave", () => {
  const state = stateOf(keys), row = state.rows.findIndex((one) => one.pitch === 61);
  const after = type({ ...state, cursor: { beat: 1, row } }, "Shift+ArrowRight");
  assert.equal(after.list[0].length, 0.75);
  assert.equal(type(after, "s", "Shift+ArrowUp").list[0].pitch, 73);
});

test("what only reads changes no note, and leaves other keys to the page", () => {
  const state = type(stateOf(drums, { readOnly: true }), "Enter", "Ctrl+a", "Delete", "ArrowRight", "+");
  assert.equal(state.list.length, 2);
  for (const key of [" ", "z", "Tab", "Escape"]) assert.equal(keyed(stateOf(drums), { key }), null);
  assert.equal(keyed(stateOf(drums), { key: "z", ctrlKey: true }), null);
});

test("the cursor is told in words", () => {
  const state = stateOf(drums);
  assert.equal(cursorWords({ ...state, cursor: { beat: 6, row: 7 } }), "bar 2 beat 3, snare, velocity 80");
  assert.equal(cursorWords({ ...state, cursor: { beat: 6.5, row: 8 } }), "bar 2 beat 3 sixteenth 3, kick, empty");
  assert.equal(placeWords(3.75, 3), "bar 2 beat 1 sixteenth 4");
});

test("keys are told with their length, sharps as a word", () => {
  const state = stateOf(keys), row = state.rows.findIndex((one) => one.pitch === 61);
  assert.equal(cursorWords({ ...state, cursor: { beat: 1, row } }), "bar 1 beat 2, C sharp 4, velocity 70, 2 sixteenths long");
  assert.equal(selectionWords({ ...state, selected: new Set([state.list[0].id]) }), "bar 1 beat 2, C sharp 4, velocity 70, selected");
});

const view = { gutter: 80, ruler: 30, lane: 60, width: 880, height: 400, beatWidth: 100, rowHeight: 20, left: 0, top: 0 };

test("places go to pixels and back, scrolled or not", () => {
  for (const scrolled of [view, { ...view, left: 130, top: 45 }]) {
    assert.equal(scale.beatOf(scrolled, scale.xOf(scrolled, 2.5)), 2.5);
    assert.equal(scale.rowAt(scrolled, scale.yOf(scrolled, 3) + 1), 3);
  }
  assert.deepEqual([[10, 10], [90, 10], [10, 50], [90, 50], [90, 350]].map(([x, y]) => scale.areaAt(view, x, y)),
    ["corner", "ruler", "names", "grid", "lane"]);
});

test("a note is found by its box, its end only where it can be longer", () => {
  const low = stateOf(keys), row = low.rows.findIndex((one) => one.pitch === 61), y = scale.yOf(view, row) + 10;
  assert.equal(scale.hit(view, 200, y, low).edge, false);
  assert.equal(scale.hit(view, 227, y, low).edge, true);
  assert.equal(scale.hit(view, 260, y, low), null);
  const kit = stateOf(drums);
  assert.equal(scale.hit(view, 100, scale.yOf(view, 8) + 10, kit).edge, false);
  assert.equal(scale.hit(view, 100, scale.yOf(view, 7) + 10, kit), null);
});

test("a frame selects what it touches", () => {
  const state = stateOf(drums);
  assert.equal(scale.within(view, [70, 0], [880, 400], state).length, 2);
  assert.deepEqual(scale.within(view, [600, 150], [800, 200], state).map((note) => note.pitch), [38]);
});

test("a zoom keeps the beat under the pointer", () => {
  const { beatWidth, left } = scale.zoomed(view, 2, 380);
  assert.equal(scale.beatOf({ ...view, beatWidth, left }, 380), 3);
  assert.equal(scale.zoomed(view, 1000).beatWidth, scale.WIDEST);
});

test("paint covers bars and drums, over names all bars, over numbers all drums", () => {
  const state = stateOf(drums), none = { bars: [], drums: [] };
  assert.deepEqual(painted({ bars: [1], rows: [7, 8] }, none, state), { bars: [1], drums: ["snare", "kick"] });
  assert.deepEqual(painted({ bars: null, rows: [7] }, none, state), { bars: [0, 1], drums: ["snare"] });
  assert.deepEqual(painted({ bars: [-1, 0, 5], rows: null }, none, state), { bars: [0], drums: [] });
  assert.deepEqual(painted({ bars: [0], rows: [8] }, { bars: [1], drums: ["snare"] }, state), { bars: [0, 1], drums: ["snare", "kick"] });
});

test("what is painted is written as the tool reads it", () => {
  assert.equal(barsText([3, 0, 2]), "1,3-4");
  assert.deepEqual(optionsOf({ bars: [1], drums: ["snare", "low tom"] }, drums), { bars: "2", drums: "snare,low tom" });
  assert.deepEqual(optionsOf({ bars: [0, 1], drums: [] }, drums), {});
});

test("a velocity is found by its stem: of all that begin then, of the chosen, of the part that is shown", () => {
  const bass = { name: "low", part: "bass", is_drum: false, notes: [[0, 1, 40, 60]] };
  const state = { ...stateOf({ ...drums, tracks: [drums.tracks[0], bass] }), only: null }, x = scale.xOf(view, 0) + 3;
  const pitches = (more) => scale.stems(view, x, { ...state, ...more }).map((note) => note.pitch);
  assert.deepEqual(pitches({}), [36, 40]);
  assert.deepEqual(pitches({ only: 1 }), [40]);
  assert.deepEqual(pitches({ selected: new Set([state.list[0].id]) }), [36]);
  assert.deepEqual(scale.stems(view, scale.xOf(view, 3), state), []);
});
