// The clip in focus: name, facts, what can be done next, its notes.
import * as actions from "./actions.js";
import { api } from "./api.js";
import { el } from "./dom.js";
import { makeDraggable } from "./drag.js";
import { icon } from "./icons.js";
import { FITTING, lengthOf, looksOf, PART_TITLES } from "./names.js";
import { recall } from "./panel.js";
import { keepNotes, notesOf, player } from "./player.js";
import { mountRoll } from "./roll.js";
import { engine } from "./sound/engine.js";
import { store } from "./store.js";
import { hintOf, openTool } from "./tools.js";
import { mountWave } from "./wave.js";

const GIVEN = ["compose"]; // tools that make something new unless they are told to change a clip

/** Shows the clip in focus and follows it. Returns what ends it. */
export function mountClip(element) {
  const top = el("div.clip-top");
  const next = el("div.clip-next", { role: "group", "aria-label": "Next with this clip" });
  const roll = el("div.clip-roll");
  element.replaceChildren(top, next, roll);
  let shown = null; // id and version in the roll
  let saved = null; // the version that came of an edit here
  let view = null;
  let turn = 0;

  async function save(clip, notes) {
    const answer = await actions.trying(() => api.saveNotes(clip, notes));
    saved = answer && `${answer.id}:${answer.version}`;
    if (!answer) return reload(clip);
    keepNotes(answer, notes);
    player.refresh(answer);
    return answer;
  }

  async function reload(clip) {
    const mine = ++turn;
    const isSame = shown?.startsWith(`${clip.id}:`);
    shown = `${clip.id}:${clip.version}`;
    if (shown === saved) return;
    saved = null;
    const notes = clip.kind === "sound" ? null : await actions.trying(() => notesOf(clip));
    if (mine !== turn || (!notes && clip.kind !== "sound")) return;
    if (isSame && view?.update) return view.update({ clip, notes });
    view?.destroy?.();
    roll.replaceChildren();
    const onChange = (changed) => save(store.clip(clip.id) ?? clip, changed);
    const sounds = () => store.state.playing === clip.id;
    view = notes ? mountRoll(roll, { clip, notes, onChange, engine, sounds, readOnly: false }) : mountWave(roll, { clip });
  }

  function show() {
    const clip = store.focused();
    if (!clip) return;
    showTop(top, clip);
    showNext(next, clip);
    if (shown !== `${clip.id}:${clip.version}`) reload(clip);
  }

  const end = store.subscribe((state, changed) => {
    if (["session", "selection", "playing"].some((name) => changed.has(name))) show();
  });
  show();
  return () => {
    turn += 1;
    end();
    view?.destroy?.();
  };
}

function showTop(top, clip) {
  top.dataset.part = clip.part;
  if (top.dataset.id !== clip.id) {
    top.dataset.id = clip.id;
    top.replaceChildren(...topOf(clip.id));
  }
  const [play, name, facts, buttons] = top.children;
  const isPlaying = store.state.playing === clip.id;
  play.replaceChildren(icon(isPlaying ? "stop" : "play"));
  play.setAttribute("aria-label", `${isPlaying ? "Stop" : "Play"} ${clip.name}`);
  if (document.activeElement !== name) name.value = clip.name;
  facts.replaceChildren(...factsOf(clip));
  const star = buttons.firstChild;
  star.setAttribute("aria-pressed", clip.starred);
  buttons.querySelector("a").href = api.fileUrl(clip);
  const audio = buttons.querySelector("a.audio");
  audio.hidden = clip.kind === "sound";
  audio.href = api.renderUrl(clip, store.state.session.preset);
}

