// The map's place on the page: what is chosen, the plane, its words.
import { el } from "../dom.js";

export const MODES = [
  { name: "listen", title: "Listen", pins: 0, words: "Point at a dot to hear it. Click keeps it as a clip." },
  { name: "walk", title: "Walk", pins: 2, words: "Click two dots, A and B, and walk from one to the other." },
  { name: "mix", title: "Mix", pins: 3, words: "Click three dots, A, B and C, and move between them." },
];

/** Builds them; `acts` is {model, mode, share, keep, clear}. */
export function mapParts(acts) {
  const model = el("select.select", { id: "map-model", onchange: () => acts.model(model.value) });
  const modes = MODES.map(({ name, title, words }) =>
    el("button.button.small", { type: "button", onclick: () => acts.mode(name), data: { mode: name, hint: words } }, title));
  const canvas = el("canvas.map-plane", { tabIndex: 0, role: "application", "aria-roledescription": "map", "aria-label": "Map of what the model knows",
    data: { hint: "Point at a dot to hear it; arrows go to the nearest one in their direction, Enter chooses" } });
  const told = el("p.map-told", { role: "status", "aria-live": "polite" });
  const sliders = el("div.map-shares", { role: "group", "aria-label": "How much of each" });
  const keep = el("button.button.main", { type: "button", onclick: acts.keep, data: { hint: "Keeps what sounds as a clip in the tray" } }, "Keep as a clip");
  const clear = el("button.button", { type: "button", onclick: acts.clear, data: { hint: "Takes A, B and C away" } }, "Clear");
  const legend = el("div.map-legend", {}, el("span"), el("span.map-shade", { "aria-hidden": "true" }), el("span"));
  const axes = [el("span.map-axis.is-across", { "aria-hidden": "true" }), el("span.map-axis.is-up", { "aria-hidden": "true" })];
  const element = el("div.map", {},
    el("div.map-top", {}, el("label.label", { htmlFor: "map-model" }, "Model"), model, el("div.map-modes", { role: "group", "aria-label": "What a click does" }, ...modes), legend),
    el("div.map-home", {}, canvas, ...axes),
    el("div.map-foot", {}, told, sliders, clear, keep));
  return { element, model, modes, canvas, told, sliders, keep, clear, legend, axes, share: acts.share };
}

/** A slider for each pin: how much of it is in the mix. */
export function showSliders({ sliders, share }, shares) {
  if (sliders.children.length !== shares.length) sliders.replaceChildren(...shares.map((_, index) => sliderOf(index, share)));
  shares.forEach((value, index) => {
    const input = sliders.children[index].querySelector("input"), percent = Math.round(value * 100);
    input.value = percent;
    input.style.setProperty("--filled", `${percent}%`);
    input.setAttribute("aria-valuetext", `${percent} percent`);
  });
}

function sliderOf(index, share) {
  const input = el("input", { type: "range", min: 0, max: 100, step: 1, oninput: () => share(index, input.value / 100) });
  return el("label.map-share", {}, el("span", {}, "ABC"[index]), input);
}

/** What the colours stand for. */
export function showLegend({ legend, axes }, { measure, axes: names }) {
  const [low, , high] = legend.children;
  [low.textContent, high.textContent] = ["less", `more ${measure}`];
  axes.forEach((axis, index) => (axis.textContent = names?.[index] ? `${names[index]} →` : ""));
}
