// The rows of a roll, and where a thumbnail puts notes.
import assert from "node:assert/strict";
import test from "node:test";
import { DRUMS, drumOf, keyName, rowOf, rowsOf, rowsOfTrack } from "../../lofi_tf/studio/page/js/roll/rows.js";
import { bandsOf } from "../../lofi_tf/studio/page/js/roll/thumbnail.js";

const drums = (...notes) => ({ is_drum: true, part: "drums", notes });
const keys = (...notes) => ({ is_drum: false, part: "bass", notes });
const clip = (...tracks) => ({ beats: 4, beats_per_bar: 4, tracks });

test("drums are rows by name, the kick lowest", () => {
  const names = rowsOf(clip(drums())).map((row) => row.name);
  assert.equal(names.length, 9);
  assert.deepEqual(names.slice(-3), ["closed hi-hat", "snare", "kick"]);
});

test("a drum's other pitches lie in its row", () => {
  const rows = rowsOf(clip(drums()));
  assert.equal(rows[rowOf(rows, true, 40)].name, "snare");
  assert.equal(rows[rowOf(rows, true, 22)].name, "closed hi-hat");
  assert.equal(rows[rowOf(rows, true, 59)].name, "ride");
});

test("every pitch of General MIDI's drums has one row", () => {
  const all = DRUMS.flatMap((drum) => drum.pitches);
  assert.equal(new Set(all).size, all.length);
  for (let pitch = 27; pitch <= 87; pitch++) assert.ok(all.includes(pitch), String(pitch));
  assert.equal(DRUMS[drumOf(36)].name, "kick");
});

test("keys reach beyond the notes, and never beyond MIDI", () => {
  const rows = rowsOf(clip(keys([0, 1, 126, 80], [0, 1, 40, 80])));
  assert.equal(rows[0].pitch, 127);
  assert.equal(rows.at(-1).pitch, 37);
  assert.ok(rows.every((row) => row.kind === "key"));
});

test("one note has an octave about it", () => {
  assert.ok(rowsOf(clip(keys([0, 1, 60, 80]))).length >= 13);
});

test("a bass's 36 is no kick: keys lie above drums", () => {
  const rows = rowsOf(clip(keys([0, 1, 36, 80]), drums([0, 1, 36, 80])));
  assert.equal(rows[rowOf(rows, false, 36)].kind, "key");
  assert.equal(rows[rowOf(rows, true, 36)].name, "kick");
  assert.ok(rowOf(rows, false, 36) < rowOf(rows, true, 36));
});

test("keys are named as musicians name them", () => {
  assert.deepEqual([60, 69, 36, 61].map(keyName), ["C4", "A4", "C2", "C♯4"]);
});

test("a thumbnail has drums below keys, and all of its height for what there is", () => {
  const both = bandsOf(clip(keys([0, 1, 60, 80]), drums([0, 1, 36, 80])), 100);
  assert.equal(both.keys.top, 0);
  assert.ok(both.drums.top >= both.keys.step * 12);
  assert.equal(bandsOf(clip(drums([0, 1, 36, 80])), 90).drums.step, 10);
  const alone = bandsOf(clip(keys([0, 1, 40, 80], [0, 1, 80, 80])), 82);
  assert.equal(alone.keys.rowOf(80) * alone.keys.step, 0);
  assert.equal((alone.keys.rowOf(40) + 1) * alone.keys.step, 82);
});

test("one track alone has its own rows", () => {
  const both = clip(keys([0, 1, 60, 80]), drums([0, 1, 36, 80]));
  assert.ok(rowsOfTrack(both, 0).every((row) => row.kind === "key"));
  assert.ok(rowsOfTrack(both, 1).every((row) => row.kind === "drum"));
  assert.deepEqual(rowsOfTrack(both, null), rowsOf(both));
});
