// Edits of notes. No DOM; each returns a new list. A note here is {id, track, start, length, pitch,
// velocity}, its times in quarters. What an edit does not name keeps the timing it was played with.
import { rowOf } from "./rows.js";

export const GRID = 0.25; // a sixteenth, in quarters
const SHORTEST = 0.05; // a note, in quarters
let count = 0;

const newId = () => `n${++count}`;
const byTime = (one, other) => one.start - other.start || one.pitch - other.pitch;

/** The notes of all tracks in one list. */
export function flatten(notes) {
  return notes.tracks.flatMap((track, index) =>
    track.notes.map(([start, length, pitch, velocity]) => ({ id: newId(), track: index, start, length, pitch, velocity })),
  );
}

/** The clip again, with the notes of a list. */
export function unflatten(notes, list) {
  const rows = (track) => list.filter((note) => note.track === track).sort(byTime);
  const tracks = notes.tracks.map((track, index) => ({
    ...track,
    notes: rows(index).map(({ start, length, pitch, velocity }) => [start, length, pitch, velocity]),
  }));
  return { ...notes, tracks };
}

/** A time on the grid: of a time at or after it ("floor"), or the nearest ("round"). */
export function snapped(beat, how = "round", grid = GRID) {
  return Math[how](beat / grid + (how === "floor" ? 1e-9 : 0)) * grid;
}

/** The list with one more note; one that begins at the same time on the same key gives way. */
export function added(list, note) {
  const made = { length: GRID, velocity: 90, ...note, id: newId() };
  const isSame = (other) => other.track === made.track && other.pitch === made.pitch && Math.abs(other.start - made.start) < 1e-6;
  return { list: [...list.filter((other) => !isSame(other)), made], made };
}

export function removed(list, ids) {
  return list.filter((note) => !ids.has(note.id));
}

/** Changes the chosen notes by f(note) -> what is new of it. */
export function changed(list, ids, f) {
  return list.map((note) => (ids.has(note.id) ? { ...note, ...f(note) } : note));
}

/** Moves the chosen notes by quarters and by rows downwards; all stop where the first meets an edge. */
export function moved(list, ids, { beats = 0, rows = 0 }, { notes, rows: shown }) {
  const chosen = list.filter((note) => ids.has(note.id));
  if (!chosen.length) return list;
  const least = Math.min(...chosen.map((note) => note.start)), most = Math.max(...chosen.map((note) => note.start));
  const by = Math.max(Math.min(0, -least), Math.min(beats, Math.max(0, notes.beats - SHORTEST - most)));
  const step = stepOf(chosen, rows, notes, shown);
  return changed(list, ids, (note) => {
    const pitch = step === 0 ? note.pitch : pitchAt(note, step, notes, shown);
    return { start: note.start + by, pitch };
  });
}

const rowOfNote = (note, notes, shown) => rowOf(shown, notes.tracks[note.track].is_drum, note.pitch);

/** How many rows all of them can go: none leaves the rows of its kind. */
function stepOf(chosen, rows, notes, shown) {
  for (let step = rows; step !== 0; step -= Math.sign(rows))
    if (chosen.every((note) => pitchAt(note, step, notes, shown) !== null)) return step;
  return 0;
}

function pitchAt(note, step, notes, shown) {
  const kind = notes.tracks[note.track].is_drum ? "drum" : "key";
  if (kind === "key") return note.pitch - step >= 0 && note.pitch - step <= 127 ? note.pitch - step : null;
  const row = shown[rowOfNote(note, notes, shown) + step];
  return row?.kind === kind ? row.pitch : null;
}

/** Makes the chosen notes longer by quarters; none gets shorter than `least`. */
export function resized(list, ids, beats, { notes }, least = GRID) {
  return changed(list, ids, (note) => {
    const longest = Math.max(notes.beats - note.start, SHORTEST);
    const length = Math.max(Math.min(least, note.length), note.length + beats);
    return { length: Math.min(length, Math.max(longest, note.length)) };
  });
}

export function louder(list, ids, by) {
  return changed(list, ids, ({ velocity }) => ({ velocity: velocityOf(velocity + by) }));
}

export function velocityOf(value) {
  return Math.max(1, Math.min(127, Math.round(value)));
}

/** Puts the chosen notes on the grid. */
export function quantised(list, ids, { notes }) {
  const last = snapped(notes.beats - 1e-6, "floor");
  return changed(list, ids, ({ start }) => ({ start: Math.max(0, Math.min(last, snapped(start))) }));
}

/** What a clipboard holds of the chosen notes: times from the beat or the bar that they begin in. */
export function copied(list, ids, notes) {
  const chosen = list.filter((note) => ids.has(note.id));
  if (!chosen.length) return null;
  const from = snapped(Math.min(...chosen.map((note) => note.start)));
  return chosen.map((note) => {
    const { part, is_drum } = notes.tracks[note.track];
    return { ...note, start: note.start - from, part, is_drum };
  });
}

/** Puts a clipboard in at a beat: into tracks of the same part, or else of the same kind. */
export function pasted(list, clipboard, beat, notes) {
  const ids = new Set();
  for (const { part, is_drum, ...note } of clipboard) {
    const track = trackFor(notes, part, is_drum), start = beat + note.start;
    if (track < 0 || start >= notes.beats) continue;
    const { list: more, made } = added(list, { ...note, track, start });
    list = more;
    ids.add(made.id);
  }
  return { list, ids };
}

function trackFor(notes, part, isDrum) {
  const same = notes.tracks.findIndex((track) => track.part === part && track.is_drum === isDrum);
  return same >= 0 ? same : notes.tracks.findIndex((track) => track.is_drum === isDrum);
}

/** Where copies go to follow on the originals: the next beat, or the next bar of a longer stretch. */
export function afterOf(list, ids, notes) {
  const chosen = list.filter((note) => ids.has(note.id));
  const from = snapped(Math.min(...chosen.map((note) => note.start)));
  const to = Math.max(...chosen.map((note) => note.start)) + GRID;
  const unit = to - from > notes.beats_per_bar / 2 ? notes.beats_per_bar : 1;
  return from + Math.max(unit, Math.ceil((to - from - 1e-6) / unit) * unit);
}

/** The note of a row that begins nearest to a place of the grid, half a sixteenth at most away. */
export function noteAtCell(list, { beat, row }, notes, rows) {
  const near = list.filter(
    (note) => Math.abs(note.start - beat) <= GRID / 2 && rowOfNote(note, notes, rows) === row,
  );
  return near.sort((one, other) => Math.abs(one.start - beat) - Math.abs(other.start - beat))[0] ?? null;
}
