// The strips of the mix: what plays a part, and the parts' places in the synthesiser.

export const STRIPS = ["drums", "bass", "chords", "melody", "other"];
export const TRACKS = 8; // of a strip that have a channel of their own; more share the last
// A strip's channels: of notes played by hand, of a loop's tracks, of the tracks of the next loop.
const SLOTS = 1 + 2 * TRACKS;
export const CHANNELS = STRIPS.length * SLOTS;

// Of notes played by hand, until a loop of the part says another.
const PROGRAMS = { drums: 0, bass: 33, chords: 4, melody: 0, other: 4 };
const BASSES = [32, 39]; // General MIDI's, from 0
const WORDS = {
  drums: ["drum", "percussion"],
  bass: ["bass"],
  chords: ["chord", "harmony", "comp", "pad", "keys"],
  melody: ["melody", "lead", "vocal"],
};

// The strip of a track {part, name, program, is_drum}: its part's, else by the rules of a render.
export function stripOf(track) {
  if (track.is_drum) return "drums";
  if (STRIPS.includes(track.part) && track.part !== "drums") return track.part;
  const name = (track.name || "").toLowerCase();
  for (const [strip, words] of Object.entries(WORDS))
    if (words.some((word) => name.includes(word))) return strip === "drums" ? "other" : strip;
  return track.program >= BASSES[0] && track.program <= BASSES[1] ? "bass" : "other";
}

// A channel's audio goes to the strip of this number.
export const stripNumber = (channel) => channel % STRIPS.length;

// The channel of a strip's track, by its number; loops that follow each other have two banks.
export function channelOf(strip, track, bank) {
  return STRIPS.indexOf(strip) + STRIPS.length * (1 + bank * TRACKS + Math.min(track, TRACKS - 1));
}

// The number of the track that a channel is of; hands play as the first.
export function trackNumber(channel) {
  return Math.max(0, Math.floor(channel / STRIPS.length) - 1) % TRACKS;
}

// The channel and program on which a part's notes are played by hand.
export function handOf(part) {
  const strip = STRIPS.includes(part) ? part : "other";
  return { channel: STRIPS.indexOf(strip), program: PROGRAMS[strip] };
}
