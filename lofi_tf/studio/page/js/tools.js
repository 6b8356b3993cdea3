// The rail of tools, and which of them is open.
import { el } from "./dom.js";
import { icon } from "./icons.js";
import { looksOf, TOOLS } from "./names.js";
import { store } from "./store.js";

const OWN_VIEWS = ["drumify", "infill", "map"]; // views that belong to a tool
const MAP_HINT = "A landscape of what the model knows: hover to hear, walk, mix";

let before = "generate"; // the last tool without a view of its own

export const served = (name) => store.state.tools.find((tool) => tool.name === name) ?? null;
export const hintOf = (name) => sentence(served(name)?.hint ?? MAP_HINT);
export const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** Opens a tool's panel, for a clip where one is given; one with a view of its own shows it on the stage. */
export function openTool(name, given = null) {
  const { view } = store.state;
  const own = looksOf(name).view;
  if (!own) before = name;
  store.update({ tool: name, given, view: own ?? (OWN_VIEWS.includes(view) ? "clip" : view) });
}

/** Turns the stage to a view; a tool that has another view of its own gives way to the one before it. */
export function showView(view) {
  if (TOOLS.some(({ name }) => name === view)) return openTool(view);
  const own = looksOf(store.state.tool).view;
  store.update({ view, tool: own && own !== view ? before : store.state.tool });
}

function knownTools() {
  const ours = TOOLS.filter(({ name }) => served(name) || name === "map");
  const others = store.state.tools.filter((tool) => !TOOLS.some(({ name }) => name === tool.name));
  return [...ours, ...others.map((tool) => ({ ...looksOf(tool.name), title: tool.title }))];
}

function makeButton(looks) {
  const data = { tool: looks.name, part: looks.part ?? "", hint: hintOf(looks.name) };
  const text = el("span", {}, looks.title);
  return el("button.rail-tool", { type: "button", data, onclick: () => openTool(looks.name) }, icon(looks.icon), text);
}

export function mountRail(element) {
  const buttons = new Map();

  function build() {
    const groups = new Map();
    for (const looks of knownTools()) {
      buttons.set(looks.name, makeButton(looks));
      if (!groups.has(looks.group)) groups.set(looks.group, []);
      groups.get(looks.group).push(el("li", {}, buttons.get(looks.name)));
    }
    const lists = [...groups].map(([title, items]) =>
      el("div.rail-group", {}, el("p.rail-title", { "aria-hidden": "true" }, title), el("ul", { "aria-label": title }, items)),
    );
    element.replaceChildren(...lists);
  }

  const first = () => buttons.values().next().value;

  /** Arrows go among tools, so that Tab passes all of them in one step. */
  function move(event) {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    const all = [...buttons.values()];
    const at = all.indexOf(document.activeElement);
    if (!step || at < 0) return;
    event.preventDefault();
    all[(at + step + all.length) % all.length].focus();
  }

  function mark(name) {
    for (const [other, button] of buttons) {
      button.tabIndex = other === name || (!buttons.has(name) && button === first()) ? 0 : -1;
      if (other === name) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
    const isStrip = element.scrollWidth > element.clientWidth;
    if (isStrip) buttons.get(name)?.scrollIntoView({ inline: "center", block: "nearest" });
  }

  element.addEventListener("keydown", move);
  store.subscribe((state, changed) => {
    if (changed.has("tools")) build();
    if (changed.has("tools") || changed.has("tool")) mark(state.tool);
  });
}
