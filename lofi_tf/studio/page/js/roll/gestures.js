// What a pointer does to a roll. Each gesture is {move(event), end(event)}; `roll` is the editor.
import { added, changed, GRID, moved, removed, resized, snapped, velocityOf } from "./edit.js";
import { newNote, trackOfRow } from "./keys.js";
import { areaAt, beatOf, hit, rowAt, stems, within } from "./scale.js";

const STILL = 4; // pixels that a click may move
const CLICK = { move() {}, end() {} }; // done as soon as it is pressed
const FREE = 1 / 480; // the grid while Alt is held

/** The gesture that begins at a place, or null. */
export function gestureAt(roll, x, y, event) {
  const { state } = roll, area = areaAt(state.view, x, y);
  if (state.painted) return painting(roll, x, y, event);
  if (area === "names") return sounding(roll, y);
  if (area === "ruler") return barChosen(roll, x, event);
  if (area === "lane") return state.readOnly ? null : shaping(roll, x, y);
  if (area !== "grid") return null;
  const found = hit(state.view, x, y, state);
  if (found) return noteTaken(roll, found, x, y, event);
  return framing(roll, x, y, event);
}

function noteTaken(roll, { note, edge }, x, y, event) {
  const { state } = roll, isMore = event.shiftKey || event.ctrlKey || event.metaKey;
  if (isMore) {
    roll.change({ selected: toggledIn(state.selected, note.id) });
    return CLICK;
  }
  const selected = state.selected.has(note.id) ? state.selected : new Set([note.id]);
  roll.change({ selected, track: note.track });
  if (state.readOnly) return CLICK;
  roll.sound(note);
  return edge ? resizing(roll, note, x) : moving(roll, note, x, y);
}

function toggledIn(ids, id) {
  const more = new Set(ids);
  if (!more.delete(id)) more.add(id);
  return more;
}

const isStill = (event, x, y) => Math.hypot(event.x - x, event.y - y) < STILL;

function moving(roll, note, x, y) {
  const { list } = roll.state, row = rowAt(roll.state.view, y);
  let isMoved = false;
  return {
    move(event) {
      if (!isMoved && isStill(event, x, y)) return;
      isMoved = true;
      const beats = snapped((event.x - x) / roll.state.view.beatWidth, "round", gridOf(roll, event));
      roll.draft(moved(list, roll.state.selected, { beats, rows: rowAt(roll.state.view, event.y) - row }, roll.state));
    },
    end() {
      if (isMoved) roll.commit();
      else roll.change({ selected: new Set([note.id]) });
    },
  };
}

const gridOf = (roll, event) => (event.altKey || !roll.state.isSnapping ? FREE : GRID);

function resizing(roll, note, x) {
  const { list } = roll.state;
  return {
    move(event) {
      const grid = gridOf(roll, event);
      const end = snapped(note.start + note.length + (event.x - x) / roll.state.view.beatWidth, "round", grid);
      const beats = Math.abs(event.x - x) < STILL ? 0 : end - note.start - note.length;
      roll.draft(resized(list, roll.state.selected, beats, roll.state, grid));
    },
    end: () => roll.commit(),
  };
}

/** From nothing: a click puts a note in, a drag frames those to select. */
function framing(roll, x, y, event) {
  const before = event.shiftKey ? roll.state.selected : new Set();
  let isFrame = false;
  return {
    move(now) {
      if (now.pointerType === "touch" || (!isFrame && isStill(now, x, y))) return;
      isFrame = true;
      const { view } = roll.state, inside = within(view, [x, y], [now.x, now.y], roll.state);
      roll.change({ frame: [[x, y], [now.x, now.y]], selected: new Set([...before, ...inside.map((note) => note.id)]) });
    },
    end(now) {
      roll.change({ frame: null });
      if (!isFrame && isStill(now, x, y) && !roll.state.readOnly) put(roll, x, y, now);
    },
  };
}

function put(roll, x, y, event) {
  const { state } = roll, row = state.rows[rowAt(state.view, y)], beat = beatOf(state.view, x);
  if (!row || beat < 0 || beat >= state.notes.beats) return;
  const track = trackOfRow(state, row);
  if (track < 0) return;
  const grid = gridOf(roll, event), start = snapped(beat, "floor", grid);
  const { list, made } = added(state.list, newNote(state, track, row, start));
  const cursor = { beat: snapped(start, "floor"), row: state.rows.indexOf(row) };
  roll.change({ list, track, cursor, selected: new Set([made.id]) });
  roll.sound(made);
}

/** Takes the note at a place out. */
export function removeAt(roll, x, y) {
  const { state } = roll, found = areaAt(state.view, x, y) === "grid" && hit(state.view, x, y, state);
  if (found && !state.readOnly) roll.change({ list: removed(state.list, new Set([found.note.id])) });
}

/** A key or a drum's name sounds while it is held. */
function sounding(roll, y) {
  const { state } = roll, index = rowAt(state.view, y), row = state.rows[index];
  if (!row) return null;
  roll.change({ cursor: { ...state.cursor, row: index } });
  const stop = roll.hold(row);
  return { move() {}, end: stop };
}

/** A bar's number selects what begins in it. */
function barChosen(roll, x, event) {
  const { list, notes, selected, view, rows } = roll.state, perBar = notes.beats_per_bar;
  const bar = Math.floor(beatOf(view, x) / perBar);
  const inside = list.filter((note) => Math.floor((note.start + GRID / 2) / perBar) === bar);
  const before = event.shiftKey ? selected : [];
  const cursor = { beat: Math.max(0, Math.min(bar * perBar, notes.beats - GRID)), row: Math.min(roll.state.cursor.row, rows.length - 1) };
  roll.change({ cursor, selected: new Set([...before, ...inside.map((note) => note.id)]) });
  return CLICK;
}

/** Draws velocities: those of the stems that the pointer passes. */
function shaping(roll, x, y) {
  let last = x;
  const shape = (event) => {
    const { view } = roll.state, high = view.lane - 10;
    const velocity = velocityOf((127 * (view.height - 4 - event.y)) / high);
    const passed = new Set();
    for (let at = Math.min(last, event.x); at <= Math.max(last, event.x); at += 3)
      for (const note of stems(view, at, roll.state)) passed.add(note.id);
    for (const note of stems(view, event.x, roll.state)) passed.add(note.id);
    last = event.x;
    roll.draft(changed(roll.state.list, passed, () => ({ velocity })));
  };
  shape({ x, y });
  return { move: shape, end: () => roll.commit() };
}

/** Chooses bars and drums to draw anew: in the grid both, over bar numbers bars, over names drums. */
function painting(roll, x, y, event) {
  const { state } = roll, area = areaAt(state.view, x, y), before = event.shiftKey ? state.painted : { bars: [], drums: [] };
  const paint = (now) => {
    const bars = area === "names" ? null : spanned(barAt(roll, x), barAt(roll, now.x));
    const rows = area === "ruler" || area === "lane" ? null : spanned(rowAt(state.view, y), rowAt(state.view, now.y));
    roll.paint(bars, rows, before);
  };
  if (area === "corner") return null;
  paint({ x, y });
  return { move: paint, end() {} };
}

const barAt = ({ state }, x) => Math.floor(beatOf(state.view, x) / state.notes.beats_per_bar);

function spanned(one, other) {
  const from = Math.min(one, other);
  return Array.from({ length: Math.abs(other - one) + 1 }, (_, index) => from + index);
}
