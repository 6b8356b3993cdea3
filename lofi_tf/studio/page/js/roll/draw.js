// Draws a roll: rows and bars, notes, their velocities, and the frame about them.
import { isBlack } from "./rows.js";
import { boxOf, xOf, yOf } from "./scale.js";
import { colourOf, colours, sharp } from "./theme.js";

/** Draws all but what moves while it plays; returns the colours it took. */
export function draw(canvas, state) {
  const { view } = state, theme = colours(canvas);
  const { context } = sharp(canvas, view.width, view.height);
  const pen = { context, theme, view, state };
  clipped(pen, [view.gutter, view.ruler, view.width, view.height - view.lane], () => {
    drawRows(pen);
    drawBeats(pen);
    drawPainted(pen);
    for (const note of state.list) drawNote(pen, note);
  });
  if (view.lane) clipped(pen, [view.gutter, view.height - view.lane, view.width, view.height], () => drawLane(pen));
  clipped(pen, [0, view.ruler, view.gutter, view.height - view.lane], () => drawNames(pen));
  drawRuler(pen);
  drawEdges(pen);
  return theme;
}

function clipped({ context }, [left, top, right, bottom], drawing) {
  context.save();
  context.beginPath();
  context.rect(left, top, right - left, bottom - top);
  context.clip();
  drawing();
  context.restore();
}

function drawRows({ context, theme, view, state }) {
  state.rows.forEach((row, index) => {
    const y = yOf(view, index), isLast = row.kind !== state.rows[index + 1]?.kind;
    context.fillStyle = theme[row.black ? "surface-2" : "surface-1"];
    context.fillRect(view.gutter, y, view.width, view.rowHeight);
    context.fillStyle = theme[isLast ? "line-strong" : "line"];
    const isLine = row.kind === "drum" || row.pitch % 12 === 0 || row.pitch % 12 === 5;
    if (isLine) context.fillRect(view.gutter, y + view.rowHeight - 1, view.width, 1);
  });
}

function drawBeats({ context, theme, view, state }) {
  const { beats, beats_per_bar: perBar } = state.notes;
  const bottom = Math.min(view.height - view.lane, yOf(view, state.rows.length));
  const step = view.beatWidth >= 40 ? 0.25 : view.beatWidth >= 14 ? 1 : perBar;
  for (let beat = 0; beat <= beats; beat += step) {
    context.globalAlpha = beat % perBar === 0 ? 1 : beat % 1 === 0 ? 0.9 : 0.4;
    context.fillStyle = theme[beat % perBar === 0 ? "line-strong" : "line"];
    context.fillRect(Math.round(xOf(view, beat)), view.ruler, 1, bottom - view.ruler);
  }
  context.globalAlpha = 1;
  const end = xOf(view, beats);
  context.fillStyle = theme.bg;
  context.fillRect(end + 1, view.ruler, view.width - end, view.height);
}

/** What is painted to be drawn anew: bars times drums. */
function drawPainted({ context, theme, view, state }) {
  const { painted } = state;
  if (!painted) return;
  const perBar = state.notes.beats_per_bar;
  context.fillStyle = theme.accent;
  for (const bar of painted.bars)
    state.rows.forEach((row, index) => {
      if (painted.drums.length && !painted.drums.includes(row.name)) return;
      context.globalAlpha = 0.38;
      context.fillRect(xOf(view, bar * perBar), yOf(view, index), perBar * view.beatWidth, view.rowHeight);
    });
  context.globalAlpha = 1;
}

function drawNote(pen, note) {
  const { context, theme, view, state } = pen;
  const box = boxOf(view, note, state);
  if (!box || box.x > view.width || box.x + box.width < view.gutter) return;
  const track = state.notes.tracks[note.track], isChosen = state.selected.has(note.id);
  context.globalAlpha = (0.4 + (0.6 * note.velocity) / 127) * (note.track === state.track || isChosen ? 1 : 0.6);
  context.fillStyle = colourOf(track.is_drum ? "drums" : track.part, theme);
  rounded(context, box, Math.min(3, box.height / 3));
  context.fill();
  context.globalAlpha = 1;
  if (!isChosen) return;
  context.strokeStyle = theme.text;
  context.lineWidth = 2;
  rounded(context, { x: box.x - 1.5, y: box.y - 1.5, width: box.width + 3, height: box.height + 3 }, 4);
  context.stroke();
}

/** A path about a box. */
export function rounded(context, { x, y, width, height }, radius) {
  context.beginPath();
  context.roundRect(x, y, width, height, radius);
}

function drawLane({ context, theme, view, state }) {
  const top = view.height - view.lane, high = view.lane - 10;
  context.fillStyle = theme["surface-2"];
  context.fillRect(view.gutter, top, view.width, view.lane);
  for (const note of state.list) {
    const x = xOf(view, note.start), isChosen = state.selected.has(note.id);
    if (x < view.gutter - 8 || x > view.width || (state.only !== null && note.track !== state.only)) continue;
    const track = state.notes.tracks[note.track], tall = (high * note.velocity) / 127;
    context.globalAlpha = isChosen || (!state.selected.size && note.track === state.track) ? 1 : 0.35;
    context.fillStyle = isChosen ? theme.text : colourOf(track.is_drum ? "drums" : track.part, theme);
    context.fillRect(x + 1.5, view.height - 4 - tall, 3, tall);
    rounded(context, { x: x, y: view.height - 4 - tall - 3, width: 6, height: 6 }, 3);
    context.fill();
  }
  context.globalAlpha = 1;
}

