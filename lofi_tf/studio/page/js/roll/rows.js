// The rows of a roll: a drum by its name, a key by its pitch. No DOM.

// The nine drums and the General MIDI pitches that count as each, the one to write first
// (DRUM_NAMES and REDUCED of lofi_tf/music/drum_classes.py).
export const DRUMS = [
  { name: "kick", pitches: [36, 35] },
  { name: "snare", pitches: [38, 27, 28, 31, 32, 33, 34, 37, 39, 40, 56, 65, 66, 75, 85] },
  { name: "closed hi-hat", short: "closed hat", pitches: [42, 44, 54, 68, 69, 70, 71, 73, 78, 80, 22] },
  { name: "open hi-hat", short: "open hat", pitches: [46, 67, 72, 74, 79, 81, 26] },
  { name: "low tom", pitches: [45, 29, 41, 43, 61, 64, 84] },
  { name: "mid tom", pitches: [48, 47, 60, 63, 77, 86, 87] },
  { name: "high tom", pitches: [50, 30, 62, 76, 83] },
  { name: "crash", pitches: [49, 52, 55, 57, 58] },
  { name: "ride", pitches: [51, 53, 59, 82] },
];
const KEYS = ["C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B"];
const BLACK = new Set([1, 3, 6, 8, 10]);
const DRUM_OF = new Map(DRUMS.flatMap((drum, index) => drum.pitches.map((pitch) => [pitch, index])));

/** Which of `DRUMS` a pitch is; what is no drum of General MIDI counts as a snare. */
export function drumOf(pitch) {
  return DRUM_OF.get(pitch) ?? 1;
}

/** The name of a pitch: 60 is C4. */
export function keyName(pitch) {
  return `${KEYS[pitch % 12]}${Math.floor(pitch / 12) - 1}`;
}

export function isBlack(pitch) {
  return BLACK.has(pitch % 12);
}

/**
 * The rows of a clip, the top one first: the keys that its pitched tracks need and some beside them,
 * then the drums, the kick lowest, as a score has them.
 */
export function rowsOf(notes, { room = 3, least = 13 } = {}) {
  const pitched = notes.tracks.filter((track) => !track.is_drum);
  const rows = [];
  if (pitched.length) {
    const [low, high] = spanOf(pitched.flatMap((track) => track.notes.map((note) => note[2])), room, least);
    for (let pitch = high; pitch >= low; pitch--)
      rows.push({ kind: "key", pitch, name: keyName(pitch), short: keyName(pitch), black: isBlack(pitch) });
  }
  if (notes.tracks.some((track) => track.is_drum) || !notes.tracks.length)
    for (let drum = DRUMS.length - 1; drum >= 0; drum--)
      rows.push(drumRow(drum));
  return rows;
}

/** The lowest and the highest key to show. */
function spanOf(pitches, room, least) {
  if (!pitches.length) return [60, 60 + least - 1];
  let low = Math.max(0, Math.min(...pitches) - room);
  let high = Math.min(127, Math.max(...pitches) + room);
  while (high - low + 1 < least) {
    if (low > 0) low--;
    if (high < 127) high++;
  }
  return [low, high];
}

/** The rows of one track alone, or of all. */
export function rowsOfTrack(notes, track) {
  const only = track === null ? null : notes.tracks[track];
  return rowsOf(only ? { ...notes, tracks: [only] } : notes);
}

/** The number of the row that a note of a track lies in; -1 if none shows it. */
export function rowOf(rows, isDrum, pitch) {
  const drum = isDrum ? drumOf(pitch) : null;
  return rows.findIndex((row) => (isDrum ? row.kind === "drum" && row.drum === drum : row.kind === "key" && row.pitch === pitch));
}

function drumRow(drum) {
  const { name, short = name, pitches } = DRUMS[drum];
  return { kind: "drum", drum, pitch: pitches[0], pitches, name, short };
}
