// Keys that work everywhere on the page.
import { moreLike, redo, remove, star, undo } from "./actions.js";
import { isTyping } from "./dom.js";
import { player } from "./player.js";
import { store } from "./store.js";

const focusOn = (selector) => document.querySelector(selector)?.focus();

function withControl(event, { press }) {
  const key = event.key.toLowerCase();
  if (key === "enter") return press;
  if (isTyping(event.target)) return null;
  if (key === "z") return () => (event.shiftKey ? redo() : undo());
  return key === "y" ? () => redo() : null;
}

/** Keys of one letter belong to the clips: they are taken unless a view or a field wants them. */
function plain(event, { showKeys }) {
  const clip = store.focused();
  const target = event.target instanceof Element ? event.target : document.body;
  const isFace = target.matches(".card-face");
  const isFree = isFace || target === document.body || target.matches("main, section, .rail-tool");
  switch (event.key) {
    case " ":
      return target.matches("button:not(.card-face):not(.rail-tool), summary, select, input") ? null : () => player.toggle();
    case "?":
      return showKeys;
    case "Enter":
      return isFace ? () => player.toggle(clip) : null;
    case "F2":
      return clip && (() => focusOn(`.card[data-id="${clip.id}"] .card-name`));
    case "Delete":
    case "Backspace":
      return clip && isFree ? () => remove(...store.state.selection.map(store.clip)) : null;
  }
  if (!isFree) return null;
  switch (event.key.toLowerCase()) {
    case "s":
      return clip && (() => star(clip));
    case "v":
      return clip && (() => moreLike(clip));
    case "m":
      return () => document.getElementById("metronome").click();
    case "t":
      return () => focusOn('.rail-tool[aria-current="true"], .rail-tool');
    case "c":
      return () => focusOn('.card-face[tabindex="0"], .card-face');
    default:
      return null;
  }
}

/** Listens to keys. doing has press() (the tool's button) and showKeys(). */
export function mountKeys(doing) {
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.altKey || document.querySelector("dialog[open]")) return;
    const isControl = event.ctrlKey || event.metaKey;
    if (!isControl && isTyping(event.target)) return;
    const run = isControl ? withControl(event, doing) : plain(event, doing);
    if (!run) return;
    event.preventDefault();
    if (!event.repeat || isControl) run();
  });
}
