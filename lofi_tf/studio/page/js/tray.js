// The tray: all clips as cards, the newest run first; by part and star.
import { upload } from "./actions.js";
import { makeCard } from "./card.js";
import { el } from "./dom.js";
import { icon } from "./icons.js";
import { PART_TITLES } from "./names.js";
import { player } from "./player.js";
import { newestFirst } from "./runs.js";
import { onTheme } from "./roll.js";
import { store } from "./store.js";

const ACCEPTED = ".mid,.midi,.xml,.musicxml,.mxl,.abc,.wav,.flac,.ogg,.mp3,.aif,.aiff";

const fits = (clip, { part, starred }) =>
  (part === "all" || clip.part === part) && (!starred || clip.starred);

/** The clips that the tray shows, in its order. */
export const shownClips = () => newestFirst(store.clips()).filter((clip) => fits(clip, store.state.filter));

export function mountTray(element) {
  const cards = new Map();
  const list = el("ul.cards", { "aria-label": "Clips" });
  const count = el("span.label");
  const nothing = el("p.tray-nothing.dim");
  const { bar, showFilters } = makeBar(count);
  element.replaceChildren(bar, nothing, list);

  function show(state, changed) {
    if (!["session", "selection", "playing", "filter"].some((name) => changed.has(name))) return;
    if (!state.session) return;
    showFilters(state);
    const clips = shownClips();
    const all = store.clips().length;
    count.textContent = all ? (clips.length === all ? `${all}` : `${clips.length} of ${all}`) : "";
    nothing.hidden = clips.length > 0;
    nothing.textContent = all ? "No clip is like that." : "What you make lies here. Files can be dropped here too.";
    place(list, cards, clips, state, sight);
    if (changed.has("selection")) reveal(cards.get(state.selection.at(-1)));
  }

  player.onFrame((clip, { share }) => moveHead(cards, clip, share));
  list.addEventListener("keydown", (event) => moveAmong(event, list, cards));
  list.addEventListener("focusin", (event) => reachOnly(cards, event.target.closest(".card")?.dataset.id));
  const sight = new IntersectionObserver(
    (seen) => seen.forEach(({ isIntersecting, target }) => isIntersecting && cards.get(target.dataset.id)?.see()),
    { rootMargin: "200px" },
  );
  const redraw = () => cards.forEach((card) => card.draw());
  new ResizeObserver(redraw).observe(list);
  onTheme(redraw);
  store.subscribe(show);
  show(store.state, new Set(["session"]));
}

function place(list, cards, clips, state, sight) {
  const wanted = new Set(clips.map((clip) => clip.id));
  for (const [id, card] of cards) {
    if (wanted.has(id)) continue;
    const hadFocus = card.element.contains(document.activeElement);
    sight.unobserve(card.element);
    card.element.remove();
    cards.delete(id);
    if (hadFocus) list.querySelector(".is-chosen .card-face, .card-face")?.focus();
  }
  clips.forEach((clip, k) => {
    if (!cards.has(clip.id)) {
      cards.set(clip.id, makeCard(clip.id));
      sight.observe(cards.get(clip.id).element);
    }
    const card = cards.get(clip.id);
    if (list.children[k] !== card.element) list.insertBefore(card.element, list.children[k] ?? null);
    card.show(clip, state);
  });
  reachOnly(cards, document.activeElement?.closest?.(".card")?.dataset.id ?? state.selection.at(-1));
}

function reachOnly(cards, id) {
  const current = cards.has(id) ? id : cards.keys().next().value;
  const first = cards.has(id) ? null : document.querySelector(".cards .card")?.dataset.id;
  for (const [other, card] of cards) card.reach(other === (first ?? current));
}

function reveal(card) {
  if (!card) return;
  const tray = card.element.closest(".tray");
  const bar = tray.firstChild.offsetHeight; // stands over what scrolls
  const box = tray.getBoundingClientRect();
  const own = card.element.getBoundingClientRect();
  const isOwnScroller = tray.scrollHeight > tray.clientHeight;
  if (isOwnScroller && (own.top < box.top + bar || own.bottom > box.bottom)) card.element.scrollIntoView({ block: "start" });
}

function moveHead(cards, clip, share) {
  for (const [id, card] of cards) {
    const isIt = clip?.id === id;
    if (!isIt && !card.head.style.transform) continue;
    card.head.style.transform = isIt ? `translateX(${share * 100}%)` : "";
  }
}

function moveAmong(event, list, cards) {
  const face = event.target.closest(".card-face");
  if (!face || event.ctrlKey || event.metaKey || event.altKey) return;
  const all = [...list.querySelectorAll(".card-face")];
  const at = all.indexOf(face);
  const top = face.getBoundingClientRect().top;
  const perRow = all.filter((other) => Math.abs(other.getBoundingClientRect().top - top) < 4).length;
  const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: perRow, ArrowUp: -perRow, Home: -at, End: all.length - 1 - at };
  if (!(event.key in steps)) return;
  event.preventDefault();
  const next = all[Math.max(0, Math.min(all.length - 1, at + steps[event.key]))];
  const [from, to] = [face, next].map((one) => one.closest(".card").dataset.id);
  next.focus();
  if (event.shiftKey && from !== to && !store.state.selection.includes(from)) store.select(from);
  store.select(to, { add: event.shiftKey && from !== to });
}

function makeBar(count) {
  const choose = (values) => store.update({ filter: { ...store.state.filter, ...values } });
  const parts = ["all", ...Object.keys(PART_TITLES)];
  const buttons = parts.map((part) =>
    el(
      "button.button.bare.small.chip",
      { type: "button", data: { part, hint: part === "all" ? "Shows all clips" : `Shows ${PART_TITLES[part].toLowerCase()} only` }, onclick: () => choose({ part }) },
      part === "all" ? null : el("span.dot"),
      part === "all" ? "All" : PART_TITLES[part],
    ),
  );
  const starred = el(
    "button.button.bare.small.chip",
    { type: "button", data: { hint: "Shows starred clips only" }, onclick: () => choose({ starred: !store.state.filter.starred }) },
    icon("star"),
    "Starred",
  );
  const file = el("input", { type: "file", multiple: true, accept: ACCEPTED, hidden: true, "aria-label": "Files to add" });
  file.addEventListener("change", async () => (await upload([...file.files]), (file.value = "")));
  const add = el(
    "button.button.small",
    { type: "button", data: { hint: "Adds MIDI, MusicXML, ABC or audio files; or drop them on the page" }, onclick: () => file.click() },
    icon("upload"),
    "Add files",
  );
  const chips = el("div.chips", { role: "group", "aria-label": "Which clips are shown" }, buttons, starred);
  const bar = el("div.tray-bar", {}, el("h2", { id: "tray-title" }, "Clips"), count, chips, add, file);
  const showFilters = (state) => {
    const there = new Set(store.clips().map((clip) => clip.part));
    buttons.forEach((button, k) => {
      button.hidden = k > 0 && !there.has(parts[k]) && state.filter.part !== parts[k];
      button.setAttribute("aria-pressed", state.filter.part === parts[k]);
    });
    starred.setAttribute("aria-pressed", state.filter.starred);
    chips.hidden = there.size === 0;
  };
  return { bar, showFilters };
}
