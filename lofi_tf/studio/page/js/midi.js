// MIDI in and out, where the browser has it.
import { alarm } from "./actions.js";
import { el } from "./dom.js";
import { engine } from "./sound/engine.js";

/** The pane of MIDI: it asks the browser for devices only when the button is pressed. */
export function makeMidi() {
  const output = el("select.select", { id: "midi-out", disabled: true }, el("option", { value: "" }, "this page's sound"));
  output.addEventListener("change", () => engine.sendTo(output.value || null));
  const input = el("p.dim", {}, "Pads and keyboards are heard once MIDI is allowed.");
  const allow = el("button.button.small", { type: "button", onclick: ask, data: { hint: "The browser asks whether this page may use MIDI" } }, "Allow MIDI");

  async function ask() {
    try {
      const { outputs, inputs } = (await engine.connectMidi()) ?? { outputs: [], inputs: [] };
      const options = outputs.map((one) => el("option", { value: one.id }, one.name));
      output.replaceChildren(el("option", { value: "" }, "this page's sound"), ...options);
      output.disabled = outputs.length === 0;
      const names = inputs.map((one) => one.name).join(", ");
      input.textContent = names ? `Heard: ${names}` : "No pad or keyboard is there. Plug one in and press again.";
      allow.textContent = "Look again";
    } catch (error) {
      alarm(error);
    }
  }

  if (!("requestMIDIAccess" in navigator)) {
    allow.hidden = true;
    input.textContent = "This browser has no MIDI; Chrome and Edge have.";
  }
  return el(
    "div.pane.midi",
    { id: "midi", role: "group", "aria-label": "MIDI" },
    el("div.field", { data: { hint: "Where notes are sent instead of this page's own sound" } }, el("label.field-title", { for: "midi-out" }, "Play on"), output),
    input,
    allow,
  );
}
