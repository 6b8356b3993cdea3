// What the page knows, and in which order it shows it.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { lengthOf, progressionIn } from "../../lofi_tf/studio/page/js/names.js";
import { newestFirst } from "../../lofi_tf/studio/page/js/runs.js";
import { store } from "../../lofi_tf/studio/page/js/store.js";

const sessionOf = (version, ...ids) => ({ version, clips: ids.map((id) => ({ id })) });
const clip = (id, tool, seed, second = 0) => ({ id, tool, seed, created: `2026-01-01T00:00:${String(second).padStart(2, "0")}Z` });
const ids = (clips) => clips.map((one) => one.id).join(" ");

beforeEach(() => {
  store.update({ selection: [], playing: null });
  store.take(sessionOf(1, "c1", "c2", "c3"), { isAnew: true });
});

test("the last chosen clip is in focus; a second choice of it takes it out", () => {
  store.select("c1");
  store.select("c3", { add: true });
  assert.equal(store.focused().id, "c3");
  store.select("c3", { add: true });
  assert.deepEqual(store.state.selection, ["c1"]);
  store.select("c2");
  assert.deepEqual(store.state.selection, ["c2"]);
});

test("clips that are gone are neither chosen nor playing", () => {
  store.select("c2");
  store.update({ playing: "c2" });
  store.take(sessionOf(2, "c1", "c3"));
  assert.deepEqual([store.state.selection, store.state.playing], [[], null]);
});

test("an older session is not taken, unless the studio was started anew", () => {
  store.take(sessionOf(5, "c1"));
  store.take(sessionOf(4, "c1", "c2"));
  assert.equal(store.state.session.version, 5);
  store.take(sessionOf(0), { isAnew: true });
  assert.equal(store.state.session.version, 0);
});

test("who subscribes is told what changed, once, and no more after it ends", () => {
  const told = [];
  const end = store.subscribe((_, changed) => told.push([...changed].join()));
  store.update({ playing: "c1" });
  store.update({ playing: "c1" });
  end();
  store.update({ playing: null });
  assert.deepEqual(told, ["playing"]);
});

test("the newest run stands first, each run in its own order", () => {
  const clips = [clip("a1", "generate", 7), clip("a2", "generate", 7), clip("b1", "generate", 8), clip("b2", "generate", 8), clip("v", "vary", 8)];
  assert.equal(ids(newestFirst(clips)), "v b1 b2 a1 a2");
});

test("files that were added together stay together", () => {
  const clips = [clip("a", "file", null, 1), clip("b", "file", null, 2), clip("c", "file", null, 30)];
  assert.equal(ids(newestFirst(clips)), "c a b");
});

test("chords of a key are its first, sixth, and on to the one that leads back", () => {
  assert.equal(progressionIn("Am"), "Am7 Fmaj7 Cmaj7 G7"); // i VI III VII
  assert.equal(progressionIn("Ebm"), "Ebm7 Bmaj7 Gbmaj7 Db7");
  assert.equal(progressionIn("F"), "Fmaj7 Dm7 Bbmaj7 C7"); // I vi IV V
  assert.equal(progressionIn(null), progressionIn("Am"));
});

test("lengths are told in bars, of recordings in seconds", () => {
  assert.equal(lengthOf({ kind: "notes", bars: 1 }), "1 bar");
  assert.equal(lengthOf({ kind: "notes", bars: 4 }), "4 bars");
  assert.equal(lengthOf({ kind: "sound", seconds: 2.04 }), "2.0 s");
});
