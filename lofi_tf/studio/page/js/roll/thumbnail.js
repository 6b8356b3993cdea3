// A clip in small, for the tray: where its notes lie, in its parts' colours.
import { drumOf, DRUMS } from "./rows.js";
import { colourOf, colours, sharp } from "./theme.js";

const DRUM_SHARE = 0.4; // of the height, where there are other parts too
const LEAST = 12; // keys shown at least, so that one note is no wall

/** Draws notes into a canvas of any size; `compact` leaves out the lines of bars. */
export function drawRoll(canvas, notes, { compact = false } = {}) {
  const theme = colours(canvas), { context, width, height } = sharp(canvas);
  const bands = bandsOf(notes, height);
  const across = width / Math.max(notes.beats, 1);
  if (!compact) drawBars(context, notes, { across, height, line: theme.line });
  for (const track of notes.tracks) {
    context.fillStyle = colourOf(track.is_drum ? "drums" : track.part, theme);
    const { top, step, rowOf } = bands[track.is_drum ? "drums" : "keys"];
    for (const [start, length, pitch, velocity] of track.notes) {
      context.globalAlpha = 0.35 + (0.65 * velocity) / 127;
      const long = track.is_drum ? Math.max(2, across * 0.2) : Math.max(2, across * length - 1);
      context.fillRect(start * across, top + step * rowOf(pitch), long, Math.max(1.5, step - 1));
    }
  }
  context.globalAlpha = 1;
}

function drawBars(context, notes, { across, height, line }) {
  context.fillStyle = line;
  for (let beat = notes.beats_per_bar; beat < notes.beats; beat += notes.beats_per_bar)
    context.fillRect(Math.round(beat * across), 0, 1, height);
}

/** Where drums and keys lie: {top, step, rowOf(pitch)} in pixels; drums lie below keys. */
export function bandsOf(notes, height) {
  const pitches = notes.tracks.filter((track) => !track.is_drum).flatMap((track) => track.notes.map((note) => note[2]));
  const hasDrums = notes.tracks.some((track) => track.is_drum);
  const split = !pitches.length ? 0 : hasDrums ? height * (1 - DRUM_SHARE) : height;
  const low = Math.min(...pitches), high = Math.max(...pitches, low + LEAST - 1);
  return {
    keys: { top: 0, step: split / (high - low + 1), rowOf: (pitch) => high - pitch },
    drums: { top: split, step: (height - split) / DRUMS.length, rowOf: (pitch) => DRUMS.length - 1 - drumOf(pitch) },
  };
}
