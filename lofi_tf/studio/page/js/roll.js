// What other rooms use of rolls.
export { mountRoll } from "./roll/editor.js";
export { drawRoll } from "./roll/thumbnail.js";
export { onTheme } from "./roll/theme.js";
