// The lanes on the page.
import { CLIP_TYPE } from "../drag.js";
import { el } from "../dom.js";
import { BLOCK_TYPE, blockOf } from "./block.js";
import { LANES, spans } from "./lanes.js";

const TITLES = { drums: "Drums", bass: "Bass", chords: "Chords", melody: "Melody" };
const SPARE_BARS = 4, LEAST_BARS = 16;

/** Builds the lanes; `acts` is what is done: {lock, add, drop, choose, typed}. Returns {element, show(), head()}. */
export function lanesView(acts) {
  const bars = el("div.lane-bars", { "aria-hidden": "true" }), marks = el("div.lane-marks");
  const head = el("span.lanes-head", { hidden: true });
  const lanes = new Map(LANES.map((lane) => [lane, laneOf(lane, acts)]));
  const ruler = el("div.lane-ruler", {}, bars, marks);
  const names = el("div.lane-names", {}, el("div.lane-corner"), ...[...lanes.values()].map((lane) => lane.name));
  const tracks = el("div.lane-tracks", {}, ruler, ...[...lanes.values()].map((lane) => lane.track), head);
  const scroll = el("div.lane-scroll", { tabIndex: 0, role: "group", "aria-label": "Lanes by bars" }, tracks);
  const element = el("div.lanes", {}, names, scroll);

  function show({ lanes: placed, locked, end, sections, clip, bars: long, chosen, focusedName }) {
    const count = Math.max(LEAST_BARS, end + SPARE_BARS);
    tracks.style.setProperty("--bars", count);
    bars.replaceChildren(...Array.from({ length: count }, (_, bar) => mark("span.lane-bar", bar, String(bar + 1))));
    marks.replaceChildren(...sections.map(([bar, name]) => mark("span.lane-mark", bar, name)));
    marks.hidden = !sections.length;
    const drawn = [];
    for (const [lane, parts] of lanes) {
      parts.show(locked.includes(lane), focusedName(lane));
      drawn.push(...showBlocks(parts.track, lane, placed[lane], { clip, bars: long, chosen, acts }));
    }
    for (const draw of drawn) draw();
  }

  /** Where it plays, in bars; null hides it. */
  function showHead(bar) {
    head.hidden = bar === null;
    if (bar !== null) head.style.setProperty("--at", bar);
  }

  return { element, show, head: showHead };
}

function mark(kind, bar, text) {
  const element = el(kind, {}, text);
  element.style.setProperty("--at", bar);
  return element;
}

/** Puts a lane's blocks in; the one in focus keeps it. */
function showBlocks(track, lane, blocks, { clip, bars, chosen, acts }) {
  const hadFocus = track.contains(document.activeElement);
  const made = spans(blocks, bars).map(([bar, id, long]) => {
    const place = { lane, bar, long };
    const isChosen = chosen?.lane === lane && chosen.bar === bar;
    return { isChosen, ...blockOf(clip(id), place, { isChosen, choose: () => acts.choose(lane, bar), typed: (event) => acts.typed(event, lane, bar) }) };
  });
  track.replaceChildren(...made.map((block) => block.element));
  if (hadFocus) made.find((block) => block.isChosen)?.element.focus();
  return made.map((block) => block.draw);
}

function laneOf(lane, acts) {
  const lock = el("button.button.bare.small", { type: "button", onclick: () => acts.lock(lane), data: { hint: "Locked: it stays as it is when the rest is drawn anew" } });
  const add = el("button.button.bare.small.square", { type: "button", onclick: () => acts.add(lane) }, "+");
  const name = el("div.lane-name", { data: { part: lane } }, el("span.dot"), el("span.lane-title", {}, TITLES[lane]), lock, add);
  const track = el("div.lane", { role: "group", "aria-label": TITLES[lane], data: { part: lane } });
  dropsOn(track, lane, acts);
  const show = (isLocked, clipName) => {
    lock.textContent = isLocked ? "Locked" : "Lock";
    lock.setAttribute("aria-pressed", isLocked);
    lock.setAttribute("aria-label", `Lock ${lane}`);
    track.classList.toggle("is-locked", isLocked);
    add.disabled = !clipName;
    add.setAttribute("aria-label", clipName ? `Add ${clipName} to ${lane}` : `Add to ${lane}: choose a clip first`);
    add.dataset.hint = clipName ? `Puts ${clipName} at the lane's end` : "Choose a clip in the tray that fits this lane";
  };
  return { name, track, show };
}

function dropsOn(track, lane, acts) {
  const kindOf = ({ dataTransfer: { types } }) => [CLIP_TYPE, BLOCK_TYPE].find((type) => types.includes(type));
  const barAt = (event) => {
    const box = track.getBoundingClientRect();
    return Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * Number(getComputedStyle(track).getPropertyValue("--bars"))));
  };
  track.addEventListener("dragover", (event) => {
    if (!kindOf(event)) return;
    event.preventDefault();
    track.classList.add("is-over");
    track.style.setProperty("--over", barAt(event));
  });
  track.addEventListener("dragleave", () => track.classList.remove("is-over"));
  track.addEventListener("drop", (event) => {
    const kind = kindOf(event);
    if (!kind) return;
    event.preventDefault();
    track.classList.remove("is-over");
    const data = event.dataTransfer.getData(kind);
    acts.drop(lane, barAt(event), kind === CLIP_TYPE ? { id: data } : JSON.parse(data));
  });
}
