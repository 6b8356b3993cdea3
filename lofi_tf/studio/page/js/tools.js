// The rail of tools and the panel of the one that is open.
import { runTool } from "./actions.js";
import { el } from "./dom.js";
import { makeField } from "./fields.js";
import { icon } from "./icons.js";
import { looksOf, TOOLS } from "./names.js";
import { makeSlots } from "./slots.js";
import { store } from "./store.js";

const SEED_MOST = 2 ** 31 - 1;
const values = new Map(); // what was set, by tool, while the page is open

/** Opens a tool's panel; one with a view of its own shows it on the stage. */
export function openTool(name) {
  const { view } = looksOf(name);
  const isOwn = ["drumify", "infill", "map"].includes(store.state.view);
  const next = view ?? (isOwn ? "clip" : store.state.view);
  store.update({ tool: name, view: next });
}

function knownTools() {
  const served = store.state.tools;
  const names = new Set(served.map((tool) => tool.name));
  const ours = TOOLS.filter((looks) => names.has(looks.name) || looks.name === "map");
  const others = served.filter((tool) => !TOOLS.some((looks) => looks.name === tool.name));
  return [...ours, ...others.map((tool) => ({ ...looksOf(tool.name), title: tool.title }))];
}

export function mountRail(element) {
  const buttons = new Map();

  function build() {
    const groups = new Map();
    for (const looks of knownTools()) {
      const button = el(
        "button.rail-tool",
        { type: "button", data: { tool: looks.name, part: looks.part ?? "" }, onclick: () => openTool(looks.name) },
        icon(looks.icon),
        el("span", {}, looks.title),
      );
      button.dataset.hint = hintOf(looks.name);
      buttons.set(looks.name, button);
      if (!groups.has(looks.group)) groups.set(looks.group, []);
      groups.get(looks.group).push(el("li", {}, button));
    }
    const lists = [...groups].map(([title, items]) =>
      el("div.rail-group", {}, el("p.rail-title", { "aria-hidden": "true" }, title), el("ul", { "aria-label": title }, items)),
    );
    element.replaceChildren(...lists);
  }

  store.subscribe((state, changed) => {
    if (changed.has("tools")) build();
    if (!changed.has("tools") && !changed.has("tool")) return;
    for (const [name, button] of buttons) {
      if (name === state.tool) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
    const current = buttons.get(state.tool);
    if (current && element.scrollWidth > element.clientWidth) {
      current.scrollIntoView({ inline: "center", block: "nearest" });
    }
  });
}

const served = (name) => store.state.tools.find((tool) => tool.name === name);
const hintOf = (name) =>
  served(name)?.hint ?? "A landscape of what the model knows: hover to hear, walk, mix";

export function mountPanel(element) {
  let slots = null;
  let button = null;
  let why = null;

  function build() {
    const { tool: name } = store.state;
    const tool = served(name);
    const looks = looksOf(name);
    element.dataset.part = looks.part ?? "";
    const top = el("div.panel-top", {}, icon(looks.icon), el("h2", { id: "panel-title" }, looks.title));
    const hint = el("p.dim", {}, hintOf(name));
    slots = tool && makeSlots(tool, () => refresh());
    button = null;
    element.replaceChildren(top, hint);
    if (!tool) return;
    const form = el("form.panel-form", { onsubmit: (event) => (event.preventDefault(), press()) });
    button = el("button.button.main.wide", { type: "submit" }, icon(looks.icon), looks.verb ?? tool.title);
    button.dataset.hint = "Makes it: it plays as soon as it is there (Ctrl+Enter)";
    why = el("p.panel-why.label", { id: "panel-why" });
    button.setAttribute("aria-describedby", "panel-why");
    form.append(slots.element, ...fieldsOf(tool), why, button, seedOf(name));
    element.append(form);
    refresh();
  }

  function refresh() {
    if (!button) return;
    const missing = slots.missing();
    why.textContent = missing ?? "";
    why.hidden = !missing;
    button.setAttribute("aria-disabled", Boolean(missing));
  }

  async function press() {
    if (slots.missing()) return;
    const name = store.state.tool;
    const { seed, ...options } = optionsOf(name);
    await runTool(name, { inputs: slots.inputs(), options, seed: seed ?? null });
  }

  store.subscribe((state, changed) => {
    if (changed.has("tool") || changed.has("tools")) build();
    else if (changed.has("selection") || changed.has("session")) {
      slots?.show();
      refresh();
    }
  });
  return { press };
}

/** Fields of which the session has the one true value: they are not asked for again. */
const isOfSession = (name, field) => field.name === "qpm" && name !== "compose";

function optionsOf(name) {
  const { session } = store.state;
  const set = Object.fromEntries(served(name).fields.map((field) => [field.name, startOf(field)]));
  const own = { ...set, ...values.get(name) };
  if (served(name).fields.some((field) => isOfSession(name, field))) own.qpm = session.qpm;
  return Object.fromEntries(Object.entries(own).filter(([, value]) => value !== null && value !== undefined));
}

function startOf(field) {
  const { session } = store.state;
  if (field.name === "key" && session?.key) return session.key;
  return field.default;
}

function fieldsOf(tool) {
  if (!values.has(tool.name)) values.set(tool.name, {});
  const set = values.get(tool.name);
  return tool.fields
    .filter((field) => !isOfSession(tool.name, field))
    .map((field) => makeField(field, set[field.name] ?? startOf(field), (value) => (set[field.name] = value)));
}

function seedOf(name) {
  const set = values.get(name);
  const input = el("input.field-box.mono", { type: "number", min: 0, max: SEED_MOST, placeholder: "new each time", id: "seed" });
  input.value = set.seed ?? "";
  input.setAttribute("aria-describedby", "seed-hint");
  input.addEventListener("input", () => (set.seed = input.value === "" ? null : Number(input.value)));
  const hint = "The same number and the same settings make the same music again";
  return el(
    "details.more",
    { open: set.seed !== null && set.seed !== undefined },
    el("summary", {}, "More"),
    el(
      "div.field",
      { data: { hint } },
      el("div.field-line", {}, el("label.field-title", { for: "seed" }, "Seed")),
      input,
      el("span.field-hint", { id: "seed-hint" }, hint),
    ),
  );
}

/** Fills a tool's fields with what a clip was made with, its seed too. */
export function recall(clip) {
  const tool = served(clip.tool);
  if (!tool) return;
  const known = new Set(tool.fields.map((field) => field.name));
  const options = Object.entries(clip.options ?? {}).filter(([name]) => known.has(name));
  values.set(clip.tool, { ...Object.fromEntries(options), seed: clip.seed });
  store.update({ tool: null });
  openTool(clip.tool);
}
