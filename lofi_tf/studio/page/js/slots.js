// Which clips a tool takes: they follow what is chosen in the tray until set by hand.
import { el } from "./dom.js";
import { store } from "./store.js";
import { sentence } from "./tools.js";

const MANY = 8; // a tool that takes any number is given at most that many

/** Slots of a tool. Returns {element, show(), inputs(), missing()}. */
export function makeSlots(tool, tells) {
  const { least, most, kinds = ["notes"], parts = null, names = null } = tool.inputs;
  const number = Math.min(most ?? MANY, MANY);
  const byHand = new Array(number).fill(undefined);
  if (number && store.state.given) byHand[number - 1] = store.state.given;
  const isLine = tool.fields.some((field) => field.name === "chords");
  const element = el("div.slots");
  const selects = Array.from({ length: number }, (_, k) => makeSlot(k));

  const fits = (clip) => kinds.includes(clip.kind) && (!parts?.length || parts.includes(clip.part));

  function titleOf(k) {
    if (names?.[k]) return sentence(names[k]);
    if (number === 1) return "Clip";
    return number === 2 ? ["From", "To"][k] : `Clip ${k + 1}`;
  }

  function makeSlot(k) {
    const id = `slot-${k}`;
    const select = el("select.select", { id });
    select.addEventListener("change", () => {
      byHand[k] = select.value || null;
      tells();
    });
    const dot = el("span.dot");
    const hint = "A clip of the tray. Choose it there (Shift adds a second), or here.";
    element.append(
      el("div.field.slot", { data: { hint } }, el("label.field-title", { for: id }, titleOf(k)), el("div.slot-line", {}, dot, select)),
    );
    return { select, dot };
  }

  function chosen() {
    // what may be left out is filled by itself only for lines over a clip's chords
    const isAsked = (clip) => least > 0 || (isLine && clip.chords?.length);
    const there = store.state.selection.map(store.clip).filter((clip) => clip && fits(clip) && isAsked(clip));
    const auto = number === 1 ? there.slice(-1) : there.slice(-number);
    return selects.map((_, k) => {
      const id = byHand[k] === undefined ? auto[k]?.id : byHand[k];
      return store.clip(id) && fits(store.clip(id)) ? id : null;
    });
  }

  function show() {
    const clips = [...store.clips()].reverse().filter(fits);
    const ids = chosen();
    selects.forEach(({ select, dot }, k) => {
      const none = el("option", { value: "" }, least > k ? "choose a clip" : "none");
      select.replaceChildren(none, ...clips.map((clip) => el("option", { value: clip.id }, clip.name)));
      select.value = ids[k] ?? "";
      dot.dataset.part = store.clip(ids[k])?.part ?? "";
    });
  }

  function missing() {
    const lacking = least - chosen().slice(0, least).filter(Boolean).length;
    if (lacking <= 0) return null;
    if (least === 1) return kinds.includes("sound") && !kinds.includes("notes") ? "Add a recording first, and choose it." : "Choose a clip first.";
    return lacking === least ? `Choose ${least} clips: click one, then Shift-click another.` : "Choose one clip more: Shift-click it.";
  }

  show();
  return { element, show, missing, inputs: () => chosen().filter(Boolean) };
}
