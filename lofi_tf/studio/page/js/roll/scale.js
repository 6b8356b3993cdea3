// Where things lie in a roll: beats and rows to pixels and back. No DOM.
// A view is {gutter, ruler, lane, width, height, beatWidth, rowHeight, left, top}: the widths of the
// names, the heights of the ruler and of the velocities, the size of all; what is scrolled away.
import { rowOf } from "./rows.js";

export const NARROWEST = 6, WIDEST = 480; // a quarter, in pixels
const EDGE = 8; // of a note's end that resizes it, in pixels
const TOUCH = 5; // beside a note that still counts as it

export const xOf = (view, beat) => view.gutter + beat * view.beatWidth - view.left;
export const beatOf = (view, x) => (x - view.gutter + view.left) / view.beatWidth;
export const yOf = (view, row) => view.ruler + row * view.rowHeight - view.top;
export const rowAt = (view, y) => Math.floor((y - view.ruler + view.top) / view.rowHeight);

/** Which part of the roll a place is in: "ruler", "names", "grid", "lane" or "corner". */
export function areaAt(view, x, y) {
  const across = x < view.gutter ? "names" : "grid";
  if (y < view.ruler) return across === "names" ? "corner" : "ruler";
  if (y >= view.height - view.lane) return across === "names" ? "corner" : "lane";
  return across;
}

/** How wide and high all is. */
export function extent(view, beats, rows) {
  const across = view.gutter + beats * view.beatWidth;
  return { width: Math.ceil(across), height: Math.ceil(view.ruler + rows * view.rowHeight + view.lane) };
}

/** Where a note is drawn: {x, y, width, height}, or null if no row shows it. */
export function boxOf(view, note, { notes, rows }) {
  const isDrum = notes.tracks[note.track].is_drum;
  const row = rowOf(rows, isDrum, note.pitch);
  if (row < 0) return null;
  const width = isDrum ? Math.max(6, view.beatWidth * 0.25 - 2) : Math.max(4, view.beatWidth * note.length - 1);
  const high = isDrum ? (view.rowHeight - 3) * (0.35 + (0.65 * note.velocity) / 127) : view.rowHeight - 1;
  const y = yOf(view, row) + (isDrum ? view.rowHeight - 1.5 - high : 0.5);
  return { x: xOf(view, note.start), y, width, height: high };
}

/** The note under a place, the last drawn first: {note, edge}, edge where its end can be drawn. */
export function hit(view, x, y, { list, notes, rows }) {
  const row = rowAt(view, y);
  let best = null;
  for (const note of list) {
    const box = boxOf(view, note, { notes, rows });
    if (!box || rowOf(rows, notes.tracks[note.track].is_drum, note.pitch) !== row) continue;
    const away = x < box.x ? box.x - x : Math.max(0, x - box.x - box.width);
    const most = Math.min(TOUCH, view.beatWidth * 0.06);
    if (away > most || (best && away > best.away)) continue;
    const isEnd = !notes.tracks[note.track].is_drum && x > box.x + box.width - Math.min(EDGE, box.width / 3);
    best = { note, edge: isEnd, away };
  }
  return best && { note: best.note, edge: best.edge };
}

/** The notes whose boxes meet a rectangle of two corners in pixels. */
export function within(view, [x1, y1], [x2, y2], { list, notes, rows }) {
  const [left, right] = [Math.min(x1, x2), Math.max(x1, x2)], [top, bottom] = [Math.min(y1, y2), Math.max(y1, y2)];
  return list.filter((note) => {
    const box = boxOf(view, note, { notes, rows });
    return box && box.x < right && box.x + box.width > left && box.y < bottom && box.y + box.height > top;
  });
}

/** The notes whose velocities stand at a place of the lane: the chosen among them, or all. */
export function stems(view, x, { list, selected, only }) {
  const away = (note) => Math.abs(xOf(view, note.start) + 3 - x);
  const reach = Math.max(6, view.beatWidth * 0.11);
  const near = list.filter((note) => away(note) <= reach && (only === null || note.track === only));
  const chosen = near.filter((note) => selected.has(note.id));
  if (chosen.length) return chosen;
  const first = near.sort((one, other) => away(one) - away(other))[0];
  return near.filter((note) => Math.abs(note.start - first.start) < 1e-3);
}

/** The width of a quarter after a zoom about a place; and where the view scrolls for it to stay. */
export function zoomed(view, factor, x = view.gutter) {
  const beat = beatOf(view, x);
  const beatWidth = Math.max(NARROWEST, Math.min(WIDEST, view.beatWidth * factor));
  return { beatWidth, left: Math.max(0, beat * beatWidth - (x - view.gutter)) };
}

/** The width at which all beats are seen, but none is narrower than `least`. */
export function fitting(view, beats, least) {
  return Math.max(least, Math.min(WIDEST, (view.width - view.gutter) / Math.max(1, beats)));
}
