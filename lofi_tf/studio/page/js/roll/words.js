// What a roll says to those who listen to it. No DOM.
import { GRID, noteAtCell } from "./edit.js";
import { rowOf } from "./rows.js";

/** "bar 2 beat 3", and which sixteenth of the beat where it is not the first. */
export function placeWords(beat, beatsPerBar) {
  const sixteenth = Math.round(beat / GRID), perBeat = 1 / GRID, perBar = beatsPerBar * perBeat;
  const bar = Math.floor(sixteenth / perBar), rest = sixteenth - bar * perBar;
  const words = `bar ${bar + 1} beat ${Math.floor(rest / perBeat) + 1}`;
  const part = Math.floor(rest % perBeat);
  return part ? `${words} sixteenth ${part + 1}` : words;
}

const plainly = (name) => name.replace("♯", " sharp ").replace("♭", " flat ");

/** "bar 2 beat 3, snare, velocity 80", or "empty" where nothing begins. */
export function cursorWords({ cursor, list, notes, rows, selected }) {
  const row = rows[cursor.row], note = noteAtCell(list, cursor, notes, rows);
  const words = [placeWords(cursor.beat, notes.beats_per_bar), plainly(row.name)];
  if (!note) return [...words, "empty"].join(", ");
  words.push(`velocity ${note.velocity}`);
  if (row.kind === "key") words.push(`${sixteenths(note.length)} long`);
  if (selected.has(note.id)) words.push("selected");
  return words.join(", ");
}

function sixteenths(length) {
  const count = Math.max(1, Math.round(length / GRID));
  return count === 1 ? "1 sixteenth" : `${count} sixteenths`;
}

/** "3 hits selected", or where the one is. */
export function selectionWords({ list, selected, notes, rows }) {
  const chosen = list.filter((note) => selected.has(note.id));
  if (chosen.length !== 1) return `${counted(chosen.length)} selected`;
  const [note] = chosen, isDrum = notes.tracks[note.track].is_drum;
  const row = rows[rowOf(rows, isDrum, note.pitch)];
  const name = row ? plainly(row.name) : `note ${note.pitch}`;
  return `${placeWords(note.start, notes.beats_per_bar)}, ${name}, velocity ${note.velocity}, selected`;
}

export function counted(number) {
  return number === 1 ? "1 note" : `${number} notes`;
}
