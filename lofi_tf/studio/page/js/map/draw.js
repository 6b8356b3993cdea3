// Draws the map: points by a measure's colour, pins, the way or the triangle between them.
import { colours, sharp } from "../roll/theme.js";
import { placeOf } from "./plane.js";

const LETTERS = "ABC";
const SHARE = 0.16; // of the room that a dot has

/** The colour of a share, 0 to 1: the colours of the legend in css/map.css. */
export function shade(share, theme) {
  if (share === null) return theme.line;
  const [from, to, part] = share < 0.5 ? [theme.melody, theme.accent, share * 2] : [theme.accent, theme.drums, share * 2 - 1];
  return `color-mix(in oklab, ${from}, ${to} ${Math.round(part * 100)}%)`;
}

/** Draws it; `state` is {points, scale, current, pins, shares, mode, hasFocus}. */
export function drawMap(canvas, state) {
  const theme = colours(canvas), { context, width, height } = sharp(canvas);
  const room = Math.sqrt((width * height) / Math.max(1, state.points.length));
  const pen = { context, theme, at: ([x, y]) => [x * width, y * height], dot: Math.min(theme.rem * 0.32, room * SHARE) };
  drawWay(pen, state);
  for (const point of state.points) drawDot(pen, point.at, pen.dot, shade(state.scale.at(point.value), theme));
  if (state.current) ring(pen, state.current.at, pen.dot + 4, state.hasFocus ? theme.focus : theme.text);
  state.pins.forEach((pin, index) => drawPin(pen, pin, LETTERS[index]));
  if (state.pins.length > 1 && state.shares.length === state.pins.length) drawHandle(pen, placeOf(state.shares, state.pins.map((pin) => pin.at)));
}

function drawDot({ context, at }, place, radius, fill) {
  const [x, y] = at(place);
  context.fillStyle = fill;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

function ring({ context, at }, place, radius, colour) {
  const [x, y] = at(place);
  context.strokeStyle = colour;
  context.lineWidth = 3;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.stroke();
}

function drawWay({ context, theme, at }, { pins }) {
  if (pins.length < 2) return;
  context.beginPath();
  for (const pin of pins) context.lineTo(...at(pin.at));
  context.closePath();
  context.globalAlpha = 0.18;
  context.fillStyle = theme.accent;
  if (pins.length > 2) context.fill();
  context.globalAlpha = 1;
  context.strokeStyle = theme["line-strong"];
  context.lineWidth = 2;
  context.stroke();
}

function drawPin(pen, pin, letter) {
  const { context, theme, at } = pen;
  drawDot(pen, pin.at, theme.rem * 0.7, theme.text);
  const [x, y] = at(pin.at);
  context.fillStyle = theme.bg;
  context.font = `600 ${theme.rem * 0.85}px ${theme.font}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(letter, x, y + 1);
}

function drawHandle(pen, place) {
  drawDot(pen, place, pen.theme.rem * 0.55, pen.theme.accent);
  ring(pen, place, pen.theme.rem * 0.55, pen.theme.text);
}
