// In which order clips lie in the tray.

const TOGETHER_SECONDS = 3; // files added within that time came together

/** What one run makes has one seed. */
function isSameRun(one, other) {
  if (one.tool !== other.tool || one.seed !== other.seed) return false;
  const apart = Math.abs(Date.parse(one.created) - Date.parse(other.created)) / 1000;
  return one.seed !== null || apart < TOGETHER_SECONDS;
}

/** Clips with the newest run first, each run in its own order. */
export function newestFirst(clips) {
  const runs = [];
  for (const clip of clips) {
    const last = runs.at(-1)?.at(-1);
    if (last && isSameRun(last, clip)) runs.at(-1).push(clip);
    else runs.push([clip]);
  }
  return runs.reverse().flat();
}
