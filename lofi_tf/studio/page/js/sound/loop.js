// Notes of a clip as a loop: what sounds when in a turn of it. No sound, no page: arithmetic.

import { channelOf, stripOf } from "./strips.js";

const SAME = 1e-9; // beats

// Returns notes {qpm, beats, beats_per_bar, tracks} as {qpm, beats, beatsPerBar, lead, programs,
// events, bank}. Events are sorted by `beat`, 0 to `beats`; those ahead of the loop's beginning stand at
// its end and are `early`: they belong to the turn that follows. `lead` is how far the first is
// ahead. `programs` are [channel, program] pairs, of channels of one of two banks.
export function loopOf(notes, bank = 0) {
  const beatsPerBar = notes.beats_per_bar > 0 ? notes.beats_per_bar : 4;
  const beats = notes.beats > 0 ? notes.beats : wholeBars(notes, beatsPerBar);
  const used = {}, programs = [], events = [];
  let lead = 0;
  for (const track of notes.tracks) {
    const strip = stripOf(track);
    const channel = channelOf(strip, used[strip] || 0, bank);
    used[strip] = (used[strip] || 0) + 1;
    programs.push([channel, track.program || 0]);
    for (const [start, length, pitch, velocity] of track.notes) {
      lead = Math.max(lead, -start);
      const sounds = { length, pitch, velocity: loud(velocity), channel, part: strip };
      events.push({ ...placed(start, beats), ...sounds });
    }
  }
  events.sort((one, other) => one.beat - other.beat || one.pitch - other.pitch);
  lead = Math.min(lead, beats);
  return { qpm: notes.qpm || 90, beats, beatsPerBar, lead, programs, events, bank };
}

// Where a note at a start, which may lie outside the loop, is heard in a turn.
function placed(start, beats) {
  const beat = start - Math.floor(start / beats + SAME) * beats;
  return { beat: Math.max(0, beat), early: start < 0 };
}

function loud(velocity) {
  return Math.min(127, Math.max(1, Math.round(velocity)));
}

function wholeBars(notes, beatsPerBar) {
  const ends = notes.tracks.flatMap((track) => track.notes.map(([start, length]) => start + length));
  return Math.max(1, Math.ceil(Math.max(0, ...ends) / beatsPerBar - SAME)) * beatsPerBar;
}

// The index of the first event at a beat of the turn or after it.
export function indexAt(events, beat) {
  const found = events.findIndex((event) => event.beat >= beat - SAME);
  return found < 0 ? events.length : found;
}