function drawNames({ context, theme, view, state }) {
  context.fillStyle = theme["surface-2"];
  context.fillRect(0, view.ruler, view.gutter, view.height);
  const isRoomy = view.rowHeight >= theme.rem * 0.8;
  context.textBaseline = "middle";
  context.textAlign = "right";
  state.rows.forEach((row, index) => {
    const y = yOf(view, index);
    if (row.kind === "key") drawKey({ context, theme, view }, row, y, isRoomy);
    else drawDrumName({ context, theme, view }, row, y);
    if (state.hasFocus && index === state.cursor.row) {
      context.fillStyle = theme.focus;
      context.fillRect(0, y, 3, view.rowHeight);
    }
  });
}

function drawDrumName({ context, theme, view }, row, y) {
  context.font = `${Math.min(theme.rem * 0.75, view.rowHeight * 0.8)}px ${theme.font}`;
  context.fillStyle = theme.text;
  context.fillText(row.short, view.gutter - 8, y + view.rowHeight / 2);
  context.fillStyle = theme.line;
  context.fillRect(0, y + view.rowHeight - 1, view.gutter, 1);
}

function drawKey({ context, theme, view }, row, y, isRoomy) {
  const wide = theme.rem * 2.25, left = view.gutter - wide;
  context.fillStyle = theme.white;
  context.fillRect(left, y, wide, view.rowHeight);
  context.fillStyle = theme.black;
  if (isBlack(row.pitch)) context.fillRect(left, y, wide * 0.6, view.rowHeight);
  context.fillStyle = theme.line;
  if (row.pitch % 12 === 0 || row.pitch % 12 === 5) context.fillRect(left, y + view.rowHeight - 1, wide, 1);
  if (row.pitch % 12 !== 0 && !isRoomy) return;
  context.font = `${Math.min(theme.rem * 0.7, view.rowHeight * 0.85)}px ${theme.font}`;
  context.fillStyle = theme[row.pitch % 12 === 0 ? "text" : "text-dim"];
  context.fillText(row.short, left - 6, y + view.rowHeight / 2);
}

function drawRuler(pen) {
  const { context, theme, view, state } = pen;
  context.fillStyle = theme["surface-2"];
  context.fillRect(0, 0, view.width, view.ruler);
  clipped(pen, [view.gutter, 0, view.width, view.ruler], () => {
    context.textBaseline = "middle";
    context.textAlign = "left";
    drawBarNumbers(pen);
    const line = theme.rem * 1.25;
    let y = view.ruler;
    for (const [names, colour] of [[state.clip.chords, "text"], [state.clip.sections, "accent-text"]])
      if (names?.length) drawMarks(pen, names, (y -= line) + line / 2, theme[colour]);
  });
}

function drawBarNumbers({ context, theme, view, state }) {
  const { beats, beats_per_bar: perBar } = state.notes;
  const across = perBar * view.beatWidth, each = across < theme.rem * 1.75 ? 4 : 1;
  context.font = `600 ${theme.rem * 0.75}px ${theme.font}`;
  for (let bar = 0; bar * perBar < beats; bar++) {
    const x = xOf(view, bar * perBar);
    context.fillStyle = theme["line-strong"];
    context.fillRect(Math.round(x), 0, 1, view.ruler);
    context.fillStyle = theme["text-dim"];
    if (bar % each === 0) context.fillText(String(bar + 1), x + 6, theme.rem * 0.75);
  }
}

/** Names at their beats; one that would lie on the next is cut. */
function drawMarks({ context, theme, view, state }, marks, y, colour) {
  context.font = `${theme.rem * 0.8}px ${theme.font}`;
  context.fillStyle = colour;
  marks.forEach(([beat, name], index) => {
    const x = xOf(view, beat), next = xOf(view, marks[index + 1]?.[0] ?? state.notes.beats);
    if (next - x > 12) context.fillText(name, x + 6, y, Math.max(8, next - x - 8));
  });
}

function drawEdges({ context, theme, view }) {
  context.fillStyle = theme["surface-2"];
  context.fillRect(0, view.height - view.lane, view.gutter, view.lane);
  context.fillStyle = theme["line-strong"];
  context.fillRect(view.gutter - 1, 0, 1, view.height);
  context.fillRect(0, view.ruler - 1, view.width, 1);
  if (!view.lane) return;
  context.fillRect(0, view.height - view.lane, view.width, 1);
  context.font = `${theme.rem * 0.75}px ${theme.font}`;
  context.fillStyle = theme["text-dim"];
  context.textAlign = "right";
  context.textBaseline = "middle";
  context.fillText("velocity", view.gutter - 8, view.height - view.lane / 2);
}
