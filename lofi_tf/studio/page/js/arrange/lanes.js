// Clips on lanes. No DOM; each returns new lanes. Lanes are {drums: [[bar from 0, clip id], ...], ...}; a
// clip of a whole track lies on each lane that it has a part for. `bars(id)` tells how long a clip is.

export const LANES = ["drums", "bass", "chords", "melody"];
export const EMPTY = Object.fromEntries(LANES.map((lane) => [lane, []]));

const byBar = (one, other) => one[0] - other[0];
const each = (lanes, f) => Object.fromEntries(LANES.map((lane) => [lane, f(lanes[lane] ?? [], lane)]));

/** The lanes that a clip can lie on. */
export function lanesFor(clip, notes) {
  if (clip.kind !== "notes") return [];
  if (LANES.includes(clip.part)) return [clip.part];
  return LANES.filter((lane) => notes.tracks.some((track) => laneOf(track) === lane));
}

/** The lane of a track: what is of no lane is melody. */
export function laneOf({ part, is_drum: isDrum }) {
  if (isDrum) return "drums";
  return LANES.includes(part) && part !== "drums" ? part : "melody";
}

/** Puts a clip on lanes at a bar: what begins under it goes, what began before ends there. */
export function placed(lanes, on, bar, id, bars) {
  const end = bar + bars(id);
  return each(lanes, (blocks, lane) => {
    if (!on.includes(lane)) return blocks;
    const free = blocks.filter(([start]) => start < bar || start >= end);
    return [...free, [bar, id]].sort(byBar);
  });
}

/** A lane's blocks with how long they sound, [[bar, id, bars], ...]: to their end, or to the next block. */
export function spans(blocks, bars) {
  return blocks.map(([bar, id], index) => [bar, id, Math.min(bars(id), (blocks[index + 1]?.[0] ?? Infinity) - bar)]);
}

/** Takes a block away. */
export function lifted(lanes, lane, bar) {
  return { ...lanes, [lane]: lanes[lane].filter(([start]) => start !== bar) };
}

/** Moves a block to another bar of its lane. */
export function shifted(lanes, lane, bar, to, bars) {
  const block = lanes[lane].find(([start]) => start === bar);
  return block ? placed(lifted(lanes, lane, bar), [lane], Math.max(0, to), block[1], bars) : lanes;
}

/** The first bar behind all that lies on some lanes. */
export function endOf(lanes, bars, on = LANES) {
  return Math.max(0, ...on.flatMap((lane) => (lanes[lane] ?? []).map(([bar, id]) => bar + bars(id))));
}

/** The lanes without blocks of clips that are no more. */
export function known(lanes, ids) {
  return each(lanes, (blocks) => blocks.filter(([, id]) => ids.has(id)));
}

/** Puts other clips in place of some, on the lanes that are not locked. */
export function replaced(lanes, locked, instead) {
  return each(lanes, (blocks, lane) => (locked.includes(lane) ? blocks : blocks.map(([bar, id]) => [bar, instead.get(id) ?? id])));
}

/** The ids of the clips on lanes that are not locked, each once. */
export function free(lanes, locked) {
  return [...new Set(LANES.filter((lane) => !locked.includes(lane)).flatMap((lane) => (lanes[lane] ?? []).map(([, id]) => id)))];
}

/** What of a clip's tracks sounds on a lane: its part of a whole track, or all of another clip. */
export function tracksOn(lane, notes) {
  const own = notes.tracks.filter((track) => laneOf(track) === lane);
  return own.length ? own : notes.tracks.filter((track) => track.is_drum === (lane === "drums"));
}

/** All lanes as one loop of Notes; a block's notes end with it. */
export function merged(lanes, { notesOf, bars, qpm, beatsPerBar = 4 }) {
  const beats = Math.max(1, endOf(lanes, bars)) * beatsPerBar, tracks = new Map();
  for (const lane of LANES)
    for (const [bar, id, long] of spans(lanes[lane] ?? [], bars))
      for (const track of tracksOn(lane, notesOf(id))) {
        const key = `${lane} ${track.program}`;
        const { program, is_drum } = track;
        if (!tracks.has(key)) tracks.set(key, { name: lane, part: lane, program, is_drum, notes: [] });
        tracks.get(key).notes.push(...cut(track.notes, bar * beatsPerBar, long * beatsPerBar));
      }
  const sorted = [...tracks.values()].map((track) => ({ ...track, notes: track.notes.sort(byBar) }));
  return { qpm, beats, beats_per_bar: beatsPerBar, tracks: sorted };
}

function cut(notes, from, long) {
  return notes
    .filter(([start]) => start < long)
    .map(([start, length, ...rest]) => [from + start, Math.min(length, long - start), ...rest]);
}

/** The names of sections, [[bar, name], ...], of the whole tracks on the lanes; one a bar. */
export function sectionsOf(lanes, clip, beatsPerBar = 4) {
  const marks = new Map();
  for (const [bar, id] of LANES.flatMap((lane) => lanes[lane] ?? []))
    for (const [beat, name] of clip(id)?.sections ?? []) marks.set(bar + beat / beatsPerBar, name);
  return [...marks].sort(byBar);
}
