// The page's own words for tools and parts; fields and their hints come from the server.

export const PARTS = ["drums", "bass", "chords", "melody"];

export const PART_TITLES = {
  drums: "Drums",
  bass: "Bass",
  chords: "Chords",
  melody: "Melody",
  song: "Track",
  sound: "Sound",
};

/** Tools in the rail's order. part colours it; verb stands on its button; view is opened on the
 * stage; next is what it is called beside a clip. */
export const TOOLS = [
  { name: "generate", title: "Beats", icon: "beats", part: "drums", group: "Make", verb: "Make beats" },
  { name: "chords", title: "Chords", icon: "chords", part: "chords", group: "Make", verb: "Make chords" },
  { name: "bass", title: "Bass", icon: "bass", part: "bass", group: "Make", verb: "Make bass lines" },
  { name: "melody", title: "Melody", icon: "melody", part: "melody", group: "Make", verb: "Make melodies" },
  { name: "compose", title: "Track", icon: "track", part: "song", group: "Make", verb: "Make a track", next: "Change its parts" },
  { name: "drumify", title: "Drumify", icon: "drumify", part: "drums", group: "Make", verb: "Make a beat of it", view: "drumify" },
  { name: "continue", title: "Continue", icon: "continue", group: "Change", verb: "Go on from here" },
  { name: "vary", title: "Vary", icon: "vary", group: "Change", verb: "More like this" },
  { name: "interpolate", title: "Interpolate", icon: "interpolate", group: "Change", verb: "Walk from one to the other" },
  { name: "humanize", title: "Humanize", icon: "humanize", group: "Change", verb: "Play it by hand" },
  { name: "infill", title: "Infill", icon: "infill", group: "Change", verb: "Draw them anew", view: "infill" },
  { name: "add_hihats", title: "Hi-hats", icon: "hihats", group: "Change", verb: "Add hi-hats" },
  { name: "transfer", title: "Transfer", icon: "transfer", group: "Change", verb: "Move the feel over" },
  { name: "map", title: "Map", icon: "map", group: "Explore", view: "map" },
  { name: "continue_sound", title: "Sound", icon: "sound", part: "sound", group: "Explore", verb: "Go on with the sound", next: "Go on with it" },
  { name: "transcribe", title: "Transcribe", icon: "transcribe", part: "sound", group: "Explore", verb: "Write down its notes" },
];

/** What can be done next with a clip, by its part; the names of tools. */
export const FITTING = {
  drums: ["vary", "humanize", "continue", "infill", "add_hihats", "interpolate", "transfer"],
  bass: ["vary", "continue", "interpolate"],
  chords: ["bass", "melody", "vary", "continue", "interpolate"],
  melody: ["vary", "continue", "infill", "interpolate"],
  song: ["compose", "vary", "humanize"],
  sound: ["continue_sound", "transcribe"],
};

export const looksOf = (name) =>
  TOOLS.find((tool) => tool.name === name) ?? { name, title: name, icon: "wave", group: "Explore", verb: "Make" };

/** Notes of the octave, as keys are spelled. */
export const NOTES = ["C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B"];
const LOOPS = { // semitones above the key's note, and what kind of chord
  minor: [[0, "m7"], [8, "maj7"], [3, "maj7"], [10, "7"]],
  major: [[0, "maj7"], [9, "m7"], [5, "maj7"], [7, "7"]],
};

/** Four chords in a key such as "Am"; in A minor where there is none. */
export function progressionIn(key) {
  const isMinor = !key || key.endsWith("m");
  const root = Math.max(0, NOTES.indexOf((key ?? "Am").replace(/m$/, "")));
  const loop = isMinor ? LOOPS.minor : LOOPS.major;
  return loop.map(([above, kind]) => NOTES[(root + above) % 12] + kind).join(" ");
}

export function lengthOf(clip) {
  if (clip.kind === "sound") return `${(clip.seconds ?? 0).toFixed(1)} s`;
  return clip.bars === 1 ? "1 bar" : `${clip.bars} bars`;
}
