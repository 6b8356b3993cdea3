// The header: the session's name, tempo, key and sound; undo and redo; light or dark.
import { redo, trying, undo } from "./actions.js";
import { api } from "./api.js";
import { el } from "./dom.js";
import { icon } from "./icons.js";
import { NOTES } from "./names.js";
import { onTheme } from "./roll.js";
import { store } from "./store.js";

const QPM = [40, 240];
const KEYS = NOTES.flatMap((note) => [note, `${note}m`]);
const TAPS_APART_MS = 2000;
const TAPPED_MS = 700; // after the last tap the tempo is set, as one change

const folderName = (folder) => folder.split(/[\\/]/).filter(Boolean).at(-1) ?? folder;
const change = (values) => trying(() => api.patchSession(values));

function square(name, title, hint, onclick) {
  return el("button.button.bare.square", { type: "button", title, "aria-label": title, onclick, data: { hint } }, icon(name));
}

/** Tempo: a number, and a button to tap it. */
function makeTempo() {
  const input = el("input.field-box.tempo", { type: "number", id: "qpm", min: QPM[0], max: QPM[1], step: 1 });
  const set = (wanted) => {
    const qpm = Math.max(QPM[0], Math.min(QPM[1], wanted));
    input.value = Math.round(qpm * 100) / 100;
    change({ qpm });
  };
  input.addEventListener("change", () => set(Number(input.value) || store.state.session.qpm));
  let taps = [];
  let kept = null;
  const tap = () => {
    const now = performance.now();
    if (now - taps.at(-1) > TAPS_APART_MS) taps = [];
    taps = [...taps, now].slice(-5);
    if (taps.length < 2) return;
    input.value = Math.round((60000 * (taps.length - 1)) / (now - taps[0]));
    clearTimeout(kept);
    kept = setTimeout(() => set(Number(input.value)), TAPPED_MS);
  };
  const button = el("button.button.small", { type: "button", onclick: tap, data: { hint: "Tap in time, twice or more: the tempo follows" } }, "Tap");
  const hint = "Beats a minute: all loops follow at once";
  const element = el("div.setting", { data: { hint } }, el("label.label", { for: "qpm" }, "Tempo"), el("div.setting-line", {}, input, button));
  return { element, show: (session) => document.activeElement === input || (input.value = Math.round(session.qpm * 100) / 100) };
}

function makeSelect(id, title, hint, choices, onchange) {
  const select = el("select.select", { id, onchange: () => onchange(select.value) });
  const element = el("div.setting", { data: { hint } }, el("label.label", { for: id }, title), select);
  const show = (value, all = choices) => {
    const wanted = all.some(([one]) => one === value) ? all : [...all, [value, value]];
    if (select.options.length !== wanted.length) {
      select.replaceChildren(...wanted.map(([one, text]) => el("option", { value: one }, text)));
    }
    select.value = value;
  };
  return { element, show };
}

function makeTheme() {
  const root = document.documentElement;
  const button = square("moon", "Light or dark", "Light or dark", () => {
    root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
    localStorage.setItem("lofi-theme", root.dataset.theme);
  });
  const show = () => button.replaceChildren(icon(root.dataset.theme === "dark" ? "sun" : "moon"));
  onTheme(show);
  show();
  return button;
}

const plain = (name) => name.charAt(0).toUpperCase() + name.slice(1).replaceAll("_", " ");

export function mountSettings(element, { showKeys }) {
  const name = el("h1.session-name");
  const tempo = makeTempo();
  const keys = [["", "any"], ...KEYS.map((key) => [key, key.endsWith("m") ? `${key.slice(0, -1)} minor` : `${key} major`])];
  const key = makeSelect("key", "Key", "The key of new tracks, and of basses that are given no chords", keys, (value) => change({ key: value || null }));
  const preset = makeSelect("preset", "Sound", "Tape, vinyl and room of what you hear and render", [], (value) => change({ preset: value }));
  const back = square("undo", "Undo", "Undoes the last change (Ctrl+Z)", () => undo());
  const forth = square("redo", "Redo", "Does it again (Ctrl+Shift+Z)", () => redo());
  const help = square("help", "Keys", "Shows all keys (?)", showKeys);
  const offline = el("span.offline", { hidden: true, role: "status" }, "not connected");
  element.replaceChildren(
    el("div.brand", {}, name, offline),
    el("div.top-settings", { role: "group", "aria-label": "Session" }, tempo.element, key.element, preset.element),
    el("div.top-buttons", {}, back, forth, makeTheme(), help),
  );

  api.on("connection", (isThere) => (offline.hidden = isThere));
  store.subscribe((state, changed) => {
    if (!changed.has("session") || !state.session) return;
    const { session } = state;
    name.textContent = folderName(session.folder).replaceAll("_", " ");
    name.title = session.folder;
    name.dataset.hint = `All is kept in ${session.folder}`;
    document.title = `${name.textContent} – lofi studio`;
    tempo.show(session);
    key.show(session.key ?? "");
    preset.show(session.preset, session.presets.map((one) => [one, plain(one)]));
    back.disabled = !session.can_undo;
    forth.disabled = !session.can_redo;
  });
}
