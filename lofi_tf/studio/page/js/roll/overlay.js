// What moves over a roll: the playhead, notes that sound, the frame of a choice.
import { boxOf, xOf, yOf } from "./scale.js";
import { rounded } from "./draw.js";
import { colourOf, sharp } from "./theme.js";

const FLASH_BEATS = 0.35; // how long a drum stays lit

/** Draws it; `beat` is where it plays, or null. */
export function drawOverlay(canvas, state, theme, beat) {
  const { view, frame } = state, { context } = sharp(canvas, view.width, view.height);
  context.save();
  context.beginPath();
  context.rect(view.gutter, 0, view.width, view.height);
  context.clip();
  if (beat !== null && !state.isCalm) drawLit(context, state, theme, beat);
  if (beat !== null) drawHead(context, state, theme, beat);
  if (state.hasFocus && !state.painted) drawCursor(context, state, theme);
  if (frame) drawFrame(context, frame, theme);
  context.restore();
}

function drawHead(context, { view, isCalm }, theme, beat) {
  const x = Math.round(xOf(view, isCalm ? Math.floor(beat) : beat));
  context.fillStyle = theme.text;
  context.fillRect(x, view.ruler, 2, view.height - view.ruler);
  context.beginPath();
  context.moveTo(x - 5, view.ruler - 8);
  context.lineTo(x + 7, view.ruler - 8);
  context.lineTo(x + 1, view.ruler);
  context.fill();
}

/** Lights what sounds now; a drum fades. */
function drawLit(context, state, theme, beat) {
  const { view, notes } = state;
  context.beginPath();
  context.rect(view.gutter, view.ruler, view.width, view.height - view.lane - view.ruler);
  context.save();
  context.clip();
  for (const note of state.list) {
    const track = notes.tracks[note.track], since = beat - note.start;
    const long = track.is_drum ? FLASH_BEATS : note.length;
    if (since < 0 || since > long) continue;
    const box = boxOf(view, note, state);
    if (!box) continue;
    const grow = track.is_drum ? 3 * (1 - since / long) : 0;
    context.globalAlpha = track.is_drum ? 1 - since / long : 0.9;
    context.fillStyle = colourOf(track.is_drum ? "drums" : track.part, theme);
    context.shadowColor = context.fillStyle;
    context.shadowBlur = 14;
    rounded(context, { x: box.x - grow, y: box.y - grow, width: box.width + 2 * grow, height: box.height + 2 * grow }, 3 + grow);
    context.fill();
  }
  context.restore();
}

function drawCursor(context, { view, cursor }, theme) {
  context.strokeStyle = theme.focus;
  context.lineWidth = 2;
  const box = { x: xOf(view, cursor.beat), y: yOf(view, cursor.row), width: view.beatWidth / 4, height: view.rowHeight };
  if (box.y < view.ruler - 1 || box.y > view.height - view.lane) return;
  rounded(context, { x: box.x + 1, y: box.y + 1, width: Math.max(4, box.width - 2), height: box.height - 2 }, 3);
  context.stroke();
}

function drawFrame(context, [[x1, y1], [x2, y2]], theme) {
  context.fillStyle = theme.focus;
  context.strokeStyle = theme.focus;
  context.lineWidth = 1;
  const box = [Math.min(x1, x2), Math.min(y1, y2), Math.abs(x2 - x1), Math.abs(y2 - y1)];
  context.globalAlpha = 0.15;
  context.fillRect(...box);
  context.globalAlpha = 1;
  context.strokeRect(...box);
}
