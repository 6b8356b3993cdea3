// Fields of a tool, as the server describes them: sliders, choices, switches, text.
import { el } from "./dom.js";
import { PART_TITLES, PARTS } from "./names.js";

let count = 0;

/** A field's element; tells(value) is called at each change, null where it is left open. */
export function makeField(field, value, tells) {
  const id = `field-${++count}`;
  const hint = el("span.field-hint", { id: `${id}-hint` }, field.hint ?? "");
  const make = { number: slider, integer: slider, choice, switch: toggle, parts, text }[field.type] ?? text;
  const { input, extra } = make(field, value, id, tells);
  input.id = id;
  if (field.hint) input.setAttribute("aria-describedby", hint.id);
  const title = field.type === "parts" ? el("span.field-title", {}, field.title) : el("label.field-title", { for: id }, field.title);
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
  const input = el("input", { type: "range", min: field.least, max: field.most, step });
  const output = el("output.field-value", { for: id });
  const isOpen = field.default === null || field.default === undefined;
  const back = el("button.button.bare.small.field-back", { type: "button", "aria-label": `${field.title}: leave it to the model` }, "auto");
  back.dataset.hint = "Leaves it to the model";
  const show = (set) => {
    const isSet = set !== null && set !== undefined;
    input.value = isSet ? set : (field.least + field.most) / 2;
    const share = (input.value - field.least) / (field.most - field.least || 1);
    input.style.setProperty("--filled", `${isSet ? share * 100 : 0}%`);
    input.classList.toggle("is-open", !isSet);
    output.textContent = isSet ? shortNumber(Number(input.value)) : "auto";
    back.hidden = !isOpen || !isSet;
    if (isSet) input.removeAttribute("aria-valuetext");
    else input.setAttribute("aria-valuetext", "auto: the model chooses");
  };
  const set = (chosen) => (show(chosen), tells(chosen));
  input.addEventListener("input", () => set(Number(input.value)));
  input.addEventListener("dblclick", () => set(field.default ?? null));
  back.addEventListener("click", () => (set(null), input.focus()));
  show(value ?? field.default);
  return { input, extra: el("span", {}, back, output) };
}

const shortNumber = (value) => (Number.isInteger(value) ? `${value}` : value.toFixed(2).replace(/0$/, ""));

function number(field, value, id, tells) {
  const input = el("input.field-box", { type: "number", step: field.step ?? "any" });
  if (Number.isFinite(field.least)) input.min = field.least;
  if (Number.isFinite(field.most)) input.max = field.most;
  input.value = value ?? field.default ?? "";
  input.placeholder = field.placeholder ?? "auto";
  input.addEventListener("change", () => tells(input.value === "" ? null : Number(input.value)));
  return { input };
}

function choice(field, value, id, tells) {
  const input = el("select.select");
  const given = field.choices ?? [];
  const isOpen = field.default === null || field.default === undefined;
  const choices = isOpen && given.every((one) => one.value !== null) ? [{ value: null, title: "Any" }, ...given] : given;
  input.append(...choices.map((one, k) => el("option", { value: `${k}` }, one.title)));
  const at = choices.findIndex((one) => one.value === (value ?? field.default ?? null));
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

/** Parts to choose among, as a text such as "drums,bass". */
function parts(field, value, id, tells) {
  const chosen = new Set((value ?? "").split(",").filter(Boolean));
  const input = el("div.part-choices", { role: "group", "aria-label": field.title });
  for (const part of PARTS) {
    const button = el("button.button.small.chip", { type: "button", data: { part }, "aria-pressed": chosen.has(part) }, el("span.dot"), PART_TITLES[part]);
    button.addEventListener("click", () => {
      if (!chosen.delete(part)) chosen.add(part);
      button.setAttribute("aria-pressed", chosen.has(part));
      tells(chosen.size ? [...chosen].join() : null);
    });
    input.append(button);
  }
  return { input };
}

function text(field, value, id, tells) {
  const input = el("input.field-box", { type: "text", spellcheck: false, autocomplete: "off" });
  input.value = value ?? field.default ?? "";
  input.placeholder = "auto";
  input.addEventListener("input", () => tells(input.value.trim() === "" ? null : input.value));
  return { input };
}
