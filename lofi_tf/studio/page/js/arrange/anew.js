// Draws anew what is not locked: whole tracks by their plans, loops by the tool that made them.
import { free, LANES, replaced } from "./lanes.js";

const TOOLS = new Set(["generate", "chords", "bass", "melody"]);

/** Which clips can be drawn anew, and how: [{id, tool, request}]. */
export function requestsOf(lanes, locked, clip) {
  return free(lanes, locked).map(clip).filter(Boolean).map((one) => requestOf(one, locked)).filter(Boolean);
}

function requestOf(clip, locked) {
  if (clip.has_plan) {
    const keep = LANES.filter((lane) => locked.includes(lane));
    return { id: clip.id, tool: "compose", request: { inputs: [clip.id], options: keep.length ? { keep: keep.join() } : {} } };
  }
  if (!TOOLS.has(clip.tool)) return null;
  return { id: clip.id, tool: clip.tool, request: { inputs: clip.made_from, options: { ...clip.options, num_outputs: 1 } } };
}

/** Draws them and returns the lanes with what came of it; the first error ends it. */
export async function drawnAnew(lanes, locked, clip, run) {
  const instead = new Map();
  for (const { id, tool, request } of requestsOf(lanes, locked, clip)) {
    const job = await run(tool, request);
    if (job.clips.length) instead.set(id, job.clips[0]);
  }
  return replaced(lanes, locked, instead);
}
