// The keyboard's part of a roll: from a key to a change. No DOM.
import { added, afterOf, copied, GRID, louder, moved, noteAtCell, pasted, quantised, removed, resized } from "./edit.js";

const STEP = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const LOUDER = 5, OCTAVE = 12;

/** The keys, for those who ask: [keys, what they do]. */
export const HELP = [
  ["Arrows", "move the cursor; what is selected moves instead"],
  ["Enter", "puts a note in, or takes it out"],
  ["+ −", "louder, softer"],
  ["Shift + ← →", "shorter, longer"],
  ["Shift + ↑ ↓", "an octave"],
  ["Ctrl + ← →", "a bar back, a bar on"],
  ["S", "selects the note at the cursor, or lets it go"],
  ["N, P", "go to the next note, to the one before"],
  ["Q", "quantizes: what is selected goes on the grid"],
  ["Ctrl + A, C, X, V, D", "all, copy, cut, paste, repeat"],
  ["Delete", "removes"],
  ["Esc", "selects nothing"],
];

/**
 * What a key does to a roll's state: null where it is none of the roll's, otherwise what of the
 * state is new (list, selected, cursor, clipboard).
 */
export function keyed(state, { key, shiftKey, ctrlKey, metaKey, altKey }) {
  const command = ctrlKey || metaKey;
  if (STEP[key] && !altKey) return arrow(state, STEP[key], { isFar: shiftKey, isBar: command });
  if (command) return commanded(state, key.toLowerCase());
  if (altKey) return null;
  if (["n", "p"].includes(key.toLowerCase())) return toNote(state, key.toLowerCase() === "n" ? 1 : -1);
  if (key === "Escape") return state.selected.size ? { selected: new Set() } : null;
  if (key === "Home") return { cursor: { ...state.cursor, beat: 0 } };
  if (key === "End") return { cursor: { ...state.cursor, beat: lastBeat(state) } };
  if (key.toLowerCase() === "s") return chooseAtCursor(state);
  return state.readOnly ? null : edited(state, key);
}

function edited(state, key) {
  if (key === "Enter") return toggled(state);
  const ids = chosen(state);
  if (key === "Delete" || key === "Backspace") return { list: removed(state.list, ids), selected: new Set() };
  if (key === "+" || key === "=") return { list: louder(state.list, ids, LOUDER) };
  if (key === "-" || key === "_") return { list: louder(state.list, ids, -LOUDER) };
  if (key.toLowerCase() === "q") return { list: quantised(state.list, ids, state) };
  return null;
}

const lastBeat = ({ notes }) => Math.max(0, Math.ceil(notes.beats / GRID - 1e-6) * GRID - GRID);
const atCursor = (state) => noteAtCell(state.list, state.cursor, state.notes, state.rows);

/** What is selected, or else the note at the cursor. */
function chosen(state) {
  if (state.selected.size) return state.selected;
  const note = atCursor(state);
  return new Set(note ? [note.id] : []);
}

function arrow(state, [across, down], { isFar, isBar }) {
  if (isFar && across) return state.readOnly ? null : { list: resized(state.list, chosen(state), across * GRID, state) };
  const beats = across * (isBar ? state.notes.beats_per_bar : GRID);
  const isOctave = isFar && state.rows[state.cursor.row]?.kind === "key";
  const rows = down * (isOctave ? OCTAVE : 1);
  if (state.selected.size && !state.readOnly) return { list: moved(state.list, state.selected, { beats, rows }, state) };
  const beat = Math.max(0, Math.min(lastBeat(state), state.cursor.beat + beats));
  return { cursor: { beat, row: Math.max(0, Math.min(state.rows.length - 1, state.cursor.row + rows)) } };
}

function toggled(state) {
  const note = atCursor(state), row = state.rows[state.cursor.row];
  if (note) return { list: removed(state.list, new Set([note.id])) };
  const track = trackOfRow(state, row);
  if (track < 0) return null;
  return { list: added(state.list, newNote(state, track, row, state.cursor.beat)).list, track };
}

/** The track that a row's new notes go to: the one in hand, or the first of its kind. */
export function trackOfRow({ notes, track }, row) {
  const isDrum = row.kind === "drum";
  if (notes.tracks[track]?.is_drum === isDrum) return track;
  return notes.tracks.findIndex((other) => other.is_drum === isDrum);
}

/** A new note as long and as loud as the one before. */
export function newNote(state, track, row, start) {
  const length = row.kind === "drum" ? GRID : Math.min(state.lastLength, Math.max(GRID, state.notes.beats - start));
  return { track, start, pitch: row.pitch, length, velocity: state.lastVelocity };
}

function chooseAtCursor(state) {
  const note = atCursor(state);
  if (!note) return {};
  const selected = new Set(state.selected);
  if (!selected.delete(note.id)) selected.add(note.id);
  return { selected };
}

function toNote(state, way) {
  const key = (place) => place.beat * 1000 + place.row;
  const places = state.list
    .map((note) => ({ beat: Math.round(note.start / GRID) * GRID, row: state.rowOfNote(note) }))
    .filter((place) => place.row >= 0 && way * (key(place) - key(state.cursor)) > 0)
    .sort((one, other) => way * (key(one) - key(other)));
  return { cursor: places[0] ?? state.cursor };
}

function commanded(state, key) {
  const { list, selected, notes } = state;
  if (key === "a") return { selected: new Set(list.map((note) => note.id)) };
  if (key === "c") return selected.size ? { clipboard: copied(list, chosen(state), notes) } : null;
  if (state.readOnly) return null;
  if (key === "x" && selected.size) return { clipboard: copied(list, selected, notes), list: removed(list, selected), selected: new Set() };
  if (key === "v" && state.clipboard) return paste(state, state.clipboard, state.cursor.beat);
  if (key === "d" && selected.size) return paste(state, copied(list, selected, notes), afterOf(list, selected, notes));
  return null;
}

function paste(state, clipboard, beat) {
  const { list, ids } = pasted(state.list, clipboard, beat, state.notes);
  return { list, selected: ids };
}
