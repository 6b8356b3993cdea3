// A clip as it lies on a lane.
import { el } from "../dom.js";
import { notesOf } from "../player.js";
import { drawRoll } from "../roll/thumbnail.js";
import { tracksOn } from "./lanes.js";

/** What a block that is dragged is known by. */
export const BLOCK_TYPE = "application/x-lofi-block";

/** Builds a block of a lane; `place` is {lane, bar, long}, in bars. */
export function blockOf(clip, { lane, bar, long }, { isChosen, choose, typed }) {
  const canvas = el("canvas.block-roll", { "aria-hidden": "true" });
  const bars = long === 1 ? "1 bar" : `${long} bars`;
  const label = `${clip.name}, bar ${bar + 1}, ${bars}`;
  const element = el("button.block", { type: "button", draggable: true, "aria-label": label, "aria-pressed": isChosen,
    data: { part: lane, lane, bar, clip: clip.id, hint: "Arrows move it by a bar, D repeats it, Delete takes it off the lane" } },
    canvas, el("span.block-name", {}, clip.name));
  element.style.setProperty("--at", bar);
  element.style.setProperty("--long", long);
  element.addEventListener("click", choose);
  element.addEventListener("keydown", typed);
  element.addEventListener("dragstart", (event) => {
    event.dataTransfer.setData(BLOCK_TYPE, JSON.stringify({ lane, bar }));
    event.dataTransfer.effectAllowed = "move";
  });
  return { element, draw: () => draw(canvas, clip, lane, long) };
}

async function draw(canvas, clip, lane, long) {
  const notes = await notesOf(clip).catch(() => null);
  if (!notes || !canvas.isConnected) return;
  drawRoll(canvas, { ...notes, beats: long * notes.beats_per_bar, tracks: tracksOn(lane, notes) }, { compact: true });
}