function topOf(id) {
  const clip = () => store.clip(id);
  const play = el("button.button.main.square.round", { type: "button", onclick: () => player.toggle(clip()) });
  play.dataset.hint = "Plays the clip in a loop (Enter)";
  const name = el("input.clip-name", { type: "text", maxLength: 80, spellcheck: false, "aria-label": "Name of the clip" });
  name.dataset.hint = "The clip's name, which its file has too";
  name.addEventListener("change", () => actions.rename(clip(), name.value) ?? (name.value = clip().name));
  name.addEventListener("keydown", (event) => {
    if (event.key === "Escape") name.value = clip().name;
    if (event.key === "Escape" || event.key === "Enter") name.blur();
  });
  const star = button("star", "Star", "Keeps it among the starred (S)", () => actions.star(clip()));
  const midi = el("a.button.small", { download: "", data: { hint: "Saves the clip's own file: whole bars, tempo and name inside. Or drag it out" } }, icon("download"), clip().kind === "sound" ? "WAV" : "MIDI");
  const audio = el("a.button.small.audio", { download: "", data: { hint: "Renders it with the session's sound and saves a WAV file. Or drag it out" } }, icon("download"), "WAV");
  const stems = el("a.button.small", { download: "", href: api.stemsUrl(clip()), hidden: clip().part !== "song", data: { hint: "Each part as a WAV file of its own" } }, icon("download"), "Stems");
  makeDraggable(midi, clip());
  makeDraggable(audio, clip(), { format: "wav" });
  const bin = button("trash", "Delete", "Deletes the clip; undo brings it back (Delete)", () => actions.remove(clip()));
  return [play, name, el("p.clip-facts"), el("div.clip-buttons", {}, star, midi, audio, stems, bin)];
}

function button(name, title, hint, run) {
  return el("button.button.bare.small.square", { type: "button", title, "aria-label": title, onclick: run, data: { hint } }, icon(name));
}

function factsOf(clip) {
  const tempo = clip.qpm ? `${Math.round(clip.qpm * 10) / 10} BPM` : null;
  const facts = [PART_TITLES[clip.part], lengthOf(clip), clip.kind === "sound" ? null : tempo, clip.key];
  const chords = (clip.part === "song" ? [] : (clip.chords ?? [])).slice(0, 8).map(([, name]) => name);
  const parts = [el("span.dot"), facts.filter(Boolean).join(" · ")];
  if (chords.length) parts.push(el("span.clip-chords", {}, chords.join("  ")));
  parts.push(originOf(clip));
  return parts;
}

function originOf(clip) {
  const from = (clip.made_from ?? []).map((id) => store.clip(id)?.name).filter(Boolean);
  const title = clip.tool ? looksOf(clip.tool).title : "Made";
  const text = from.length ? `${title} of ${from.join(" and ")}` : clip.tool && title;
  const origin = el("span.clip-origin.dim", {}, text);
  if (clip.seed === null || clip.seed === undefined) return origin;
  const copy = el(
    "button.button.bare.small.mono",
    { type: "button", title: "Copy the seed", "aria-label": `Copy seed ${clip.seed}`, onclick: () => actions.copyText(`${clip.seed}`, "Seed") },
    `seed ${clip.seed}`,
    icon("copy"),
  );
  copy.dataset.hint = "The number it was drawn by: the same number makes the same music";
  const again = el("button.button.bare.small", { type: "button", onclick: () => recall(clip) }, "Use its settings");
  again.dataset.hint = "Opens the tool with the settings and the seed that made this clip";
  return el("span.clip-origin", {}, origin, copy, again);
}

function showNext(next, clip) {
  const names = new Set(store.state.tools.map((tool) => tool.name));
  const fitting = (FITTING[clip.part] ?? []).filter((name) => names.has(name));
  const key = `${clip.id} ${fitting.join()} ${store.state.tool}`;
  if (next.dataset.key === key) return;
  next.dataset.key = key;
  next.replaceChildren(
    ...fitting.map((name) => {
      const looks = looksOf(name);
      const open = el("button.button.small", { type: "button", onclick: () => openTool(name, GIVEN.includes(name) ? clip.id : null) }, icon(looks.icon), looks.next ?? looks.title);
      open.dataset.hint = hintOf(name);
      return open;
    }),
  );
}
