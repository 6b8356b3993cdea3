// Colours of a canvas: the page's CSS variables, read where the canvas lies.

const PARTS = new Set(["drums", "bass", "chords", "melody", "sound"]);
const NAMES = [
  "bg", "surface-1", "surface-2", "surface-3", "text", "text-dim", "line", "line-strong",
  "accent", "accent-text", "focus", ...PARTS, "song",
];

/** The colours by their names, as an element sees them; a piano's "white" and "black", "font", "rem" (pixels). */
export function colours(element) {
  const style = getComputedStyle(element);
  const found = Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
  const [white, black] = document.documentElement.dataset.theme === "dark" ? ["text-dim", "bg"] : ["surface-1", "text-dim"];
  return { ...found, white: found[white], black: found[black], font: style.fontFamily, rem };
}

/** The colour of a part among `colours`. */
export function colourOf(part, theme) {
  return theme[PARTS.has(part) ? part : "accent"];
}

/** Calls f whenever the page turns light or dark; returns what ends it. */
export function onTheme(f) {
  const chosen = new MutationObserver(f);
  chosen.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  return () => chosen.disconnect();
}

/** Makes a canvas as sharp as the screen; returns its context in CSS pixels and its size. */
export function sharp(canvas, width = canvas.clientWidth, height = canvas.clientHeight) {
  const ratio = globalThis.devicePixelRatio || 1;
  const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== across || canvas.height !== down) Object.assign(canvas, { width: across, height: down });
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}
