// The buttons over a roll.
import { el } from "../dom.js";
import { HELP, keyed } from "./keys.js";

/** Builds them; returns {element, show(state)}. */
export function toolbar(roll) {
  const press = (values) => () => {
    const change = keyed(roll.state, { shiftKey: false, altKey: false, metaKey: false, ctrlKey: false, ...values });
    if (change) roll.change(change);
    roll.say();
  };
  const small = (text, hint, onclick) => el("button.button.bare.small", { type: "button", onclick, data: { hint } }, text);
  const needs = [
    small("Copy", "Copy what is selected (Ctrl + C)", press({ key: "c", ctrlKey: true })),
    small("Copy behind", "Repeat what is selected right behind it (Ctrl + D)", press({ key: "d", ctrlKey: true })),
    small("On the grid", "Put what is selected exactly on the sixteenths (Q)", press({ key: "q" })),
    small("Remove", "Remove what is selected (Delete, or a right click on a note)", press({ key: "Delete" })),
  ];
  const paste = small("Paste", "Put in at the cursor what was copied (Ctrl + V)", press({ key: "v", ctrlKey: true }));
  const snap = small("Snap", "New and moved notes keep to sixteenths. Hold Alt to place one freely", () => {
    roll.change({ isSnapping: !roll.state.isSnapping });
  });
  const tracks = trackButtons(roll);
  const edits = el("div.roll-group.roll-edits", { role: "group", "aria-label": "Edit notes" }, snap, needs[0], paste, ...needs.slice(1));
  const zoom = el("div.roll-group", { role: "group", "aria-label": "Zoom" },
    square("−", "Zoom out", "Shows more at once (Ctrl + wheel)", () => roll.zoom(1 / 1.5)),
    small("Fit", "See the whole clip", () => roll.fit()),
    square("+", "Zoom in", "Shows it larger (Ctrl + wheel)", () => roll.zoom(1.5)));
  const element = el("div.roll-bar", { role: "toolbar", "aria-label": "Roll" }, tracks.element, edits, zoom, help());
  const show = (state) => {
    edits.hidden = state.readOnly;
    for (const button of needs) button.disabled = !state.selected.size;
    paste.disabled = !state.clipboard;
    snap.setAttribute("aria-pressed", state.isSnapping);
    tracks.show(state);
  };
  return { element, show };
}

function square(text, title, hint, onclick) {
  return el("button.button.bare.small.square", { type: "button", title, "aria-label": title, onclick, data: { hint } }, text);
}

/** Which track new notes go to, where there are several. */
function trackButtons(roll) {
  const element = el("div.roll-group", { role: "group", "aria-label": "Part in hand" });
  let shown = null;
  const show = ({ notes, track }) => {
    element.hidden = notes.tracks.length < 2;
    if (shown !== notes.tracks) {
      shown = notes.tracks;
      element.replaceChildren(...shown.map((one, index) => trackButton(roll, one, index)));
    }
    [...element.children].forEach((button, index) => button.setAttribute("aria-pressed", index === track));
  };
  return { element, show };
}

function trackButton(roll, { name, part }, index) {
  const hint = `Takes the ${name} in hand: new notes go there`;
  const onclick = () => roll.change({ track: index });
  return el("button.button.bare.small", { type: "button", onclick, data: { part, hint } }, el("span.dot"), name);
}

function help() {
  const rows = HELP.map(([keys, what]) => [el("dt", {}, keys), el("dd", {}, what)]);
  const mouse = [["Click", "puts a note in"], ["Drag", "moves a note, or frames several"], ["A note's end", "drag it to make it longer"],
    ["Right click, long press", "removes a note"], ["Alt", "while dragging: off the grid"], ["Bar number", "selects the bar"]];
  const pointer = mouse.map(([keys, what]) => [el("dt", {}, keys), el("dd", {}, what)]);
  return el("details.roll-help", {}, el("summary.button.bare.small", { data: { hint: "What mouse and keys do in the roll" } }, "Keys"),
    el("div.roll-help-sheet", {}, el("dl", {}, ...pointer, ...rows)));
}
