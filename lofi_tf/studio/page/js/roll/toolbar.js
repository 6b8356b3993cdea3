// The buttons over a roll.
import { el } from "../dom.js";
import { icon } from "../icons.js";
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
    small("Copy", "Copies what is selected (Ctrl + C)", press({ key: "c", ctrlKey: true })),
    small("Repeat", "Puts what is selected once more right behind it (Ctrl + D)", press({ key: "d", ctrlKey: true })),
    small("Quantize", "Puts what is selected exactly on the sixteenths (Q)", press({ key: "q" })),
    small("Remove", "Removes what is selected (Delete, or a right click on a note)", press({ key: "Delete" })),
  ];
  const paste = small("Paste", "Puts in at the cursor what was copied (Ctrl + V)", press({ key: "v", ctrlKey: true }));
  const snap = small("Snap", "New and moved notes keep to sixteenths. Hold Alt to place one freely", () => {
    roll.change({ isSnapping: !roll.state.isSnapping });
  });
  const tracks = trackButtons(roll);
  const edits = el("div.roll-group.roll-edits", { role: "group", "aria-label": "Edit notes" }, snap, needs[0], paste, ...needs.slice(1));
  const zoom = el("div.roll-group", { role: "group", "aria-label": "Zoom" },
    square("−", "Zoom out", "Shows more at once (Ctrl + wheel)", () => roll.zoom(1 / 1.5)),
    small("Fit", "See the whole clip", () => roll.fit()),
    square("+", "Zoom in", "Shows it larger (Ctrl + wheel)", () => roll.zoom(1.5)));
  const element = el("div.roll-bar", {}, el("div.roll-tools", { role: "toolbar", "aria-label": "Roll" }, tracks.element, edits, zoom), help());
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

/** Which track is in hand, where there are several: its rows are shown, new notes go there. */
function trackButtons(roll) {
  const element = el("div.roll-group", { role: "group", "aria-label": "Part in hand" });
  let shown = null;
  const show = ({ notes, only }) => {
    element.hidden = notes.tracks.length < 2;
    if (shown !== notes.tracks) {
      shown = notes.tracks;
      const all = el("button.button.bare.small", { type: "button", onclick: () => roll.take(null), data: { hint: "Shows all parts, keys above drums" } }, "All");
      element.replaceChildren(all, ...shown.map((one, index) => trackButton(roll, one, index)));
    }
    [...element.children].forEach((button, index) => button.setAttribute("aria-pressed", index - 1 === (only ?? -1)));
  };
  return { element, show };
}

function trackButton(roll, { name, part, is_drum: isDrum }, index) {
  const title = name || part, hint = `Shows the ${title} alone: new notes go there`;
  const onclick = () => roll.take(index);
  return el("button.button.bare.small", { type: "button", onclick, data: { part: isDrum ? "drums" : part, hint } }, el("span.dot"), title);
}

const POINTER = [
  ["Click", "puts a note in"],
  ["Drag", "moves a note, or frames several"],
  ["A note's end", "is dragged to make it longer"],
  ["Right click or long press", "takes a note out"],
  ["Alt", "while dragging: off the grid"],
  ["Bar number", "selects what is in the bar"],
];

/** The button that opens the list of what mouse and keys do. */
function help() {
  const rows = [...POINTER, ...HELP].flatMap(([keys, what]) => [el("dt", {}, keys), el("dd", {}, what)]);
  const close = el("button.button.bare.square", { type: "button", "aria-label": "Close", onclick: () => dialog.close() }, icon("close"));
  const dialog = el("dialog.dialog.roll-keys", { "aria-label": "Keys of the roll" },
    el("div.dialog-top", {}, el("h2", {}, "In the roll"), close), el("dl.keys", {}, rows));
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  const onclick = () => dialog.showModal();
  const open = el("button.button.bare.small", { type: "button", onclick, data: { hint: "What mouse and keys do in the roll" } }, "Keys");
  return el("div.roll-help", {}, open, dialog);
}
