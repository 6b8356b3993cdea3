// Nothing there yet: what to press first.
import { runTool } from "./actions.js";
import { el } from "./dom.js";
import { icon } from "./icons.js";
import { optionsOf } from "./panel.js";
import { store } from "./store.js";

const STEPS = [
  ["Press", "A tool makes clips. Each one plays at once, in a loop."],
  ["Keep", "Star what you like. All of it is saved, and undo goes a long way back."],
  ["Drag it out", "Into your DAW or a folder: MIDI or sound, whole bars, in tempo."],
];

async function press() {
  store.update({ tool: "generate" });
  await runTool("generate", { options: optionsOf("generate") });
}

/** The first thing that is seen. Returns what ends it. */
export function mountEmpty(element) {
  const isNew = store.clips().length === 0;
  const title = isNew ? "Begin with a beat" : "Choose a clip, or make one";
  const button = el("button.button.main", { type: "button", onclick: press }, icon("beats"), "Make beats");
  button.dataset.hint = "New drum loops, with the settings on the left";
  const steps = STEPS.map(([name, text], k) =>
    el("li", {}, el("span.step-number", { "aria-hidden": "true" }, `${k + 1}`), el("h3", {}, name), el("p.dim", {}, text)),
  );
  const keys = el("p.dim", {}, "Space plays and stops. ", el("kbd", {}, "?"), " shows all keys.");
  element.replaceChildren(el("div.empty", {}, el("h2", {}, title), button, el("ol.steps", {}, steps), keys));
  return () => element.replaceChildren();
}
