// A clip as a card of the tray: picture, name, and what can be done with it.
import * as actions from "./actions.js";
import { api } from "./api.js";
import { el } from "./dom.js";
import { makeDraggable } from "./drag.js";
import { icon } from "./icons.js";
import { FITTING, lengthOf, looksOf, PART_TITLES } from "./names.js";
import { notesOf, player } from "./player.js";
import { drawRoll } from "./roll.js";
import { store } from "./store.js";
import { showView } from "./tools.js";

function action(name, title, run, hint) {
  const button = el("button.button.bare.small.square", { type: "button", title, onclick: run }, icon(name));
  button.dataset.hint = hint;
  return button;
}

/** A card. Returns {element, face, head, show(clip, state), draw(), see(), reach(isCurrent)}. */
export function makeCard(id) {
  const clip = () => store.clip(id);
  const canvas = el("canvas", { "aria-hidden": "true" });
  const head = el("span.card-head");
  const face = el("button.card-face", { type: "button", onclick: choose, ondblclick: () => showView("clip") }, canvas, head);
  face.dataset.hint = "Click: chooses the clip. Double click: shows its notes. Enter: plays it. Drag it out into a folder or your DAW.";
  const play = el("button.card-play", { type: "button", onclick: hear });
  const name = el("input.card-name", { type: "text", maxLength: 80, spellcheck: false });
  name.dataset.hint = "The clip's name, which its file has too. Enter keeps it, Escape does not.";
  const meta = el("span.card-meta");
  const star = action("star", "Star", () => actions.star(clip()), "Keeps it among the starred (S)");
  const more = action("vary", "More like this", () => actions.moreLike(clip()), "Makes others that are close to this one (V)");
  const save = el("a.button.bare.small.square", { title: "Download", download: "" }, icon("download"));
  save.dataset.hint = "Saves the clip as a MIDI or WAV file";
  const bin = action("trash", "Delete", () => actions.remove(clip()), "Deletes the clip; undo brings it back (Delete)");
  const tools = el("span.card-tools", {}, star, more, save, bin);
  const element = el("li.card", { data: { id } }, face, play, name, el("div.card-foot", {}, meta, tools));
  let drawn = null;
  let isSeen = false;

  function choose(event) {
    store.select(id, { add: event.shiftKey || event.ctrlKey || event.metaKey });
  }

  function hear() {
    if (!store.focused()) store.select(id);
    player.toggle(clip());
  }

  name.addEventListener("change", () => actions.rename(clip(), name.value) ?? (name.value = clip().name));
  name.addEventListener("keydown", (event) => {
    if (event.key === "Escape") name.value = clip().name;
    if (event.key === "Escape" || event.key === "Enter") face.focus();
  });
  makeDraggable(face, clip());

  async function draw() {
    const now = clip();
    const theme = document.documentElement.dataset.theme;
    const key = `${now.version} ${theme} ${canvas.clientWidth}`;
    if (!isSeen || drawn === key || !canvas.clientWidth) return;
    drawn = key;
    if (now.kind === "sound") return drawPeaks(canvas, now.peaks ?? []);
    const notes = await notesOf(now).catch(() => null);
    if (notes) drawRoll(canvas, notes, { compact: true });
  }

  function show(now, state) {
    const isPlaying = state.playing === id;
    const isChosen = state.selection.includes(id);
    element.dataset.part = now.part;
    element.classList.toggle("is-playing", isPlaying);
    element.classList.toggle("is-chosen", isChosen);
    const stars = now.starred ? ", starred" : "";
    face.setAttribute("aria-label", `${now.name}: ${PART_TITLES[now.part]}, ${lengthOf(now)}${stars}`);
    face.setAttribute("aria-pressed", isChosen);
    play.replaceChildren(icon(isPlaying ? "stop" : "play"));
    play.setAttribute("aria-label", `${isPlaying ? "Stop" : "Play"} ${now.name}`);
    if (document.activeElement !== name) name.value = now.name;
    name.setAttribute("aria-label", `Name of ${now.name}`);
    meta.replaceChildren(el("span.dot"), `${PART_TITLES[now.part]} · ${lengthOf(now)}`);
    meta.title = now.tool ? `Made by ${looksOf(now.tool).title}` : "";
    star.setAttribute("aria-pressed", now.starred);
    for (const [button, verb] of [[star, "Star"], [more, "More like"], [save, "Download"], [bin, "Delete"]]) {
      button.setAttribute("aria-label", `${verb} ${now.name}`);
    }
    more.hidden = !FITTING[now.part].includes("vary");
    save.href = api.fileUrl(now);
    draw();
  }

  /** Only one card at a time is in the order of Tab; arrows go among cards. */
  function reach(isCurrent) {
    for (const part of [face, play, name, star, more, save, bin]) part.tabIndex = isCurrent ? 0 : -1;
  }

  /** The picture is drawn, and its notes asked for, once the card comes into sight. */
  function see() {
    isSeen = true;
    draw();
  }

  return { element, face, show, draw, see, reach, head };
}

function drawPeaks(canvas, peaks) {
  const width = (canvas.width = canvas.clientWidth * devicePixelRatio);
  const height = (canvas.height = canvas.clientHeight * devicePixelRatio);
  const context = canvas.getContext("2d");
  context.fillStyle = getComputedStyle(canvas).getPropertyValue("--sound");
  const step = width / Math.max(1, peaks.length);
  peaks.forEach((peak, k) => {
    const tall = Math.max(devicePixelRatio, Math.abs(peak) * height * 0.9);
    context.fillRect(k * step, (height - tall) / 2, Math.max(1, step * 0.7), tall);
  });
}
