// Taps and the time that they are tapped in. No DOM. Times are in beats since the count-in began.

export const COUNT_IN_BARS = 1;
const EARLY = 0.25; // beats ahead of the first bar that still count as its first beat
const LENGTH = 0.1; // of a tap, in beats
const PITCH = 38; // taps tell when, not which drum

/** What there is to do at a beat: {kind: "count", number}, {kind: "tap", bar, beat} or {kind: "over"}. */
export function phaseAt(beat, { bars, beatsPerBar }) {
  const since = beat - COUNT_IN_BARS * beatsPerBar;
  if (since < 0) return { kind: "count", number: Math.floor(beat % beatsPerBar) + 1 };
  if (since >= bars * beatsPerBar) return { kind: "over" };
  return { kind: "tap", bar: Math.floor(since / beatsPerBar) + 1, beat: Math.floor(since % beatsPerBar) + 1 };
}

/** How long count-in and bars last, in milliseconds. */
export function millisecondsOf({ bars, beatsPerBar, qpm }) {
  return ((COUNT_IN_BARS + bars) * beatsPerBar * 60_000) / qpm;
}

/** Silence to tap over: the count-in, the bars, and one more in which the answer is made. */
export function silence({ bars, beatsPerBar, qpm }) {
  return { qpm, beats: (COUNT_IN_BARS + bars + 1) * beatsPerBar, beats_per_bar: beatsPerBar, tracks: [] };
}

/** The taps as Notes, in the very timing that they were tapped; null if there are none. */
export function tapNotes(taps, { bars, beatsPerBar, qpm }) {
  const beats = bars * beatsPerBar, from = COUNT_IN_BARS * beatsPerBar;
  const notes = taps
    .map(({ beat, velocity }) => [beat - from, LENGTH, PITCH, velocity])
    .filter(([start]) => start >= -EARLY && start < beats)
    .map(([start, ...rest]) => [Math.max(0, start), ...rest])
    .sort((one, other) => one[0] - other[0]);
  if (!notes.length) return null;
  const tracks = [{ name: "taps", part: "drums", program: 0, is_drum: true, notes }];
  return { qpm, beats, beats_per_bar: beatsPerBar, tracks };
}

/** How hard a press on a pad is, by how near to its middle it is: 0 to 1 away. */
export function velocityAt(away) {
  return Math.round(Math.max(60, Math.min(118, 118 - 58 * away)));
}
