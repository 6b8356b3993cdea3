// Clips on lanes, and all lanes as one loop.
import assert from "node:assert/strict";
import test from "node:test";
import { drawnAnew, requestsOf } from "../../lofi_tf/studio/page/js/arrange/anew.js";
import * as lanes from "../../lofi_tf/studio/page/js/arrange/lanes.js";

const track = (part, ...notes) => ({ name: part, part, program: part === "bass" ? 33 : 0, is_drum: part === "drums", notes });
const clips = {
  c1: { id: "c1", kind: "notes", part: "drums", bars: 2, tool: "generate", options: { style: "funk", num_outputs: 3 }, made_from: [] },
  c2: { id: "c2", kind: "notes", part: "bass", bars: 1, tool: "file", made_from: [] },
  c3: { id: "c3", kind: "notes", part: "song", bars: 4, tool: "compose", has_plan: true, made_from: [], sections: [[0, "intro"], [8, "verse"]] },
  c4: { id: "c4", kind: "sound", part: "sound", bars: 1 },
};
const notes = {
  c1: { beats: 8, tracks: [track("drums", [0, 0.1, 36, 90], [7.5, 0.1, 38, 80])] },
  c2: { beats: 4, tracks: [track("bass", [0, 6, 33, 70], [4.5, 1, 40, 70])] },
  c3: { beats: 16, tracks: [track("drums", [1, 0.1, 42, 60]), track("chords", [0, 4, 60, 50]), { ...track("other", [2, 1, 72, 50]), program: 73 }] },
};
const bars = (id) => clips[id].bars, clip = (id) => clips[id] ?? null;
const starting = { ...lanes.EMPTY, drums: [[0, "c1"], [2, "c1"]] };

test("a clip takes the place of what begins under it; what began before ends there", () => {
  const { drums } = lanes.placed(starting, ["drums"], 1, "c1", bars);
  assert.deepEqual(lanes.spans(drums, bars), [[0, "c1", 1], [1, "c1", 2]]);
  assert.deepEqual(lanes.placed(starting, ["drums"], 4, "c1", bars).drums, [[0, "c1"], [2, "c1"], [4, "c1"]]);
  assert.deepEqual(starting.drums, [[0, "c1"], [2, "c1"]]);
});

test("a moved block does not push itself away, nor go before the first bar", () => {
  assert.deepEqual(lanes.shifted(starting, "drums", 2, 3, bars).drums, [[0, "c1"], [3, "c1"]]);
  assert.deepEqual(lanes.shifted(starting, "drums", 0, -1, bars).drums, [[0, "c1"], [2, "c1"]]);
});

test("clips lie on the lanes that they have parts for", () => {
  assert.deepEqual(lanes.lanesFor(clips.c2, notes.c2), ["bass"]);
  assert.deepEqual(lanes.lanesFor(clips.c3, notes.c3), ["drums", "chords", "melody"]);
  assert.deepEqual(lanes.lanesFor(clips.c4, null), []);
});

test("all lanes are one loop, each block's notes in its own time", () => {
  const placed = { ...lanes.EMPTY, drums: [[0, "c1"], [2, "c3"]], bass: [[1, "c2"]], chords: [[2, "c3"]], melody: [[2, "c3"]] };
  const loop = lanes.merged(placed, { notesOf: (id) => notes[id], bars, qpm: 84 });
  assert.equal(loop.beats, 24);
  const found = Object.fromEntries(loop.tracks.map((one) => [`${one.part} ${one.program}`, one.notes]));
  assert.deepEqual(found["drums 0"], [[0, 0.1, 36, 90], [7.5, 0.1, 38, 80], [9, 0.1, 42, 60]]);
  assert.deepEqual(found["bass 33"], [[4, 4, 33, 70]]); // neither longer than its block nor behind it
  assert.deepEqual(found["melody 73"], [[10, 1, 72, 50]]);
  assert.deepEqual(found["chords 0"], [[8, 4, 60, 50]]);
});

test("nothing on the lanes is a bar of silence", () => {
  assert.deepEqual(lanes.merged(lanes.EMPTY, { notesOf: null, bars, qpm: 84 }), { qpm: 84, beats: 4, beats_per_bar: 4, tracks: [] });
});

test("deleted clips leave the lanes", () => {
  assert.deepEqual(lanes.known(starting, new Set(["c2"])).drums, []);
});

test("sections are those of the whole tracks, from their bar on, each once", () => {
  const placed = { ...lanes.EMPTY, drums: [[4, "c3"]], chords: [[4, "c3"]] };
  assert.deepEqual(lanes.sectionsOf(placed, clip), [[4, "intro"], [6, "verse"]]);
});

test("locked lanes keep their clips, the rest is asked for anew by what made it", async () => {
  const placed = { ...lanes.EMPTY, drums: [[0, "c3"]], chords: [[0, "c3"]], bass: [[0, "c2"]] };
  assert.deepEqual(requestsOf(placed, ["drums"], clip), [{ id: "c3", tool: "compose", request: { inputs: ["c3"], options: { keep: "drums" } } }]);
  const next = await drawnAnew(placed, ["drums"], clip, async () => ({ clips: ["c9"] }));
  assert.deepEqual([next.drums, next.chords, next.bass], [[[0, "c3"]], [[0, "c9"]], [[0, "c2"]]]);
});

test("a loop is drawn anew once, however many it was one of", () => {
  const [request] = requestsOf(starting, [], clip);
  assert.deepEqual(request, { id: "c1", tool: "generate", request: { inputs: [], options: { style: "funk", num_outputs: 1 } } });
});
