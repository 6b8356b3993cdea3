// The transport: play and stop, where we are, metronome, the levels of parts, MIDI.
import { el } from "./dom.js";
import { icon } from "./icons.js";
import { makeMidi } from "./midi.js";
import { PART_TITLES, PARTS } from "./names.js";
import { player } from "./player.js";
import { engine } from "./sound/engine.js";
import { store } from "./store.js";

const LEAST_DB = -30;
const MOST_DB = 6;
const GLOW = 0.9; // of a light's brightness, what is left a frame later

function toggle(title, hint, text, onchange) {
  const button = el("button.button.small", { type: "button", title, "aria-label": title, "aria-pressed": "false", data: { hint } }, text);
  button.addEventListener("click", () => {
    const isOn = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", isOn);
    onchange(isOn);
  });
  return button;
}

function makeStrip(part) {
  const title = PART_TITLES[part];
  const light = el("span.light", { "aria-hidden": "true" });
  const level = el("input", { type: "range", min: LEAST_DB, max: MOST_DB, step: 1, value: 0, "aria-label": `${title}: level in decibels` });
  const show = () => {
    level.style.setProperty("--filled", `${((level.value - LEAST_DB) / (MOST_DB - LEAST_DB)) * 100}%`);
    level.setAttribute("aria-valuetext", `${level.value} decibels`);
  };
  level.addEventListener("input", () => (engine.setLevel(part, Number(level.value)), show()));
  level.addEventListener("dblclick", () => ((level.value = 0), engine.setLevel(part, 0), show()));
  show();
  const mute = toggle(`Mute ${part}`, `Silences the ${part}`, "M", (isOn) => engine.mute(part, isOn));
  const solo = toggle(`Solo ${part}`, `Lets only the ${part} be heard`, "S", (isOn) => engine.solo(part, isOn));
  const hint = `How loud the ${part} are; a double click puts it back`.replace(/(bass|melody) are/, "$1 is");
  const element = el("div.strip", { data: { part }, role: "group", "aria-label": title }, light, el("span.strip-title", {}, title), level, mute, solo);
  level.dataset.hint = hint;
  return { element, light };
}

/** Lights that flare with each note of their part and fade. */
function animate(strips) {
  const glow = Object.fromEntries(PARTS.map((part) => [part, 0]));
  engine.on("note", ({ part, velocity }) => {
    if (part in glow) glow[part] = Math.max(glow[part], 0.35 + velocity / 195);
  });
  player.onFrame((clip) => {
    for (const part of PARTS) {
      strips[part].light.style.setProperty("--glow", clip || store.state.loop ? glow[part].toFixed(3) : 0);
      glow[part] *= GLOW;
    }
  });
}

/** A button that opens a small pane above it. */
function makePane(name, title, hint, pane) {
  const button = el("button.button.square", { type: "button", title, "aria-label": title, "aria-expanded": "false", "aria-controls": pane.id, data: { hint } }, icon(name));
  const open = (isOpen) => {
    pane.classList.toggle("is-open", isOpen);
    button.setAttribute("aria-expanded", isOpen);
  };
  button.addEventListener("click", () => open(!pane.classList.contains("is-open")));
  document.addEventListener("pointerdown", (event) => {
    if (!pane.contains(event.target) && !button.contains(event.target)) open(false);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !pane.classList.contains("is-open")) return;
    if (pane.contains(document.activeElement)) button.focus();
    open(false);
  });
  return button;
}

export function mountTransport(element) {
  const play = el("button.button.main.square.round", { type: "button", onclick: () => player.toggle(), data: { hint: "Plays the clip in focus, or stops (Space)" } });
  const place = el("span.place.mono", { "aria-label": "Bar and beat" }, "1.1");
  const what = el("span.what");
  const metronome = toggle("Metronome", "A click on each beat (M)", icon("metronome"), (isOn) => engine.metronome(isOn));
  metronome.className = "button square";
  metronome.id = "metronome";
  const strips = Object.fromEntries(PARTS.map((part) => [part, makeStrip(part)]));
  const mixer = el("div.mixer.pane", { id: "mixer", role: "group", "aria-label": "Levels" }, PARTS.map((part) => strips[part].element));
  const midi = makeMidi();
  const openMixer = makePane("mixer", "Levels", "How loud each part is", mixer);
  openMixer.classList.add("open-mixer");
  const openMidi = makePane("midi", "MIDI", "Play a pad or a keyboard, or send clips to a synthesiser", midi);
  element.replaceChildren(
    el("div.transport-main", {}, play, el("div.transport-place", {}, place, what)),
    metronome,
    mixer,
    openMixer,
    midi,
    openMidi,
    el("p.hints", { id: "hints" }),
  );

  animate(strips);
  player.onFrame((clip, { beats }) => {
    const perBar = clip?.beats_per_bar || 4;
    place.textContent = `${Math.floor(beats / perBar) + 1}.${Math.floor(beats % perBar) + 1}`;
  });
  const show = (state) => {
    const clip = store.clip(state.playing) ?? store.focused();
    const isOn = Boolean(state.playing ?? state.loop);
    play.replaceChildren(icon(isOn ? "stop" : "play"));
    play.setAttribute("aria-label", isOn ? "Stop" : "Play");
    play.disabled = !isOn && !store.clips().length;
    const named = clip ? [el("span.dot", { data: { part: clip.part } }), clip.name] : ["nothing yet"];
    what.replaceChildren(...(state.playing ? named : state.loop ? [state.loop] : named));
    element.classList.toggle("is-playing", isOn);
  };
  store.subscribe((state, changed) => {
    if (["playing", "loop", "selection", "session"].some((name) => changed.has(name))) show(state);
  });
  show(store.state);
}
