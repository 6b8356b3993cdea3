// Bars and drums that are painted to be drawn anew. No DOM. Painted are {bars: [from 0], drums: [names]};
// no drums stands for all of them.

/** What is painted after a stroke over bars and rows; null stands for all. */
export function painted({ bars, rows: touched }, before, { notes, rows }) {
  const count = barCount(notes), all = Array.from({ length: count }, (_, bar) => bar);
  const within = (bars ?? all).filter((bar) => bar >= 0 && bar < count);
  const names = (touched ?? []).map((index) => rows[index]).filter((row) => row?.kind === "drum").map((row) => row.name);
  return { bars: union(before.bars, within).sort((one, other) => one - other), drums: union(before.drums, names) };
}

const union = (one, other) => [...new Set([...one, ...other])];

export function barCount({ beats, beats_per_bar: perBar }) {
  return Math.max(1, Math.ceil(beats / perBar - 1e-6));
}

/** Bars as people and the tools write them: [0, 2, 3] is "1,3-4". */
export function barsText(bars) {
  const runs = [];
  for (const bar of [...bars].sort((one, other) => one - other))
    if (runs.length && bar === runs.at(-1)[1] + 1) runs.at(-1)[1] = bar;
    else runs.push([bar, bar]);
  return runs.map(([from, to]) => (from === to ? `${from + 1}` : `${from + 1}-${to + 1}`)).join(",");
}

/** What the infill tool is asked: all bars and all drums need no word. */
export function optionsOf({ bars, drums }, notes) {
  const options = {};
  if (bars.length && bars.length < barCount(notes)) options.bars = barsText(bars);
  if (drums.length) options.drums = drums.join(",");
  return options;
}
