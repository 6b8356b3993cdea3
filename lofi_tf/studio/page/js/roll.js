// What other rooms use of rolls.
export { drawRoll } from "./roll/thumbnail.js";
