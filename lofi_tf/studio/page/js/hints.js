// One line that says what is under the pointer or in focus, and the list of all keys.
import { el } from "./dom.js";
import { icon } from "./icons.js";

const KEYS = [
  ["Space", "Play or stop"],
  ["Enter", "Play the clip in focus"],
  ["← → ↑ ↓", "Go among the clips; with Shift, choose several"],
  ["S", "Star the clip"],
  ["V", "More like this one"],
  ["F2", "Rename the clip"],
  ["Delete", "Delete the clip"],
  ["Ctrl Z", "Undo"],
  ["Ctrl Shift Z", "Redo"],
  ["Ctrl Enter", "Press the tool's button"],
  ["T", "Go to the tools; arrows go among them"],
  ["C", "Go to the clips"],
  ["M", "Metronome on or off"],
  ["Esc", "Close what is open"],
  ["?", "This list"],
];
const RESTING = "Point at anything, or go to it with Tab: this line says what it does.";

export function mountHints(element) {
  element.textContent = RESTING;
  const show = (event) => {
    const about = event.target.closest?.("[data-hint]");
    element.textContent = about?.dataset.hint || RESTING;
  };
  addEventListener("pointerover", show, { passive: true });
  addEventListener("focusin", show);
}

/** The list of keys, in a dialog. Returns what opens it. */
export function makeKeyList() {
  const rows = KEYS.flatMap(([keys, what]) => [
    el("dt", {}, keys.split(" ").map((key) => el("kbd", {}, key))),
    el("dd", {}, what),
  ]);
  const close = el("button.button.bare.square", { type: "button", "aria-label": "Close", onclick: () => dialog.close() }, icon("close"));
  const dialog = el(
    "dialog.dialog",
    { "aria-labelledby": "keys-title" },
    el("div.dialog-top", {}, el("h2", { id: "keys-title" }, "Keys"), close),
    el("dl.keys", {}, rows),
  );
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  return () => dialog.open || dialog.showModal();
}
