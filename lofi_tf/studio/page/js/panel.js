// The panel of the tool that is open: what it takes, its fields, and the button that makes clips.
import { runTool } from "./actions.js";
import { el } from "./dom.js";
import { makeField } from "./fields.js";
import { icon } from "./icons.js";
import { looksOf, progressionIn } from "./names.js";
import { makeSlots } from "./slots.js";
import { store } from "./store.js";
import { hintOf, openTool, sentence, served } from "./tools.js";

const SEED = {
  name: "seed",
  title: "Seed",
  hint: "The same number and the same settings make the same music again",
  type: "integer",
  least: 0,
  placeholder: "a new one each time",
};
const LINES = { num_outputs: 4, best_of: 8 };
const STARTS = { generate: { num_outputs: 4 }, chords: LINES, bass: LINES, melody: LINES }; // in place of the server's
const RARE = ["model", "track", "attributes", "sections", "preset", "best_of"]; // stand under "More"
const ON_STAGE = { infill: ["bars", "drums"] }; // painted on the stage, and pressed there
const OF_TRACK = ["keep", "reseed"]; // of compose: parts of the track that is given
const values = new Map(); // what was set by hand, by tool, while the page is open

const setOf = (name) => {
  if (!values.has(name)) values.set(name, {});
  return values.get(name);
};

/** The session has one tempo: only a track, whose mood has its own, asks for another. */
const isOfSession = (name, field) => field.name === "qpm" && name !== "compose";

function startOf(name, field) {
  if (field.name === "key" && store.state.session.key) return store.state.session.key;
  return STARTS[name]?.[field.name] ?? field.default;
}

/** The options of a tool as they are set, or as they begin. inputs are the clips it is given. */
export function optionsOf(name, inputs = []) {
  const { session } = store.state;
  const set = setOf(name);
  const options = {};
  for (const field of served(name)?.fields ?? []) {
    const value = isOfSession(name, field) ? session.qpm : set[field.name] === undefined ? startOf(name, field) : set[field.name];
    if (value !== null && value !== undefined) options[field.name] = value;
  }
  if (name === "bass" && !options.chords && !inputs.length) options.chords = progressionIn(session.key);
  return options;
}

/** What is set of a tool in its panel, for a view that runs it: {options, seed}. */
export const settingsOf = (name) => ({ options: optionsOf(name), seed: setOf(name).seed ?? null });

/** Fills a tool's fields with what a clip was made with, its seed too, and opens it. */
export function recall(clip) {
  const known = new Set(served(clip.tool)?.fields.map((field) => field.name));
  const options = Object.entries(clip.options ?? {}).filter(([name]) => known.has(name));
  values.set(clip.tool, { ...Object.fromEntries(options), seed: clip.seed });
  store.update({ tool: null });
  openTool(clip.tool);
}

export function mountPanel(element) {
  let slots = null;
  let button = null;
  const why = el("p.panel-why.label", { id: "panel-why" });

  function build() {
    const { tool: name } = store.state;
    const tool = served(name);
    const looks = looksOf(name);
    element.dataset.part = looks.part ?? "";
    const top = el("div.panel-top", {}, icon(looks.icon), el("h2", { id: "panel-title" }, looks.title));
    element.replaceChildren(top, el("p.dim", {}, hintOf(name)));
    element.hidden = !tool; // the map stands on the stage alone
    const isHere = tool && !(name in ON_STAGE);
    slots = isHere ? makeSlots(tool, refresh) : null;
    button = isHere ? makeButton(looks) : null;
    if (tool) element.append(makeForm(tool, { slots, why, button, press }));
    refresh();
  }

  function refresh() {
    if (!button) return;
    const missing = slots.missing();
    why.textContent = missing ?? "";
    why.hidden = !missing;
    button.setAttribute("aria-disabled", Boolean(missing));
    showChords(element, slots.inputs());
    for (const field of element.querySelectorAll("[data-of-track]")) field.hidden = !slots.inputs().length;
  }

  async function press() {
    if (!slots || slots.missing()) return;
    const name = store.state.tool;
    const inputs = slots.inputs();
    await runTool(name, { inputs, options: optionsOf(name, inputs), seed: setOf(name).seed ?? null });
  }

  store.subscribe((state, changed) => {
    if (!state.session) return;
    if (["tool", "given", "tools"].some((name) => changed.has(name)) || !element.firstChild) build();
    else if (changed.has("selection") || changed.has("session")) {
      slots?.show();
      refresh();
    }
  });
  return { press };
}

function makeButton(looks) {
  const button = el("button.button.main.wide", { type: "submit" }, icon(looks.icon), looks.verb ?? looks.title);
  button.dataset.hint = "Makes it: it plays as soon as it is there (Ctrl+Enter)";
  button.setAttribute("aria-describedby", "panel-why");
  return button;
}

function makeForm(tool, { slots, why, button, press }) {
  const form = el("form.panel-form", { onsubmit: (event) => (event.preventDefault(), press()) });
  const set = setOf(tool.name);
  const make = (field) => {
    const isParts = tool.name === "compose" && OF_TRACK.includes(field.name);
    const about = { ...field, hint: sentence(field.hint ?? ""), type: isParts ? "parts" : field.type };
    const made = makeField(about, set[field.name] ?? startOf(tool.name, field), (value) => (set[field.name] = value));
    if (isParts) made.dataset.ofTrack = "true";
    return made;
  };
  const isPainted = (field) => ON_STAGE[tool.name]?.includes(field.name);
  const asked = tool.fields.filter((field) => !isOfSession(tool.name, field) && !isPainted(field));
  const isRare = (field) => RARE.includes(field.name);
  const rare = [...asked.filter(isRare), SEED];
  const isOpen = rare.some((field) => set[field.name] !== null && set[field.name] !== undefined);
  const more = el("details.more", { open: isOpen }, el("summary", {}, "More"), el("div.more-fields", {}, rare.map(make)));
  const fields = asked.filter((field) => !isRare(field)).map(make);
  form.append(...[slots?.element, ...fields, slots && why, button, more].filter(Boolean));
  return form;
}

/** What is played over, where nobody wrote chords: those of the clip, or four of the session's key. */
function showChords(element, inputs) {
  const input = element.querySelector('[data-field="chords"] input');
  if (!input) return;
  const free = store.state.tool === "bass" ? progressionIn(store.state.session.key) : "none";
  input.placeholder = inputs.length ? "those of the clip" : free;
}
