// Fields of a tool, as the server describes them: sliders, choices, switches, text.
import { el } from "./dom.js";

let count = 0;

/** A field. Returns {element, value()}; tells(value) is called at each change. */
export function makeField(field, value, tells) {
  const id = `field-${++count}`;
  const hint = el("span.field-hint", { id: `${id}-hint` }, field.hint ?? "");
  const make = { number: slider, integer: slider, choice, switch: toggle, text }[field.type] ?? text;
  const { input, extra } = make(field, value, id, tells);
  input.id = id;
  if (field.hint) input.setAttribute("aria-describedby", hint.id);
  const title = el("label.field-title", { for: id }, field.title);
  const element = el("div.field", { data: { type: field.type, hint: field.hint ?? "", field: field.name } });
  if (field.type === "switch") element.append(el("div.field-line", {}, title, input), hint);
  else element.append(el("div.field-line", {}, title, extra ?? ""), input, hint);
  return element;
}

function isBounded(field) {
  return Number.isFinite(field.least) && Number.isFinite(field.most);
}

function slider(field, value, id, tells) {
  if (!isBounded(field)) return number(field, value, id, tells);
  const isWhole = field.type === "integer";
  const step = field.step ?? (isWhole ? 1 : (field.most - field.least) / 100);
  const start = value ?? field.default;
  const input = el("input", { type: "range", min: field.least, max: field.most, step });
  input.value = start ?? field.least;
  const isUnset = start === null || start === undefined;
  const extra = el("output.field-value", { for: id });
  const show = (isAuto) => {
    const share = (input.value - field.least) / (field.most - field.least || 1);
    input.style.setProperty("--filled", `${share * 100}%`);
    extra.textContent = isAuto ? "auto" : shortNumber(Number(input.value));
    if (isAuto) input.setAttribute("aria-valuetext", "automatic");
    else input.removeAttribute("aria-valuetext");
  };
  input.addEventListener("input", () => {
    show(false);
    tells(Number(input.value));
  });
  input.addEventListener("dblclick", () => {
    input.value = field.default ?? field.least;
    show(isUnset);
    tells(field.default ?? null);
  });
  show(isUnset);
  return { input, extra };
}

const shortNumber = (value) => (Number.isInteger(value) ? `${value}` : value.toFixed(2).replace(/0$/, ""));

function number(field, value, id, tells) {
  const input = el("input.field-box", { type: "number", step: field.step ?? "any" });
  if (Number.isFinite(field.least)) input.min = field.least;
  if (Number.isFinite(field.most)) input.max = field.most;
  input.value = value ?? field.default ?? "";
  input.placeholder = "auto";
  input.addEventListener("change", () => tells(input.value === "" ? null : Number(input.value)));
  return { input };
}

function choice(field, value, id, tells) {
  const input = el("select.select");
  const choices = field.choices ?? [];
  input.append(...choices.map((one, k) => el("option", { value: `${k}` }, one.title)));
  const at = choices.findIndex((one) => one.value === (value ?? field.default));
  input.value = `${Math.max(0, at)}`;
  input.addEventListener("change", () => tells(choices[input.value].value));
  return { input };
}

function toggle(field, value, id, tells) {
  const input = el("input.switch", { type: "checkbox", role: "switch" });
  input.checked = Boolean(value ?? field.default);
  input.addEventListener("change", () => tells(input.checked));
  return { input };
}

function text(field, value, id, tells) {
  const input = el("input.field-box", { type: "text", spellcheck: false, autocomplete: "off" });
  input.value = value ?? field.default ?? "";
  if (field.placeholder) input.placeholder = field.placeholder;
  input.addEventListener("input", () => tells(input.value.trim() === "" ? null : input.value));
  return { input };
}
